//! The emulator of EventBridge: keeps what `PutEvents` brings.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::clock::Clock;

use super::request_id;
use crate::proxy::{Upstream, shapes};
use crate::state::LocalState;

/// EventBridge, as far as publishing goes.
pub(crate) struct EventBridge(pub(crate) Arc<LocalState>);

impl Upstream for EventBridge {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let target = request.headers().get("x-amz-target");
        if target.is_none_or(|target| target != "AWSEvents.PutEvents") {
            return Ok(shapes::amz_json(
                400,
                "UnknownOperationException",
                "This twin takes PutEvents.",
            ));
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let entries = body["Entries"].as_array().cloned().unwrap_or_default();
        if entries.is_empty() || entries.len() > 10 {
            return Ok(shapes::amz_json(
                400,
                "ValidationException",
                "Entries must have length between 1 and 10.",
            ));
        }
        let results: Vec<_> = entries.iter().map(|entry| self.take(entry)).collect();
        let failed = results
            .iter()
            .filter(|r| r["ErrorCode"].is_string())
            .count();
        let answer = json!({ "FailedEntryCount": failed, "Entries": results });
        Ok(shapes::respond(
            200,
            "application/x-amz-json-1.1",
            answer.to_string(),
        ))
    }
}

impl EventBridge {
    fn take(&self, entry: &Value) -> Value {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let detail: Option<Value> = serde_json::from_str(&text("Detail")).ok();
        let Some(detail) = detail.filter(Value::is_object) else {
            return json!({ "ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed." });
        };
        if text("Source").is_empty() || text("DetailType").is_empty() {
            return json!({ "ErrorCode": "InvalidArgument", "ErrorMessage": "Source and DetailType are required." });
        }
        let time = entry["Time"]
            .as_f64()
            .and_then(|seconds| jiff::SignedDuration::try_from_secs_f64(seconds).ok())
            .and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok())
            .and_then(|time| time.round(jiff::Unit::Millisecond).ok())
            .unwrap_or_else(|| self.0.clock.now());
        let id = request_id();
        let event = json!({
            "id": id,
            "bus": text("EventBusName"),
            "source": text("Source"),
            "detail-type": text("DetailType"),
            "time": time,
            "detail": detail,
        });
        self.0.events.push(event.clone());
        self.0.bus.publish(event);
        json!({ "EventId": id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn put(state: &Arc<LocalState>, entries: Value) -> Value {
        let request = Request::builder()
            .header("x-amz-target", "AWSEvents.PutEvents")
            .body(Bytes::from(json!({ "Entries": entries }).to_string()))
            .unwrap();
        let answer = EventBridge(Arc::clone(state))
            .answer(request)
            .await
            .unwrap();
        serde_json::from_slice(answer.body()).unwrap()
    }

    #[tokio::test]
    async fn good_events_are_kept_and_bad_ones_fail_alone() {
        let state = Arc::new(LocalState::default());
        let good = json!({"Source": "latchkey", "DetailType": "user.registered", "Detail": "{\"id\":1}", "Time": 1.5});
        let bad = json!({"Source": "latchkey", "DetailType": "user.registered", "Detail": "no"});
        let answer = put(&state, json!([good, bad])).await;
        assert_eq!(answer["FailedEntryCount"], 1);
        let kept = state.events.list();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0]["detail-type"], "user.registered");
        assert_eq!(kept[0]["time"], "1970-01-01T00:00:01.5Z");
    }
}
