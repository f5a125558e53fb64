//! The development API of a house: clock, outbox, faults and the record of calls.

use serde::Deserialize;
use serde_json::{Value, json};
use shared::clock::Clock;

use crate::House;

/// One call to the outside world, as `/_local/calls` shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct CallRecord {
    /// The request that it belongs to.
    pub request_id: Option<String>,
    /// `dynamodb`, `ses` …
    pub service: String,
    /// `UpdateItem`, `SendRawEmail` …
    pub operation: String,
    /// When it began, in microseconds.
    pub started_us: u64,
    pub ended_us: u64,
    /// DynamoDB's capacity units.
    pub capacity_units: Option<f64>,
    /// DynamoDB's table, where the call is about one.
    pub table: Option<String>,
    /// The partition key's value, where the call is about one partition.
    pub partition: Option<String>,
    /// What a transaction or a batch does.
    #[serde(default)]
    pub actions: Vec<CallPart>,
}

/// A part of a call that is granted or refused for itself: an action of a transaction or a batch, or the call as a
/// whole.
#[derive(Clone, Debug, Deserialize)]
pub struct CallPart {
    /// `UpdateItem`, `ConditionCheckItem` …
    pub operation: String,
    /// The operation that it is an action of.
    pub within: Option<String>,
    /// DynamoDB's table.
    pub table: Option<String>,
    /// The partition key's value.
    pub partition: Option<String>,
}

impl CallRecord {
    /// The parts of this call.
    #[must_use]
    pub fn parts(&self) -> Vec<CallPart> {
        if self.actions.is_empty() {
            return vec![CallPart {
                operation: self.operation.clone(),
                within: None,
                table: self.table.clone(),
                partition: self.partition.clone(),
            }];
        }
        let within = Some(self.operation.clone());
        let of_this = |part: &CallPart| CallPart {
            within: within.clone(),
            ..part.clone()
        };
        self.actions.iter().map(of_this).collect()
    }
}

/// The sequential steps of these calls: the longest chain of them that each began after the one before had ended. A call
/// beside the chain changes nothing, whether it ends early or late.
#[must_use]
pub fn steps(calls: &[CallRecord]) -> usize {
    let mut calls: Vec<_> = calls.iter().collect();
    calls.sort_by_key(|call| call.ended_us);
    let (mut steps, mut end) = (0, 0);
    for call in calls {
        if steps == 0 || call.started_us >= end {
            steps += 1;
            end = call.ended_us;
        }
    }
    steps
}

impl House {
    /// Has a provider report in its own words, signed; the webhook's status, and the request for sending it again.
    pub async fn provider_reports(&self, provider: &str, order: &Value) -> (u64, Value) {
        let path = format!("/_local/callbacks/{provider}");
        let answer = self.post(&path, order).send().await.is(200).json();
        (
            answer["status"].as_u64().expect("a status"),
            answer["request"].clone(),
        )
    }

    /// Moves the clock, TTL included.
    pub async fn advance(&self, seconds: i64) {
        let body = json!({ "advance_seconds": seconds });
        let answer = self.post("/_local/clock", &body).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Moves the clock and leaves expired items where they are, as DynamoDB may for days.
    pub fn advance_without_sweeping(&self, seconds: i64) {
        self.cloud().clock().advance(seconds).expect("a time");
    }

    /// Sets the clock so that this many seconds have passed since `moment`.
    pub fn set_clock_after(&self, moment: jiff::Timestamp, seconds: f64) {
        let span = jiff::SignedDuration::from_secs_f64(seconds);
        let target = moment.checked_add(span).expect("a time");
        self.cloud().clock().set(target).expect("a time");
    }

    /// The time in this house.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.cloud().clock().now()
    }

    /// Everything that was sent, newest first.
    pub async fn outbox(&self) -> Vec<Value> {
        list(self.get("/_local/outbox").send().await.json())
    }

