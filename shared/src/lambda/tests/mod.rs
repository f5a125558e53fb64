//! A function as a black box: v2 events in, answers out (THREATS section 11).

mod answers;
mod anything;
mod log;
mod reading;
mod routing;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use lambda_runtime::Context;
use serde_json::{Value, json};

use super::Entry;
use crate::clock::SystemClock;
use crate::cloud::Setup;
use crate::config::{Edge, Public, SecretDocument, Variables};
use crate::domain::InvalidValue;
use crate::http::{self, Caller, JsonBody, Listing, Page};
use crate::{Error, telemetry};

/// A guard that lets nobody in, as the real one stands before the body.
struct Nobody;

impl<S: Sync> FromRequestParts<S> for Nobody {
    type Rejection = Error;
    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Error> {
        Err(Error::Unauthenticated)
    }
}

async fn greet(caller: Caller, body: JsonBody) -> Result<axum::Json<Value>, Error> {
    telemetry::subject(&[0xab; 32]);
    telemetry::note("channel", "email");
    let mut fields = body.fields();
    fields.read_only(&["id"]);
    let name = fields.required("name", |text| match text {
        "" => Err(InvalidValue::new("too_short", "Expected a name.")),
        _ => Ok(text.to_owned()),
    });
    let name = fields.finish(|| name)?;
    Ok(axum::Json(
        json!({"hello": name, "from": caller.subject, "ip": caller.ip}),
    ))
}

async fn fail(axum::extract::Path(how): axum::extract::Path<String>) -> Result<Response, Error> {
    Err(match how.as_str() {
        "limited" => {
            let headers = [("ratelimit", "\"ip\";r=0;t=17")];
            return Ok((headers, Error::RateLimited { retry_after: 17 }).into_response());
        }
        "limit" => Error::RateLimited { retry_after: 17 },
        "store" => Error::Unavailable("table Accounts-prod throttled".into()),
        "bug" => Error::Internal("jane@example.com had no version".into()),
        "panic" => panic!("jane@example.com"),
        _ => Error::OtpInvalid,
    })
}

fn entry() -> Entry {
    let public = Public {
        url: "https://auth.example.com".into(),
        service_name: "Latchkey".into(),
        service_domain: "example.com".into(),
        cors_origins: vec!["https://app.example.com".into()],
        has_pages: true,
        edge: Edge::Off,
    };
    let router = Router::new()
        .route("/api/greet/", post(greet))
        .route(
            "/api/list/",
            get(async |page: Page| Listing {
                results: vec![page.limit],
                next: None,
            }),
        )
        .route("/api/guarded/", post(async |_: Nobody, _: JsonBody| ()))
        .route("/api/fail/{how}/", get(fail))
        .route("/.well-known/jwks.json", get(async || "{}"))
        .fallback(async || Error::NotFound);
    let setup = Setup {
        variables: Variables::default(),
        secrets: SecretDocument::default(),
        clock: Arc::new(SystemClock),
        sdk: aws_config::SdkConfig::builder().build(),
    };
    Entry::http(http::layer(router, &public, &setup))
}

fn event(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "auth.example.com"},
        "requestContext": {
            "accountId": "1", "apiId": "x", "domainName": "auth.example.com", "stage": "$default",
            "requestId": "Req-1=", "timeEpoch": 1, "time": "now",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "test"},
        },
        "isBase64Encoded": false,
    })
}

fn greeting(body: &str) -> Value {
    let mut event = event("POST", "/api/greet/");
    event["body"] = body.into();
    event
}

struct Answer(Value);

impl Answer {
    fn status(&self) -> u64 {
        self.0["statusCode"].as_u64().unwrap()
    }
    fn header(&self, name: &str) -> &str {
        self.0["headers"][name].as_str().unwrap_or("")
    }
    fn text(&self) -> &str {
        self.0["body"].as_str().unwrap_or("")
    }
    fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }
    fn outcome(&self) -> String {
        format!(
            "{} {}",
            self.status(),
            self.json()["code"].as_str().unwrap_or("ok")
        )
    }
}

async fn send_to(entry: &Entry, event: &Value) -> Answer {
    let raw = serde_json::value::to_raw_value(event).unwrap();
    Answer(entry.handle(&raw, Context::default()).await.unwrap())
}

async fn send(event: &Value) -> Answer {
    send_to(&entry(), event).await
}
