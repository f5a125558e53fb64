//! The local cloud, over HTTP.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Why the simulation ends before its time.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self(format!(
            "the local cloud does not answer ({error}); start one with `cargo run -- --memory`, and give its --url"
        ))
    }
}

/// The way to a local cloud.
pub(crate) struct LocalCloud {
    client: Client,
    url: String,
}

impl LocalCloud {
    #[expect(
        clippy::disallowed_methods,
        reason = "a browser's place is taken here: it waits longer than the service does"
    )]
    pub(crate) fn open(url: &str) -> Result<Self, Failure> {
        let client = Client::builder()
            .timeout(Duration::from_mins(1))
            .no_proxy()
            .build()?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { client, url })
    }

    /// The status and the body of an answer.
    async fn call(
        &self,
        method: Method,
        path: &str,
        ip: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), Failure> {
        let url = format!("{}{path}", self.url);
        let mut call = self
            .client
            .request(method, url)
            .header("x-local-source-ip", ip);
        if let Some(body) = body {
            call = call.json(body);
        }
        let answer = call.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        ip: &str,
        body: &Value,
    ) -> Result<(u16, Value), Failure> {
        self.call(Method::POST, path, ip, Some(body)).await
    }

    /// The time there.
    pub(crate) async fn now(&self) -> Result<Timestamp, Failure> {
        let (_, clock) = self
            .call(Method::GET, "/_local/clock", "127.0.0.1", None)
            .await?;
        let now = clock["now"].as_str().and_then(|now| now.parse().ok());
        now.ok_or_else(|| Failure(format!("{} is no local cloud", self.url)))
    }

    /// Sets the clock.
    pub(crate) async fn set(&self, time: Timestamp) -> Result<(), Failure> {
        let (status, told) = self
            .post("/_local/clock", "127.0.0.1", &json!({ "set": time }))
            .await?;
        if status == 200 {
            return Ok(());
        }
        Err(Failure(format!(
            "the clock cannot be set to {time}: {told}"
        )))
    }

    /// What was sent since the last time.
    pub(crate) async fn messages(&self) -> Result<Vec<Value>, Failure> {
        let (_, found) = self
            .call(Method::GET, "/_local/outbox", "127.0.0.1", None)
            .await?;
        match found {
            Value::Array(messages) => Ok(messages),
            _ => Err(Failure(format!("{} has no outbox", self.url))),
        }
    }

    /// Has the provider call back about a message.
    pub(crate) async fn report(&self, message: &Value, status: &str) -> Result<(), Failure> {
        let path = format!("/_local/deliveries/{message}/status");
        let (answer, told) = self
            .post(&path, "127.0.0.1", &json!({ "status": status }))
            .await?;
        if answer == 200 {
            return Ok(());
        }
        Err(Failure(format!(
            "message {message} cannot be {status}: {told}"
        )))
    }

    /// Forgets what was sent.
    pub(crate) async fn forget_messages(&self) -> Result<(), Failure> {
        let _ = self
            .call(Method::DELETE, "/_local/outbox", "127.0.0.1", None)
            .await?;
        Ok(())
    }
}