    /// What was sent to one address, newest first.
    pub async fn sent_to(&self, identifier: &str) -> Vec<Value> {
        let all = self.outbox().await;
        all.into_iter()
            .filter(|message| {
                message["to"]
                    .as_str()
                    .is_some_and(|to| to.eq_ignore_ascii_case(identifier))
            })
            .collect()
    }

    /// The codes that were sent to one address, newest first.
    pub async fn codes_sent_to(&self, identifier: &str) -> Vec<String> {
        let messages = self.sent_to(identifier).await;
        messages.iter().filter_map(code_in).collect()
    }

    /// Orders a fault.
    pub async fn fault(&self, order: Value) {
        let answer = self.post("/_local/faults", &order).send().await;
        assert_eq!(answer.status, 201, "{order}: {answer:?}");
    }

    /// How many calls the ordered faults hit, and forgets them all.
    pub async fn end_faults(&self) -> u64 {
        let listed = list(self.get("/_local/faults").send().await.json());
        let hits = listed
            .iter()
            .filter_map(|order| order["hits"].as_u64())
            .sum();
        let _ = self
            .call(reqwest::Method::DELETE, "/_local/faults")
            .send()
            .await
            .is(204);
        hits
    }

    /// The upstream calls of one request, in the order of their start.
    pub async fn calls_of(&self, request_id: &str) -> Vec<CallRecord> {
        let path = format!("/_local/calls?request_id={request_id}");
        serde_json::from_value(self.get(&path).send().await.json()).expect("calls")
    }

    /// The document in Secrets Manager.
    pub async fn secret(&self) -> Value {
        let found = self.asks_secrets_manager("GetSecretValue", json!({})).await;
        serde_json::from_str(found["SecretString"].as_str().expect("a text")).expect("JSON")
    }

    /// Replaces one setting in it.
    pub async fn put_secret(&self, name: &str, value: &str) {
        let mut document = self.secret().await;
        document[name] = value.into();
        let body = json!({ "SecretString": document.to_string() });
        self.asks_secrets_manager("PutSecretValue", body).await;
    }

    async fn asks_secrets_manager(&self, operation: &str, mut body: Value) -> Value {
        body["SecretId"] = "latchkey-local".into();
        let url = self.cloud().endpoint("secretsmanager").expect("a URL");
        let request = self
            .client
            .post(url)
            .header("x-amz-target", format!("secretsmanager.{operation}"))
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string());
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{operation}");
        answer.json().await.expect("JSON")
    }

    /// Every upstream call.
    pub async fn calls(&self) -> Vec<CallRecord> {
        serde_json::from_value(self.get("/_local/calls").send().await.json()).expect("calls")
    }

    /// The domain events so far, oldest first.
    pub async fn events(&self) -> Vec<Value> {
        list(self.get("/_local/events").send().await.json())
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        other => panic!("not a list: {other}"),
    }
}

/// The code in a message: the first run of six to ten digits of its text.
#[must_use]
pub fn code_in(message: &Value) -> Option<String> {
    let text = message["text"].as_str()?;
    text.split(|c: char| !c.is_ascii_digit())
        .find(|run| (6..=10).contains(&run.len()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(started_us: u64, ended_us: u64) -> CallRecord {
        CallRecord {
            request_id: None,
            service: String::new(),
            operation: String::new(),
            started_us,
            ended_us,
            capacity_units: None,
            table: None,
            partition: None,
            actions: Vec::new(),
        }
    }

    #[test]
    fn calls_side_by_side_are_one_step() {
        assert_eq!(steps(&[]), 0);
        assert_eq!(steps(&[call(0, 10), call(1, 12), call(9, 11)]), 1);
        assert_eq!(steps(&[call(0, 10), call(10, 20), call(21, 30)]), 3);
        assert_eq!(steps(&[call(12, 20), call(0, 10), call(1, 11)]), 2);
    }
}
