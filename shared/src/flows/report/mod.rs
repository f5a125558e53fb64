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
use crate::store::report::{Report, Reported, UndeliveredReport};
use crate::store::suppression::Cause;
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
    /// The address that takes no messages from us.
    pub refused: Option<Refused>,
    /// A WhatsApp message did not arrive: an SMS may.
    pub undelivered: bool,
    /// It failed for now: it may arrive all the same.
    pub tentative: bool,
}

/// An address that takes no messages from us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where the message was to go, as the provider says it.
    pub address: String,
    /// `bounce`, `complaint`, `opt_out` or `unreachable`.
    pub reason: &'static str,
    /// When it was refused, where the provider says so.
    pub at: Option<Timestamp>,
}

impl MessageReport {
    /// A message that has reached a state, and nothing else.
    #[must_use]
    pub fn new(delivery_id: &str, channel: Channel, state: DeliveryStatus) -> Self {
        Self {
            delivery_id: delivery_id.to_owned(),
            channel,
            state,
            error_code: None,
            refused: None,
            undelivered: false,
            tentative: false,
        }
    }
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
        let refused = event.refused.as_ref().and_then(|refused| {
            let identifier = Identifier::parse(&refused.address).ok()?;
            let recipients = address_keys.recipients(&identifier);
            let mac = address_keys.suppression(&identifier);
            // The message is older than whatever became of it.
            let at = refused.at.unwrap_or(delivery.made_at());
            Some((identifier, recipients, mac, refused.reason, at))
        });
        let masked = refused.as_ref().map(|(identifier, ..)| identifier.masked());
        let report = Report {
            delivery,
            channel: event.channel,
            state: event.state,
            error_code: event.error_code.as_deref(),
            tentative: event.tentative,
            suppression: refused
                .as_ref()
                .map(|(identifier, recipients, mac, reason, at)| {
                    let cause = Cause {
                        kind: identifier.kind(),
                        mac,
                        reason,
                        at: *at,
                        masked: masked.as_deref().unwrap_or_default(),
                    };
                    (cause, recipients.as_slice())
                }),
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

    /// A person takes messages from us again (START), or no more (STOP), as they wrote to our number.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn answered(&self, number: &str, wanted: bool, now: Timestamp) -> Result<()> {
        let Ok(number) = Identifier::parse(number) else {
            return Ok(());
        };
        let address_keys = AddressKeys::new(self.peppers);
        if wanted {
            let macs = address_keys.suppressions(&number);
            let opt_out = Some("opt_out");
            let lifted = self.store.unsuppress(number.kind(), &macs, opt_out, now);
            counted("twilio", if lifted.await? { "moved" } else { "no_news" });
            return Ok(());
        }
        let (mac, masked) = (address_keys.suppression(&number), number.masked());
        let cause = Cause {
            kind: number.kind(),
            mac: &mac,
            reason: "opt_out",
            at: now,
            masked: &masked,
        };
        counted("twilio", "moved");
        self.store.suppress(cause, now).await
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

/// Counts that a receiver does not believe that our mail is ours, as a refusal for that reason (RFC 7372) is counted.
pub fn distrusted() {
    telemetry::metric("delivery_error", &[("code", "5.7")]);
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
