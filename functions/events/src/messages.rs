//! What people are written of what happened: a welcome, and that somebody guesses at their account.
//!
//! A domain event may come twice, so a mark says of every message that it was sent. The mark comes first: a message
//! whose outcome nobody knows is not sent again. One that was certainly not sent is tried again with the event.

use serde_json::Value;
use shared::domain::id::{DeliveryId, UserId};
use shared::domain::identifier::Identifier;
use shared::domain::quota::{FREE_FAILURES, failure_wait};
use shared::domain::user::{Status, User};
use shared::keyring::derive::AddressKeys;
use shared::messaging::{Content, Language, Lockout};
use shared::{Error, Result, entropy, telemetry};

use crate::App;

impl App {
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
        if !self.store.mark_once(mark, now).await? {
            return Ok(());
        }
        let peppers = self.peppers.snapshot();
        let language = Language::choose(Some(user.profile.language.as_str()), None);
        let notified = self
            .outbound
            .notify(
                DeliveryId::new(now, entropy::bytes()),
                &address,
                language,
                content,
                &AddressKeys::new(&peppers),
                now,
            )
            .await;
        match notified {
            Ok(_) => Ok(()),
            // Not worth more than the codes that the day's texts are for.
            Err(Error::RateLimited { .. }) => {
                telemetry::metric("text_dropped", &[]);
                Ok(())
            }
            Err(error) => {
                self.store.unmark(mark).await?;
                Err(error)
            }
        }
    }
}
