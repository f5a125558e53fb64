//! What a provider says about one message, in our words, and how it gets into the store. A report comes by a callback, or
//! is fetched where the callback was lost.

pub mod twilio;

use jiff::Timestamp;

use crate::domain::channel::Channel;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::identifier::Identifier;
use crate::keyring::Peppers;
use crate::keyring::derive::AddressKeys;
use crate::store::Store;
use crate::store::report::{Report, Reported, Suppression, UndeliveredReport};
use crate::{Result, telemetry};

/// What a provider says about one message, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageReport {
    /// The delivery id that went out with the message, as it came back.
    pub delivery_id: String,
    /// The way that the message took.
    pub channel: Channel,
    /// The state that it has reached.
    pub state: DeliveryStatus,
    /// The provider's error code.
    pub error_code: Option<String>,
    /// Where it was to go, as the provider says it, and why nothing may go there any more.
    pub suppression: Option<(String, &'static str)>,
    /// A WhatsApp message did not arrive: an SMS may.
    pub undelivered: bool,
}

/// Takes reports.
#[derive(Clone, Copy)]
pub struct Reports<'a> {
    /// Where deliveries and suppressions are.
    pub store: &'a Store,
    /// By which delivery ids and recipients are known.
    pub peppers: &'a Peppers,
}

impl Reports<'_> {
    /// Writes a report down; one about a message that is not ours changes nothing.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer: the provider should report again.
    pub async fn take(
        &self,
        provider: &'static str,
        event: &MessageReport,
        now: Timestamp,
    ) -> Result<()> {
        let address_keys = AddressKeys::new(self.peppers);
        let Some(delivery) = address_keys.unseal(&event.delivery_id) else {
            ignored(provider, "unknown_delivery");
            return Ok(());
        };
        let address = event.suppression.as_ref().and_then(|(address, reason)| {
            let identifier = Identifier::parse(address).ok()?;
            Some((identifier, *reason))
        });
        let marked = address.as_ref().map(|(identifier, reason)| {
            let (recipients, mac) = (
                address_keys.recipients(identifier),
                address_keys.suppression(identifier),
            );
            (identifier, *reason, recipients, mac, identifier.masked())
        });
        let report =
            Report {
                delivery,
                channel: event.channel,
                state: event.state,
                error_code: event.error_code.as_deref(),
                suppression: marked.as_ref().map(
                    |(identifier, reason, recipients, mac, masked)| Suppression {
                        kind: identifier.kind(),
                        recipients,
                        mac,
                        reason,
                        masked,
                    },
                ),
            };
        if event.undelivered {
            let outcome = match self.store.report_undelivered(&report, now).await? {
                UndeliveredReport::Marked => Some("second_way"),
                UndeliveredReport::Known => Some("no_news"),
                UndeliveredReport::Final => None,
            };
            if let Some(outcome) = outcome {
                counted(provider, outcome);
                return Ok(());
            }
        }
        let reported = self.store.report_delivery(&report, now).await?;
        tell(provider, event, reported);
        Ok(())
    }
}

/// Counts what a report has changed: how messages end by channel, and why by the provider's code.
fn tell(provider: &'static str, event: &MessageReport, reported: Reported) {
    if reported.suppressed {
        telemetry::metric("address_suppressed", &[("provider", provider)]);
    }
    counted(provider, if reported.moved { "moved" } else { "no_news" });
    if !reported.moved || event.state.rank() < DeliveryStatus::Delivered.rank() {
        return;
    }
    let labels = [
        ("channel", event.channel.as_str()),
        ("state", event.state.as_str()),
    ];
    telemetry::metric("delivery", &labels);
    if matches!(
        event.state,
        DeliveryStatus::Failed | DeliveryStatus::Bounced
    ) {
        let code = event.error_code.as_deref().unwrap_or("none");
        telemetry::metric("delivery_error", &[("code", bounded(code))]);
    }
}

/// The codes that a metric tells apart; each value of a metric is paid for, so all others are one. Twilio's by
/// <https://www.twilio.com/docs/api/errors>, mail's by RFC 3463: class and subject.
const CODES: [&str; 26] = [
    "21610", "30001", "30002", "30003", "30004", "30005", "30006", "30007", "30008", "30032",
    "30034", "30410", "30450", "30453", "63003", "63016", "63018", "63024", "4.2", "4.4", "4.7",
    "5.1", "5.2", "5.3", "5.4", "5.7",
];

/// What a metric says of a provider's code.
fn bounded(code: &str) -> &'static str {
    if code == "none" {
        return "none";
    }
    let subject = match code.match_indices('.').nth(1) {
        Some((end, _)) => &code[..end],
        None => code,
    };
    CODES
        .into_iter()
        .find(|known| *known == subject)
        .unwrap_or("other")
}

fn counted(provider: &'static str, outcome: &'static str) {
    telemetry::metric("webhook", &[("provider", provider), ("outcome", outcome)]);
}

/// Counts what was acknowledged and means nothing to us.
pub fn ignored(provider: &'static str, why: &'static str) {
    telemetry::note("ignored", why);
    counted(provider, "ignored");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_codes_have_few_values_in_a_metric() {
        for (code, expected) in [
            ("30003", "30003"),
            ("99999", "other"),
            ("5.1.1", "5.1"),
            ("5.7.26", "5.7"),
            ("5.9.1", "other"),
            ("5.1", "5.1"),
            ("none", "none"),
            ("", "other"),
            ("5.1.1 user unknown", "5.1"),
        ] {
            assert_eq!(bounded(code), expected, "{code}");
        }
    }
}
