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
use serde_json::Value;
use shared::domain::channel::Channel;
use shared::domain::delivery::DeliveryStatus;
use shared::flows::report::{MessageReport, ignored};
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

/// What an event says about a message of ours, if it says anything.
fn read(event: &Value) -> Option<MessageReport> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let (state, reason) = match text("event")? {
        "processed" => (DeliveryStatus::Sent, None),
        "delivered" => (DeliveryStatus::Delivered, None),
        // A block is for now, a bounce is for good.
        "bounce" if text("type") == Some("blocked") => (DeliveryStatus::Failed, None),
        "bounce" => (DeliveryStatus::Bounced, Some("bounce")),
        // SendGrid has the address on a list of its own, and did not send.
        "dropped" => match text("reason").unwrap_or_default() {
            "Bounced Address" | "Invalid" => (DeliveryStatus::Bounced, Some("bounce")),
            "Spam Reporting Address" => (DeliveryStatus::Failed, Some("complaint")),
            "Unsubscribed Address" => (DeliveryStatus::Failed, Some("opt_out")),
            _ => (DeliveryStatus::Failed, None),
        },
        "spamreport" => (DeliveryStatus::Complained, Some("complaint")),
        _ => return None,
    };
    let suppression = match reason {
        Some(reason) => Some((text("email")?.to_owned(), reason)),
        None => None,
    };
    Some(MessageReport {
        delivery_id: text("delivery_id")?.to_owned(),
        channel: Channel::Email,
        state,
        error_code: text("status")
            .filter(|status| status.len() <= 16)
            .map(str::to_owned),
        suppression,
        undelivered: false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(mut event: Value) -> Option<(DeliveryStatus, Option<(String, &'static str)>)> {
        event["delivery_id"] = "dlv_1".into();
        event["email"] = "jane@example.com".into();
        read(&event).map(|event| (event.state, event.suppression))
    }

    #[test]
    fn only_what_is_for_good_suppresses() {
        let jane = |reason| Some(("jane@example.com".to_owned(), reason));
        for (event, expected) in [
            (
                json!({"event": "processed"}),
                Some((DeliveryStatus::Sent, None)),
            ),
            (
                json!({"event": "delivered"}),
                Some((DeliveryStatus::Delivered, None)),
            ),
            (json!({"event": "deferred"}), None),
            (json!({"event": "open"}), None),
            (
                json!({"event": "bounce", "type": "blocked"}),
                Some((DeliveryStatus::Failed, None)),
            ),
            (
                json!({"event": "bounce", "type": "bounce"}),
                Some((DeliveryStatus::Bounced, jane("bounce"))),
            ),
            (
                json!({"event": "dropped", "reason": "Bounced Address"}),
                Some((DeliveryStatus::Bounced, jane("bounce"))),
            ),
            (
                json!({"event": "dropped", "reason": "Spam Content"}),
                Some((DeliveryStatus::Failed, None)),
            ),
            (
                json!({"event": "spamreport"}),
                Some((DeliveryStatus::Complained, jane("complaint"))),
            ),
            (json!({"event": 7}), None),
        ] {
            assert_eq!(of(event.clone()), expected, "{event}");
        }
    }

    #[test]
    fn an_event_without_our_id_says_nothing() {
        assert_eq!(
            read(&json!({"event": "delivered", "email": "jane@example.com"})),
            None
        );
        assert_eq!(read(&json!({"event": "delivered", "delivery_id": 7})), None);
        assert_eq!(read(&json!("delivered")), None);
    }
}
