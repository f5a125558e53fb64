//! What became of texts whose callbacks were lost: Twilio tries a callback once more and then no longer, so an hour later
//! it is asked.
//!
//! Its list names numbers and not our deliveries. A message belongs to the delivery to that number, by that channel, that was
//! made (or that fell back to SMS) in the seconds before Twilio took it. Taking it in is what a callback does: forward
//! only, and without effect where the callback came.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shared::Result;
use shared::domain::channel::Channel;
use shared::domain::identifier::Identifier;
use shared::domain::quota::before;
use shared::flows::report::Reports;
use shared::flows::report::twilio::{self, TwilioStatus};
use shared::keyring::Peppers;
use shared::keyring::derive::AddressKeys;
use shared::messaging::LoggedMessage;
use shared::telemetry;
use tokio::time::Instant;

use crate::App;

/// Callbacks have had this long.
const CALLBACKS: Duration = Duration::from_hours(1);
/// How far back each run looks from there: the runs are an hour apart, and one may fail.
const WINDOW: Duration = Duration::from_hours(3);
/// How long one run may ask.
const ASKING: Duration = Duration::from_secs(15);
/// The most pages that one run reads, of thirty messages each.
const PAGES: usize = 40;
/// A request lives 15 seconds, and Twilio tells whole seconds.
const TAKEN_WITHIN: SignedDuration = SignedDuration::from_secs(17);

impl App {
    /// Asks Twilio about the texts of an hour ago and before.
    ///
    /// # Errors
    /// [`shared::Error::Unavailable`] when Twilio or the store do not answer; the next run looks at the same texts again.
    pub(crate) async fn reconcile_texts(&self, peppers: &Peppers) -> Result<()> {
        if !self.outbound.offers(Channel::Sms) && !self.outbound.offers(Channel::Whatsapp) {
            return Ok(());
        }
        let now = self.clock.now();
        let to = before(now, CALLBACKS);
        let from = before(to, WINDOW);
        let end = Instant::now() + ASKING;
        let mut page = None;
        for _ in 0..PAGES {
            if Instant::now() >= end {
                break;
            }
            let logged = self
                .outbound
                .texts_sent_between(from, to, page.as_deref())
                .await?;
            for message in &logged.messages {
                self.reconcile(message, peppers, now).await?;
            }
            page = logged.next;
            if page.is_none() {
                return Ok(());
            }
        }
        telemetry::metric("texts_not_reconciled", &[]);
        Ok(())
    }

    async fn reconcile(
        &self,
        message: &LoggedMessage,
        peppers: &Peppers,
        now: Timestamp,
    ) -> Result<()> {
        let said = TwilioStatus {
            status: &message.status,
            to: &message.to,
            error_code: message.error_code.as_deref(),
        };
        let Some(mut report) = twilio::read("", said).filter(|report| report.state.is_final())
        else {
            return Ok(());
        };
        let number = message.to.strip_prefix("whatsapp:").unwrap_or(&message.to);
        let Ok(number) = Identifier::parse(number) else {
            return Ok(());
        };
        let address_keys = AddressKeys::new(peppers);
        let reports = Reports {
            store: &self.store,
            peppers,
        };
        let made = message.created - TAKEN_WITHIN..=message.created + SignedDuration::from_secs(1);
        for recipient in address_keys.recipients(&number) {
            let waiting = self
                .store
                .waiting_deliveries(&recipient, report.channel, made.clone());
            for delivery in waiting.await? {
                report.delivery_id = address_keys.seal(delivery).to_string();
                telemetry::metric("text_reconciled", &[]);
                reports.take("twilio", &report, now).await?;
            }
        }
        Ok(())
    }
}
