//! `POST /api/webhooks/sendgrid/`: SendGrid's signed batches of events.
//!
//! A batch may come again, and an event twice: the state of a message only moves forward, so nothing is remembered by
//! `sg_event_id`. One bad event is skipped, since refusing it would have the whole batch sent again.

use std::sync::Arc;

use crate::signatures::Verdict;
use crate::signatures::sendgrid::{Batch, verify};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde_json::Value;
use shared::domain::channel::Channel;
use shared::domain::delivery::DeliveryStatus;
use shared::flows::report::{MessageReport, Refused, ignored};
use shared::{Error, Result};

use crate::app::{App, forged};
use crate::body;

const PROVIDER: &str = "sendgrid";
/// How many events of a batch are written at the same time.
const AT_ONCE: usize = 16;

pub(crate) async fn report(State(app): State<Arc<App>>, request: Request) -> Result<StatusCode> {
    let ((), parts, body) = body::take(request, &[("application/json", ())]).await?;
    let now = app.clock.now();
    let batch = Batch {
        signatures: &body::all(&parts.headers, "x-twilio-email-event-webhook-signature"),
        timestamps: &body::all(&parts.headers, "x-twilio-email-event-webhook-timestamp"),
        body: &body,
    };
    let events = match verify(&batch, &app.callbacks.sendgrid, now) {
        Verdict::Genuine(events) => events,
        Verdict::Forged(why) => return Err(forged(PROVIDER, why)),
        Verdict::Malformed(why) => return Err(Error::Malformed(why.into())),
    };
    let events = events.iter().filter_map(|event| {
        let read = read(event);
        if read.is_none() {
            ignored(PROVIDER, "nothing_to_say");
        }
        read
    });
    let app = &app;
    stream::iter(events)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, |event| async move {
            app.take(PROVIDER, &event, now).await
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an event says about a message of ours, if it says anything; docs/REPORTS.md has the table.
fn read(event: &Value) -> Option<MessageReport> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let status = text("status").unwrap_or_default();
    let (state, reason) = match (text("event")?, text("type"), text("reason")) {
        ("processed", ..) => (DeliveryStatus::Sent, None),
        ("delivered", ..) => (DeliveryStatus::Delivered, None),
        // A receiver who does not trust us, or has no room, says nothing of the mailbox.
        ("bounce", None | Some("bounce"), _) => {
            let elsewhere = ["5.2.2", "5.3.", "5.4.", "5.7."];
            let elsewhere = elsewhere.iter().any(|other| status.starts_with(other));
            (DeliveryStatus::Bounced, (!elsewhere).then_some("bounce"))
        }
        // A block, a deferral that ran out, or what SendGrid calls it by then.
        ("bounce", ..) => (DeliveryStatus::Failed, None),
        // SendGrid has the address on a list of its own, and did not send.
        ("dropped", _, Some("Bounced Address" | "Invalid")) => {
            (DeliveryStatus::Bounced, Some("bounce"))
        }
        ("dropped", _, Some("Spam Reporting Address")) => {
            (DeliveryStatus::Failed, Some("complaint"))
        }
        ("dropped", ..) => (DeliveryStatus::Failed, None),
        ("spamreport", ..) => (DeliveryStatus::Complained, Some("complaint")),
        _ => return None,
    };
    let at = event.get("timestamp").and_then(Value::as_i64);
    let refused = match reason {
        Some(reason) => Some(Refused {
            address: text("email")?.to_owned(),
            reason,
            at: at.and_then(|second| Timestamp::from_second(second).ok()),
        }),
        None => None,
    };
    let report = MessageReport::new(text("delivery_id")?, Channel::Email, state);
    Some(MessageReport {
        error_code: Some(status)
            .filter(|status| (1..=16).contains(&status.len()))
            .map(str::to_owned),
        refused,
        ..report
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sendgrid_events_without_our_id_say_nothing() {
        assert_eq!(
            read(&json!({"event": "delivered", "email": "jane@example.com"})),
            None
        );
        assert_eq!(read(&json!({"event": "delivered", "delivery_id": 7})), None);
        assert_eq!(read(&json!("delivered")), None);
    }
}
