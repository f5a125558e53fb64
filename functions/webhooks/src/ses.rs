//! Events of Amazon SES, as they stand in the message of an SNS envelope.
//!
//! Event publishing calls the kind `eventType`, feedback notifications call it `notificationType`; either is taken. What each
//! means is the table of docs/REPORTS.md: an address is suppressed where its mailbox does not exist, or where its owner
//! complained about us, and nowhere else.

use jiff::Timestamp;
use serde::Deserialize;
use shared::domain::channel::Channel;
use shared::domain::delivery::DeliveryStatus;
use shared::flows::report::{MessageReport, Refused};

/// What an event says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// What became of a message of ours.
    Report(MessageReport),
    /// A receiver does not believe that mail of ours is ours (RFC 6591): something for the operator.
    Distrusted,
    /// Nothing to us.
    Nothing,
}

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
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Default, Deserialize)]
struct Tags {
    #[serde(default)]
    delivery_id: Vec<String>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounce_sub_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    #[serde(default)]
    complained_recipients: Vec<Recipient>,
    complaint_feedback_type: Option<String>,
    complaint_sub_type: Option<String>,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
    status: Option<String>,
}

/// What an event says about a message of ours, if it says anything.
pub(crate) fn read(message: &str) -> Said {
    let Ok(message) = serde_json::from_str::<Message>(message) else {
        return Said::Nothing;
    };
    let Some(delivery_id) = message.mail.delivery_id() else {
        return Said::Nothing;
    };
    let report = MessageReport::new(delivery_id, Channel::Email, DeliveryStatus::Sent);
    let state = |state| MessageReport {
        state,
        ..report.clone()
    };
    Said::Report(
        match (
            message.event_type.as_str(),
            &message.bounce,
            &message.complaint,
        ) {
            ("Send", ..) => report,
            ("Delivery", ..) => state(DeliveryStatus::Delivered),
            ("Reject" | "Rendering Failure", ..) => state(DeliveryStatus::Failed),
            ("Bounce", Some(bounce), _) => bounce.report(report),
            ("Complaint", _, Some(complaint)) => return complaint.said(report),
            _ => return Said::Nothing,
        },
    )
}

impl Mail {
    /// Our id comes back as a tag; in a feedback notification, which has none, as a header of the mail.
    fn delivery_id(&self) -> Option<&str> {
        match self.tags.delivery_id.as_slice() {
            [id] => return Some(id),
            [] => {}
            _ => return None,
        }
        let mut ids = self.headers.iter().filter(|header| {
            let name = header.name.as_str();
            name.eq_ignore_ascii_case("X-Entity-Ref-ID")
        });
        let id = ids.next()?.value.as_str();
        ids.next().is_none().then_some(id)
    }
}

impl Bounce {
    fn report(&self, report: MessageReport) -> MessageReport {
        let recipient = only(&self.bounced_recipients);
        let status = recipient.and_then(|recipient| recipient.status.as_deref());
        let status = status.map(|status| status.trim().to_owned());
        let report = MessageReport {
            error_code: status.clone().filter(|status| status.len() <= 16),
            ..report
        };
        if self.bounce_type != "Permanent" {
            // Mostly a full mailbox or an answer from a holiday: the mail may arrive all the same.
            return MessageReport {
                state: DeliveryStatus::Failed,
                tentative: true,
                ..report
            };
        }
        let status = status.unwrap_or_default();
        let no_mailbox = match self.bounce_sub_type.as_str() {
            "NoEmail" | "Suppressed" | "OnAccountSuppressionList" => true,
            "General" | "" => status.is_empty() || status.starts_with("5.1.") || status == "5.2.1",
            _ => false,
        };
        let refused = recipient.filter(|_| no_mailbox).map(|recipient| Refused {
            address: address(&recipient.email_address).to_owned(),
            reason: "bounce",
            at: moment(self.timestamp.as_deref()),
        });
        MessageReport {
            state: DeliveryStatus::Bounced,
            refused,
            ..report
        }
    }
}

impl Complaint {
    /// By the kind of feedback (RFC 5965, 6430, 6591); providers hide who complained and name everybody, so only of a single
    /// recipient it is certain.
    fn said(&self, report: MessageReport) -> Said {
        let on_the_list = self.complaint_sub_type.as_deref() == Some("OnAccountSuppressionList");
        let about_us = match self.complaint_feedback_type.as_deref() {
            Some("not-spam") => return Said::Nothing,
            Some("auth-failure") => return Said::Distrusted,
            None | Some("abuse" | "fraud" | "virus") => true,
            Some(_) => false,
        };
        let recipient = only(&self.complained_recipients);
        let refused = recipient.filter(|_| about_us).map(|recipient| Refused {
            address: address(&recipient.email_address).to_owned(),
            reason: "complaint",
            at: moment(self.timestamp.as_deref()),
        });
        Said::Report(MessageReport {
            // SES has the address on its own list, and did not send.
            state: if on_the_list {
                DeliveryStatus::Failed
            } else {
                DeliveryStatus::Complained
            },
            refused,
            ..report
        })
    }
}

/// The recipient, where there is exactly one.
fn only(recipients: &[Recipient]) -> Option<&Recipient> {
    match recipients {
        [recipient] => Some(recipient),
        _ => None,
    }
}

/// The address in `Jane <jane@example.com>`, as some receivers write it.
fn address(text: &str) -> &str {
    let inner = text
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or(text, |(address, _)| address).trim()
}

/// When it happened, where SES says so.
fn moment(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ses_address_is_read_with_and_without_a_name() {
        for (text, expected) in [
            ("jane@example.com", "jane@example.com"),
            ("Jane <jane@example.com>", "jane@example.com"),
            ("\"Doe, Jane\" <jane@example.com> ", "jane@example.com"),
            ("<jane@example.com>", "jane@example.com"),
            ("jane@example.com>", "jane@example.com>"),
        ] {
            assert_eq!(address(text), expected);
        }
    }

    #[test]
    fn ses_events_that_say_nothing_are_nothing() {
        let mail = json!({ "tags": { "delivery_id": ["dlv_1"] } });
        for event in [
            json!({ "eventType": "DeliveryDelay", "mail": mail }),
            json!({ "eventType": "Bounce", "mail": mail }),
            json!({ "eventType": "Send", "mail": { "messageId": "1" } }),
            json!({ "eventType": "Send", "mail": { "tags": { "delivery_id": ["dlv_1", "dlv_2"] } } }),
            json!({}),
        ] {
            assert_eq!(read(&event.to_string()), Said::Nothing, "{event}");
        }
        assert_eq!(read("hello"), Said::Nothing);
    }
}
