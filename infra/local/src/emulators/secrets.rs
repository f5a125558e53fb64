//! The emulator of Secrets Manager: one secret, the document of settings.

use std::collections::BTreeMap;
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

/// Every version with its document, and which version each label is on.
struct Versions {
    documents: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

impl Versions {
    /// The version before keeps the label for it, as at AWS.
    fn promote(&mut self, id: String) {
        if let Some(old) = self.labels.insert(CURRENT.to_owned(), id.clone())
            && old != id
        {
            self.labels.insert(PREVIOUS.to_owned(), old);
        }
    }

    /// The version that a request names, by its id, its label or both; the current one where it names none.
    fn find(&self, body: &Value) -> Option<(&String, &String)> {
        let stage = body["VersionStage"].as_str();
        let labelled = || {
            self.labels
                .get(stage.unwrap_or(CURRENT))
                .map(String::as_str)
        };
        let id = body["VersionId"].as_str().or_else(labelled)?;
        let fits = stage.is_none_or(|stage| self.labels_of(id).contains(&stage));
        self.documents.get_key_value(id).filter(|_| fits)
    }

    fn labels_of(&self, id: &str) -> Vec<&str> {
        let on = self.labels.iter().filter(|(_, on)| *on == id);
        on.map(|(label, _)| label.as_str()).collect()
    }
}

impl Secrets {
    /// Holds this document.
    pub(crate) fn new(document: String) -> Self {
        let id = request_id();
        Self(Mutex::new(Versions {
            labels: BTreeMap::from([(CURRENT.to_owned(), id.clone())]),
            documents: BTreeMap::from([(id, document)]),
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
            Some("UpdateSecretVersionStage") => self.move_label(&body),
            Some("DescribeSecret") => Ok(self.describe()),
            _ => Err((
                "UnknownOperationException",
                "This twin takes GetSecretValue, PutSecretValue, UpdateSecret, UpdateSecretVersionStage and DescribeSecret.",
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
        let Some((id, document)) = versions.find(body) else {
            return Err((
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret value for this version.",
            ));
        };
        Ok(json!({
            "ARN": arn(), "Name": SECRET_ID, "VersionId": id, "SecretString": document,
            "VersionStages": versions.labels_of(id), "CreatedDate": SystemClock.now().as_second(),
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
        let id = body["ClientRequestToken"]
            .as_str()
            .map_or_else(request_id, str::to_owned);
        match versions.documents.get(&id) {
            Some(there) if there != document => {
                return Err((
                    "ResourceExistsException",
                    "You can't modify an existing version, you can only create a new one.",
                ));
            }
            _ => versions.documents.insert(id.clone(), document.to_owned()),
        };
        match body["VersionStages"].as_array() {
            None => versions.promote(id.clone()),
            Some(labels) => {
                for label in labels.iter().filter_map(Value::as_str) {
                    versions.labels.insert(label.to_owned(), id.clone());
                }
            }
        }
        let labels = versions.labels_of(&id);
        Ok(json!({ "ARN": arn(), "Name": SECRET_ID, "VersionId": id, "VersionStages": labels }))
    }

    /// A label that is on a version leaves it only where the caller names that version.
    fn move_label(&self, body: &Value) -> Result<Value, Refusal> {
        let mut versions = self.versions();
        let label = body["VersionStage"].as_str().unwrap_or_default();
        let (from, to) = (
            body["RemoveFromVersionId"].as_str(),
            body["MoveToVersionId"].as_str(),
        );
        if versions.labels.get(label).map(String::as_str) != from {
            return Err((
                "InvalidParameterException",
                "The staging label is attached to another version than RemoveFromVersionId names.",
            ));
        }
        match to {
            Some(to) if !versions.documents.contains_key(to) => {
                return Err((
                    "ResourceNotFoundException",
                    "Secrets Manager can't find the specified secret version.",
                ));
            }
            Some(to) if label == CURRENT => versions.promote(to.to_owned()),
            Some(to) => {
                versions.labels.insert(label.to_owned(), to.to_owned());
            }
            None => {
                versions.labels.remove(label);
            }
        }
        Ok(json!({ "ARN": arn(), "Name": SECRET_ID }))
    }

    fn describe(&self) -> Value {
        let versions = self.versions();
        let labelled = versions.labels.values();
        let stages: serde_json::Map<_, _> = labelled
            .map(|id| (id.clone(), json!(versions.labels_of(id))))
            .collect();
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

    /// The document that a label is on.
    async fn document(secrets: &Secrets, label: &str) -> Value {
        let get = json!({ "SecretId": SECRET_ID, "VersionStage": label });
        call(secrets, "GetSecretValue", get).await.1["SecretString"].take()
    }

    #[tokio::test]
    async fn a_put_secret_is_the_current_one_and_the_old_one_the_previous() {
        let secrets = Secrets::new("one".to_owned());
        assert_eq!(document(&secrets, CURRENT).await, "one");
        let put = json!({ "SecretId": arn(), "SecretString": "two" });
        assert_eq!(call(&secrets, "PutSecretValue", put).await.0, 200);
        assert_eq!(document(&secrets, CURRENT).await, "two");
        assert_eq!(document(&secrets, PREVIOUS).await, "one");
    }

    #[tokio::test]
    async fn a_label_leaves_only_the_version_that_is_named() {
        let secrets = Secrets::new("one".to_owned());
        let id = json!({ "SecretId": SECRET_ID });
        let (_, first) = call(&secrets, "GetSecretValue", id).await;
        let put = json!({
            "SecretId": SECRET_ID, "SecretString": "two", "VersionStages": ["PENDING"], "ClientRequestToken": "second",
        });
        assert_eq!(call(&secrets, "PutSecretValue", put).await.0, 200);
        assert_eq!(document(&secrets, CURRENT).await, "one");
        let mut order = json!({
            "SecretId": SECRET_ID, "VersionStage": "AWSCURRENT", "MoveToVersionId": "second",
            "RemoveFromVersionId": "another",
        });
        let (status, refusal) = call(&secrets, "UpdateSecretVersionStage", order.clone()).await;
        assert_eq!(
            (status, &refusal["__type"]),
            (400, &json!("InvalidParameterException"))
        );
        order["RemoveFromVersionId"] = first["VersionId"].clone();
        assert_eq!(
            call(&secrets, "UpdateSecretVersionStage", order).await.0,
            200
        );
        assert_eq!(document(&secrets, CURRENT).await, "two");
        assert_eq!(document(&secrets, PREVIOUS).await, "one");
        let again =
            json!({ "SecretId": SECRET_ID, "SecretString": "3", "ClientRequestToken": "second" });
        assert_eq!(
            call(&secrets, "PutSecretValue", again).await.1["__type"],
            "ResourceExistsException"
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
