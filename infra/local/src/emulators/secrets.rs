//! The twin of Secrets Manager: one secret, the document of settings.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};

use super::request_id;
use crate::proxy::{Upstream, shapes};

/// An error's name and its message.
type Refusal = (&'static str, &'static str);

/// The name of the one secret.
pub(crate) const SECRET_ID: &str = "latchkey-local";

/// Secrets Manager with one secret, versions of it as long as the process lives.
pub(crate) struct Secrets(Mutex<Versions>);

struct Versions {
    current: (String, String),
    previous: Option<(String, String)>,
}

impl Secrets {
    /// Holds this document.
    pub(crate) fn new(document: String) -> Self {
        Self(Mutex::new(Versions {
            current: (request_id(), document),
            previous: None,
        }))
    }
}

impl Upstream for Secrets {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let target = request
            .headers()
            .get("x-amz-target")
            .and_then(|target| target.to_str().ok())
            .and_then(|target| target.strip_prefix("secretsmanager."));
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let named = body["SecretId"]
            .as_str()
            .is_some_and(|id| id == SECRET_ID || id == arn());
        if !named {
            return Ok(shapes::amz_json(
                400,
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret.",
            ));
        }
        let answer = match target {
            Some("GetSecretValue") => self.get(&body),
            Some("PutSecretValue" | "UpdateSecret") => self.put(&body),
            Some("DescribeSecret") => Ok(self.describe()),
            _ => Err((
                "UnknownOperationException",
                "This twin takes GetSecretValue, PutSecretValue, UpdateSecret and DescribeSecret.",
            )),
        };
        Ok(answer.map_or_else(
            |(kind, message)| shapes::amz_json(400, kind, message),
            |answer| shapes::respond(200, "application/x-amz-json-1.1", answer.to_string()),
        ))
    }
}

impl Secrets {
    fn get(&self, body: &Value) -> Result<Value, Refusal> {
        let versions = self.versions();
        let stage = body["VersionStage"].as_str().unwrap_or("AWSCURRENT");
        let version = match stage {
            "AWSCURRENT" => Some(&versions.current),
            "AWSPREVIOUS" => versions.previous.as_ref(),
            _ => None,
        };
        let version =
            version.filter(|(id, _)| body["VersionId"].as_str().is_none_or(|wanted| wanted == id));
        let Some((id, document)) = version else {
            return Err((
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret value for this version.",
            ));
        };
        Ok(json!({
            "ARN": arn(), "Name": SECRET_ID, "VersionId": id, "SecretString": document,
            "VersionStages": [stage], "CreatedDate": SystemClock.now().as_second(),
        }))
    }

    fn put(&self, body: &Value) -> Result<Value, Refusal> {
        let Some(document) = body["SecretString"].as_str() else {
            return Err((
                "InvalidParameterException",
                "You must provide SecretString.",
            ));
        };
        let mut versions = self.versions();
        let id = request_id();
        let old = std::mem::replace(&mut versions.current, (id.clone(), document.to_owned()));
        versions.previous = Some(old);
        Ok(
            json!({ "ARN": arn(), "Name": SECRET_ID, "VersionId": id, "VersionStages": ["AWSCURRENT"] }),
        )
    }

    fn describe(&self) -> Value {
        let versions = self.versions();
        let mut stages = json!({});
        stages[&versions.current.0] = json!(["AWSCURRENT"]);
        if let Some((id, _)) = &versions.previous {
            stages[id] = json!(["AWSPREVIOUS"]);
        }
        json!({ "ARN": arn(), "Name": SECRET_ID, "VersionIdsToStages": stages })
    }

    fn versions(&self) -> std::sync::MutexGuard<'_, Versions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn arn() -> String {
    format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{SECRET_ID}-local0")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn call(secrets: &Secrets, operation: &str, body: Value) -> (u16, Value) {
        let request = Request::builder()
            .header("x-amz-target", format!("secretsmanager.{operation}"))
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let answer = secrets.answer(request).await.unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_slice(answer.body()).unwrap(),
        )
    }

    #[tokio::test]
    async fn a_put_secret_is_the_current_one_and_the_old_one_the_previous() {
        let secrets = Secrets::new("one".to_owned());
        let id = json!({ "SecretId": SECRET_ID });
        assert_eq!(
            call(&secrets, "GetSecretValue", id.clone()).await.1["SecretString"],
            "one"
        );
        let put = json!({ "SecretId": arn(), "SecretString": "two" });
        assert_eq!(call(&secrets, "PutSecretValue", put).await.0, 200);
        assert_eq!(
            call(&secrets, "GetSecretValue", id).await.1["SecretString"],
            "two"
        );
        let previous = json!({ "SecretId": SECRET_ID, "VersionStage": "AWSPREVIOUS" });
        assert_eq!(
            call(&secrets, "GetSecretValue", previous).await.1["SecretString"],
            "one"
        );
    }

    #[tokio::test]
    async fn another_secret_is_not_found() {
        let secrets = Secrets::new("one".to_owned());
        let (status, answer) = call(&secrets, "GetSecretValue", json!({ "SecretId": "x" })).await;
        assert_eq!(status, 400);
        assert_eq!(answer["__type"], "ResourceNotFoundException");
    }
}
