//! What Twilio's words about a message mean: the status callbacks of Programmable Messaging, and its list of messages.

use super::MessageReport;
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
    // 21610: the person has answered STOP.
    let opted_out = error_code == Some("21610");
    Some(MessageReport {
        delivery_id: delivery_id.to_owned(),
        channel,
        state,
        suppression: opted_out.then(|| (number.to_owned(), "opt_out")),
        error_code: error_code.map(str::to_owned),
        undelivered: channel == Channel::Whatsapp && state == DeliveryStatus::Failed && !opted_out,
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
