//! Telling people that an address of their account changed.
//!
//! The change itself promises the notice: it is an item of the same transaction. Whoever made the change sends it at
//! once and deletes the item; what is left, because a provider failed or the process ended, is for the daily janitor.

use jiff::Timestamp;

use crate::domain::channel::Channel;
use crate::domain::id::DeliveryId;
use crate::domain::identifier::Identifier;
use crate::flows::text_budget::Fares;
use crate::keyring::Peppers;
use crate::keyring::derive::Marks;
use crate::messaging::{Content, Courier, Dispatch, Language, Letter, Reason, Recipient};
use crate::store::Store;
use crate::store::notices::Notice;
use crate::{Error, Result, entropy, telemetry};

/// How long a notice is left to whoever made the change.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Who tells: what it takes to write to somebody.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    /// Where notices are, and deliveries are noted.
    pub store: &'a Store,
    /// The way to people.
    pub courier: &'a Courier,
    /// What texts cost.
    pub fares: &'a Fares,
    /// Whom a delivery went to, and who takes no messages, is known by these.
    pub peppers: &'a Peppers,
}

impl Teller<'_> {
    /// Sends a notice to everybody whom it is for. A letter whose outcome nobody knows counts as sent.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when a letter was certainly not sent, [`Error::RateLimited`] when the day's texts are used
    /// up, or the store does not answer; the notice stays.
    pub async fn tell(&self, notice: &Notice, now: Timestamp) -> Result<()> {
        let letters = notice.to.iter().map(|to| self.write(notice, to, now));
        let outcomes = futures_util::future::join_all(letters).await;
        outcomes.into_iter().collect::<Result<()>>()?;
        self.store.forget_notice(notice).await
    }

    /// Sends the notices that whoever made the change did not.
    ///
    /// # Errors
    /// The last failure, after all were tried.
    pub async fn tell_due(&self, now: Timestamp) -> Result<()> {
        let before = crate::domain::quota::before(now, PATIENCE);
        let mut outcome = Ok(());
        for notice in self.store.due_notices(before).await? {
            if let Err(error) = self.tell(&notice, now).await {
                outcome = Err(error);
            }
        }
        outcome
    }

    async fn write(&self, notice: &Notice, to: &Identifier, now: Timestamp) -> Result<()> {
        let marks = Marks::new(self.peppers);
        let channel = Channel::for_kind(to.kind());
        let suppressed = self
            .store
            .is_suppressed(to.kind(), &marks.suppressions(to))
            .await?;
        if !self.courier.offers(channel) || suppressed {
            return Ok(());
        }
        let id = DeliveryId::new(now, entropy::bytes());
        let fare = match to {
            Identifier::Phone(number) if !self.fares.serves(number) => return Ok(()),
            Identifier::Phone(number) => Some(self.fares.take(number, &id.to_string(), now).await?),
            Identifier::Email(_) => None,
        };
        let letter = Letter {
            delivery_id: marks.seal(id).to_string(),
            recipient: Recipient::new(to, channel)
                .ok_or_else(|| Error::internal("the channel does not fit the identifier"))?,
            language: Language::choose(Some(&notice.language), None),
            content: Content::IdentifierChanged {
                change: notice.change,
                kind: notice.kind,
                address: notice.masked.clone(),
            },
        };
        let recipient = marks.recipient(to);
        let (dispatch, noted) = futures_util::join!(
            self.courier.send(&letter),
            self.store
                .note_notice_delivery(id, channel, &recipient, now)
        );
        if let Err(error) = noted {
            telemetry::note("delivery_not_noted", error);
        }
        match dispatch {
            Dispatch::Accepted { .. } | Dispatch::Unknown => Ok(()),
            Dispatch::Refused(refusal) => {
                telemetry::note("provider", &refusal.upstream);
                self.fares.give_back(fare, now).await?;
                match refusal.reason {
                    // It will never be taken.
                    Reason::OptedOut | Reason::BadAddress | Reason::Region => Ok(()),
                    _ => Err(Error::Unavailable(
                        "a provider did not take a notice".into(),
                    )),
                }
            }
        }
    }
}
