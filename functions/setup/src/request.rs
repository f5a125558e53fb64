//! CloudFormation's requests for custom resources, and the answers to them.
//!
//! Source: AWS CloudFormation User Guide, "Custom resource request objects" and "Custom resource response objects".

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What is to be done with the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Kind {
    Create,
    Update,
    Delete,
}

/// One request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    #[serde(rename = "RequestType")]
    pub(crate) kind: Kind,
    pub(crate) resource_type: String,
    #[serde(rename = "ResourceProperties", default)]
    pub(crate) properties: Map<String, Value>,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
}

/// How often the answer is sent: without one, CloudFormation waits until its own time is over.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);
/// The most of a reason that fits into an answer, which takes 4 KB in all.
const LONGEST_REASON: usize = 1_000;

impl Request {
    /// Reads an event.
    ///
    /// # Errors
    /// A sentence, for any other event.
    pub(crate) fn read(event: Value) -> Result<Self, String> {
        serde_json::from_value(event).map_err(|error| {
            format!("The function setup takes CloudFormation's requests for custom resources only: {error}.")
        })
    }

    /// A property that the template has to give.
    ///
    /// # Errors
    /// A sentence, where it does not.
    pub(crate) fn property(&self, name: &str) -> Result<&str, String> {
        let found = self.properties.get(name).and_then(Value::as_str);
        found.filter(|text| !text.is_empty()).ok_or_else(|| {
            format!(
                "{} needs the property {name} in the template.",
                self.resource_type
            )
        })
    }

    /// Sends the outcome to CloudFormation.
    ///
    /// # Errors
    /// A sentence, where it cannot be sent. It does not repeat the address, which is signed.
    pub(crate) async fn answer(
        &self,
        web: &reqwest::Client,
        outcome: Result<Map<String, Value>, String>,
    ) -> Result<(), String> {
        let body = self.body(outcome).to_string();
        let mut last = String::new();
        for tried in 0..TRIES {
            tokio::time::sleep(PAUSE * tried).await;
            // Without a content type: the address is signed for none.
            match web.put(&self.response_url).body(body.clone()).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => last = format!("status {}", answer.status()),
                Err(error) => last = error.without_url().to_string(),
            }
        }
        Err(format!("CloudFormation does not take the answer: {last}."))
    }

    fn body(&self, outcome: Result<Map<String, Value>, String>) -> Value {
        // The same id for the whole life of the resource: another one would have it deleted.
        let physical = self
            .physical_resource_id
            .as_deref()
            .unwrap_or(&self.logical_resource_id);
        let mut body = json!({
            "Status": "SUCCESS",
            "PhysicalResourceId": physical,
            "StackId": self.stack_id,
            "RequestId": self.request_id,
            "LogicalResourceId": self.logical_resource_id,
        });
        match outcome {
            Ok(data) => body["Data"] = Value::Object(data),
            Err(reason) => {
                body["Status"] = json!("FAILED");
                body["Reason"] = reason
                    .chars()
                    .take(LONGEST_REASON)
                    .collect::<String>()
                    .into();
            }
        }
        body
    }
}
