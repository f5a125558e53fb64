//! What people are written of what happened: a welcome, and that somebody guesses at their account.
//!
//! A domain event may come twice, so every letter has a mark that says it was sent. The mark comes first: a letter whose
//! outcome nobody knows is not sent again. One that was certainly not sent is tried again with the event.

use serde_json::Value;
use shared::domain::channel::Channel;
use shared::domain::id::{DeliveryId, UserId};
use shared::domain::identifier::Identifier;
use shared::domain::quota::{FREE_FAILURES, failure_wait};
use shared::domain::user::{Status, User};
use shared::keyring::derive::Marks;
use shared::messaging::{Content, Dispatch, Language, Letter, Lockout, Reason, Recipient};
use shared::{Error, Result, entropy, telemetry};

use crate::House;

impl House {
    /// Welcomes a new user, by mail.
    pub(crate) async fn welcome(&self, detail: &Value) -> Result<()> {
        let Some(user) = self.recipient(detail).await? else {
            return Ok(());
        };
        let Some(address) = user.email_address() else {
            return Ok(());
        };
        let mark = format!("welcome#{}", user.id);
        self.write(&mark, &user, Identifier::Email(address), Content::Welcome)
            .await
    }

    /// Tells the owner of an address that it is held up: when that begins, and when it is closed.
    pub(crate) async fn warn(&self, detail: &Value) -> Result<()> {
        let failures = detail["failures"]
            .as_u64()
            .and_then(|n| u32::try_from(n).ok());
        let closed = detail["closed"] == true;
        let lockout = match failures {
            _ if closed => Lockout::Closed,
            Some(FREE_FAILURES) => Lockout::Wait(failure_wait(FREE_FAILURES)),
            _ => return Ok(()),
        };
        let Some(user) = self.recipient(detail).await? else {
            return Ok(());
        };
        // By mail where there is one: a stranger must not be able to spend on texts.
        let address = user
            .email_address()
            .map(Identifier::Email)
            .or_else(|| user.phone_number().map(Identifier::Phone));
        let Some(address) = address else {
            return Ok(());
        };
        let id = detail["id"].as_str().unwrap_or_default();
        let mark = format!("lockout#{id}");
        self.write(&mark, &user, address, Content::Lockout(lockout))
            .await
    }

    async fn recipient(&self, detail: &Value) -> Result<Option<User>> {
        let Some(id) = detail["user_id"].as_str().and_then(UserId::parse) else {
            return Ok(None);
        };
        let user = self.store.user(id).await?;
        Ok(user.filter(|user| user.status == Status::Active))
    }

    async fn write(
        &self,
        mark: &str,
        user: &User,
        address: Identifier,
        content: Content,
    ) -> Result<()> {
        let now = self.clock.now();
        let peppers = self.peppers.snapshot();
        let marks = Marks::new(&peppers);
        let suppressions = marks.suppressions(&address);
        let suppressed = self
            .store
            .is_suppressed(address.kind(), &suppressions)
            .await?;
        if suppressed || !self.store.mark_once(mark, now).await? {
            return Ok(());
        }
        let fare = match &address {
            Identifier::Phone(number) if !self.fares.serves(number) => return Ok(()),
            Identifier::Phone(number) => match self.fares.take(number, mark, now).await {
                Ok(fare) => Some(fare),
                // A warning is not worth more than the codes that the day's texts are for.
                Err(Error::RateLimited { .. }) => return Ok(()),
                Err(error) => {
                    self.store.unmark(mark).await?;
                    return Err(error);
                }
            },
            Identifier::Email(_) => None,
        };
        let letter = Letter {
            delivery_id: marks
                .seal(DeliveryId::new(now, entropy::bytes()))
                .to_string(),
            recipient: Recipient::new(&address, Channel::for_kind(address.kind()))
                .ok_or_else(|| Error::internal("the channel does not fit the identifier"))?,
            language: Language::choose(Some(user.profile.language.as_str()), None),
            content,
        };
        match self.courier.send(&letter).await {
            Dispatch::Accepted { .. } | Dispatch::Unknown => Ok(()),
            Dispatch::Refused(refusal) => {
                telemetry::note("provider", &refusal.upstream);
                self.fares.give_back(fare, now).await?;
                if matches!(refusal.reason, Reason::OptedOut | Reason::BadAddress) {
                    return Ok(());
                }
                self.store.unmark(mark).await?;
                Err(Error::Unavailable(
                    "the provider did not take a letter".to_owned(),
                ))
            }
        }
    }
}
