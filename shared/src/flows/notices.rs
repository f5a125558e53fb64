//! Telling people that an address of their account changed: a transactional outbox.
//!
//! The notice is an item in the transaction of the change. The request that made the change sends it at
//! once and deletes the item; what is left, because a provider failed or the process ended, is sent by the janitor.

use jiff::Timestamp;

use super::send::Outbound;
use crate::Result;
use crate::domain::identifier::Identifier;
use crate::domain::quota::before;
use crate::keyring::Peppers;
use crate::keyring::derive::AddressKeys;
use crate::messaging::{Content, Language};
use crate::store::Store;
use crate::store::pending_notices::Notice;

/// How long a notice is left to the request that made the change.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

/// Sends notices.
#[derive(Clone, Copy)]
pub struct Notifier<'a> {
    pub store: &'a Store,
    /// The way to people.
    pub outbound: &'a Outbound,
    /// Derives the keys of recipients and suppressions.
    pub peppers: &'a Peppers,
}

impl Notifier<'_> {
    /// Sends a notice to all its recipients. A message whose outcome nobody knows counts as sent.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when a message was certainly not sent, [`crate::Error::RateLimited`] when the
    /// day's texts are used up, or the store does not answer; the notice stays.
    pub async fn send(&self, notice: &Notice, now: Timestamp) -> Result<()> {
        let messages = notice.to.iter().map(|to| self.notify(notice, to, now));
        let outcomes = futures_util::future::join_all(messages).await;
        outcomes.into_iter().collect::<Result<()>>()?;
        self.store.forget_notice(notice).await
    }

    /// Sends the notices that the request that made the change did not send.
    ///
    /// # Errors
    /// The last failure, after all were tried.
    pub async fn send_pending(&self, now: Timestamp) -> Result<()> {
        let mut outcome = Ok(());
        for notice in self.store.due_notices(before(now, PATIENCE)).await? {
            if let Err(error) = self.send(&notice, now).await {
                outcome = Err(error);
            }
        }
        outcome
    }

    async fn notify(&self, notice: &Notice, to: &Identifier, now: Timestamp) -> Result<()> {
        let content = Content::IdentifierChanged {
            change: notice.change,
            kind: notice.kind,
            address: notice.masked.clone(),
        };
        let language = Language::choose(Some(&notice.language), None);
        let address_keys = AddressKeys::new(self.peppers);
        let notified = self
            .outbound
            .notify(to, language, content, &address_keys, now)
            .await;
        notified.map(drop)
    }
}
