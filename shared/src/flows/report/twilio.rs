//! What Twilio's words about a message mean: the status callbacks of Programmable Messaging, and its list of messages.

use super::{MessageReport, Refused};
use crate::domain::channel::Channel;
use crate::domain::delivery::DeliveryStatus;

/// What Twilio says about one message.
#[derive(Clone, Copy, Debug)]
pub struct TwilioStatus<'a> {
    /// `MessageStatus`, or `status` in a list.
    pub status: &'a str,
    /// `To`: a number, with `whatsapp:` before it where it went that way.
    pub to: &'a str,
    /// `ErrorCode`.
    pub error_code: Option<&'a str>,
}

/// The report of a message of ours; `None` for a status that says nothing about it.
#[must_use]
pub fn read(delivery_id: &str, said: TwilioStatus<'_>) -> Option<MessageReport> {
    let state = state(said.status)?;
    let (channel, number) = match said.to.strip_prefix("whatsapp:") {
        Some(number) => (Channel::Whatsapp, number),
        None => (Channel::Sms, said.to),
    };
    let error_code = said.error_code.filter(|code| {
        (1..=10).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()) && *code != "0"
    });
    let failed = state == DeliveryStatus::Failed;
    let reason = match (channel, error_code) {
        // The person has answered STOP.
        (_, Some("21610")) => Some("opt_out"),
        // A landline, or no handset.
        (Channel::Sms, Some("30005" | "30006")) if failed => Some("unreachable"),
        _ => None,
    };
    Some(MessageReport {
        error_code: error_code.map(str::to_owned),
        refused: reason.map(|reason| Refused {
            address: number.to_owned(),
            reason,
            at: None, // Twilio does not say when
        }),
        undelivered: channel == Channel::Whatsapp && failed && reason.is_none(),
        ..MessageReport::new(delivery_id, channel, state)
    })
}

/// Twilio's status in our words; those of incoming messages, and those that we do not know, are none.
fn state(status: &str) -> Option<DeliveryStatus> {
    Some(match status {
        "accepted" | "scheduled" | "queued" | "sending" => DeliveryStatus::Queued,
        "sent" => DeliveryStatus::Sent,
        "delivered" | "partially_delivered" => DeliveryStatus::Delivered,
        "undelivered" | "failed" | "canceled" => DeliveryStatus::Failed,
        "read" => DeliveryStatus::Read,
        _ => return None,
    })
}
