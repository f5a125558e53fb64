//! Events of Amazon SES, as they stand in the message of an SNS envelope.
//!
//! Event publishing calls the kind `eventType`, feedback notifications call it `notificationType`; either is taken.

use serde::Deserialize;
use shared::domain::channel::Channel;
use shared::domain::delivery::DeliveryStatus;
use shared::flows::report::MessageReport;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(alias = "notificationType")]
    event_type: String,
    mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Deserialize)]
struct Mail {
    #[serde(default)]
    tags: Tags,
}

#[derive(Default, Deserialize)]
struct Tags {
    #[serde(default)]
    delivery_id: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    #[serde(default)]
    complained_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
    status: Option<String>,
}

/// What an event says about a message of ours, if it says anything.
pub(crate) fn read(message: &str) -> Option<MessageReport> {
    let message: Message = serde_json::from_str(message).ok()?;
    let [delivery_id] = message.mail.tags.delivery_id.as_slice() else {
        return None;
    };
    let (state, suppressed, error_code) = match (
        message.event_type.as_str(),
        &message.bounce,
        &message.complaint,
    ) {
        ("Send", ..) => (DeliveryStatus::Sent, None, None),
        ("Delivery", ..) => (DeliveryStatus::Delivered, None, None),
        ("Reject" | "Rendering Failure", ..) => (DeliveryStatus::Failed, None, None),
        ("Bounce", Some(bounce), _) => {
            let recipient = only(&bounce.bounced_recipients);
            let status = recipient.and_then(|recipient| recipient.status.clone());
            match bounce.bounce_type.as_str() {
                "Permanent" => (
                    DeliveryStatus::Bounced,
                    recipient.map(|recipient| (recipient, "bounce")),
                    status,
                ),
                _ => (DeliveryStatus::Failed, None, status),
            }
        }
        // Providers hide who complained and name everybody; only of a single recipient is it certain.
        ("Complaint", _, Some(complaint)) => {
            let recipient = only(&complaint.complained_recipients);
            (
                DeliveryStatus::Complained,
                recipient.map(|recipient| (recipient, "complaint")),
                None,
            )
        }
        _ => return None,
    };
    Some(MessageReport {
        delivery_id: delivery_id.clone(),
        channel: Channel::Email,
        state,
        error_code: error_code.filter(|code| code.len() <= 16),
        suppression: suppressed
            .map(|(recipient, reason)| (recipient.email_address.clone(), reason)),
        undelivered: false,
    })
}

/// The recipient, where there is exactly one.
fn only(recipients: &[Recipient]) -> Option<&Recipient> {
    match recipients {
        [recipient] => Some(recipient),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(mut event: Value) -> Option<MessageReport> {
        event["mail"] = json!({"messageId": "1", "destination": ["jane@example.com"], "tags": {"delivery_id": ["dlv_1"]}});
        read(&event.to_string())
    }

    #[test]
    fn only_what_is_for_good_suppresses() {
        let jane = json!([{"emailAddress": "jane@example.com", "status": "5.1.1"}]);
        let two =
            json!([{"emailAddress": "jane@example.com"}, {"emailAddress": "joe@example.com"}]);
        let suppression = |reason| Some(("jane@example.com".to_owned(), reason));
        for (event, state, expected) in [
            (json!({"eventType": "Send"}), DeliveryStatus::Sent, None),
            (
                json!({"notificationType": "Delivery"}),
                DeliveryStatus::Delivered,
                None,
            ),
            (
                json!({"eventType": "Rendering Failure"}),
                DeliveryStatus::Failed,
                None,
            ),
            (
                json!({"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "bouncedRecipients": jane}}),
                DeliveryStatus::Bounced,
                suppression("bounce"),
            ),
            (
                json!({"eventType": "Bounce", "bounce": {"bounceType": "Transient", "bouncedRecipients": jane}}),
                DeliveryStatus::Failed,
                None,
            ),
            (
                json!({"notificationType": "Complaint", "complaint": {"complainedRecipients": jane}}),
                DeliveryStatus::Complained,
                suppression("complaint"),
            ),
            (
                json!({"eventType": "Complaint", "complaint": {"complainedRecipients": two}}),
                DeliveryStatus::Complained,
                None,
            ),
        ] {
            let read = of(event.clone()).unwrap();
            assert_eq!((read.state, read.suppression), (state, expected), "{event}");
        }
    }

    #[test]
    fn what_says_nothing_is_nothing() {
        for event in [
            json!({"eventType": "DeliveryDelay"}),
            json!({"eventType": "Bounce"}),
            json!({}),
        ] {
            assert_eq!(of(event.clone()), None, "{event}");
        }
        assert_eq!(read("hello"), None);
        assert_eq!(
            read(r#"{"eventType": "Send", "mail": {"messageId": "1"}}"#),
            None
        );
    }
}
