//! Telling people what happened to their account: a transactional outbox.
//!
//! The change itself promises the notices, one for each recipient: they are items of the same transaction. The request
//! that made the change sends them at once and deletes them; what is left, because a provider failed or the process ended, is sent by the
//! janitor, with growing pauses and an end.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::Instant;

use super::send::{Notified, Outbound};
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;
use crate::domain::notice::{News, Notice, PATIENCE, TRIES};
use crate::domain::user::User;
use crate::keyring::Peppers;
use crate::keyring::derive::AddressKeys;
use crate::messaging::{Content, ErasureNews, Language};
use crate::store::Store;
use crate::{Error, Result, telemetry};

/// How many notices are sent side by side.
const SIDE_BY_SIDE: usize = 8;

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
    /// Sends the notices that a change has just promised. A message whose outcome nobody knows counts as sent.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when a message was certainly not sent, [`Error::RateLimited`] when the day's texts are used
    /// up, or the store does not answer; such a notice stays for the janitor.
    pub async fn send(&self, notices: &[Notice], now: Timestamp) -> Result<()> {
        let sent = notices.iter().map(|notice| {
            Box::pin(async move {
                let Some(to) = notice.to.clone() else {
                    return Ok(()); // a reminder, whose time has not come
                };
                self.tell(notice, &to, None, now).await?;
                self.store.forget_notice(notice).await
            })
        });
        join_all(sent).await.into_iter().collect()
    }

    /// Sends what the last change of this person's account has promised.
    ///
    /// # Errors
    /// As [`Notifier::send`].
    pub async fn send_promised(&self, user: UserId, now: Timestamp) -> Result<()> {
        let promised = self.store.promised_notices(user, now).await?;
        let (to_take, own): (Vec<_>, Vec<_>) =
            promised.into_iter().partition(|notice| notice.tries == 0);
        let end = Instant::now() + PATIENCE;
        for notice in &to_take {
            Box::pin(self.try_again(notice, now, end)).await?;
        }
        self.send(&own, now).await
    }

    /// Sends the notices that the requests which promised them did not, the longest due first, until none is left or the time is up.
    /// One that fails comes back after its pause; after [`TRIES`] it is given up, which a metric and the log say.
    ///
    /// # Errors
    /// The last failure of the store, after all were tried.
    pub async fn send_pending(&self, now: Timestamp, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        let (mut place, mut outcome) = (None, Ok(()));
        while Instant::now() < end {
            let due = self.store.due_notices(now, place).await?;
            for some in due.notices.chunks(SIDE_BY_SIDE) {
                let tried = some
                    .iter()
                    .map(|notice| Box::pin(self.try_again(notice, now, end)));
                let tried = join_all(tried).await;
                outcome = tried.into_iter().find(Result::is_err).unwrap_or(outcome);
            }
            place = due.next;
            if place.is_none() {
                break;
            }
        }
        outcome
    }

    async fn try_again(&self, notice: &Notice, now: Timestamp, end: Instant) -> Result<()> {
        if Instant::now() >= end {
            return Ok(());
        }
        let (user, gone_out) = futures_util::try_join!(
            self.store.user(notice.user),
            self.store.may_have_gone_out(notice)
        )?;
        let to = notice.to.clone();
        let to = to.or_else(|| user.as_ref().and_then(User::reached_at));
        let (Some(to), true, false) = (to, notice.is_of_use(user.as_ref(), now), gone_out) else {
            return self.store.forget_notice(notice).await;
        };
        let Some(taken) = self.store.take_notice(notice, now).await? else {
            return Ok(());
        };
        let told = self.tell(&taken, &to, user.as_ref(), now).await;
        if let Err(error) = told {
            if taken.tries < TRIES {
                telemetry::note("notice_not_sent", error);
                return Ok(());
            }
            telemetry::metric("notice_given_up", &[]);
            let news = taken.news.as_str();
            telemetry::note("notice_given_up", format!("{news}: {error}"));
        }
        self.store.forget_notice(&taken).await
    }

    async fn tell(
        &self,
        notice: &Notice,
        to: &Identifier,
        user: Option<&User>,
        now: Timestamp,
    ) -> Result<()> {
        let delivery = notice.delivery;
        let delivery = delivery.ok_or_else(|| Error::internal("a notice has no delivery"))?;
        let language = Language::choose(Some(&notice.language), None);
        let address_keys = AddressKeys::new(self.peppers);
        let content = content(&notice.news, user);
        let notified = self
            .outbound
            .notify(delivery, to, language, content, &address_keys, now);
        let notified = Box::pin(notified).await?;
        if notified == Notified::Never {
            telemetry::metric("notice_withheld", &[("notice", notice.news.as_str())]);
        }
        Ok(())
    }
}

/// What a notice says; the day of an erasure as it is known now.
fn content(news: &News, user: Option<&User>) -> Content {
    match news {
        News::Address {
            change,
            kind,
            masked,
        } => Content::IdentifierChanged {
            change: *change,
            kind: *kind,
            address: masked.clone(),
        },
        News::ErasureAsked(day) => Content::Erasure(ErasureNews::Asked(*day)),
        News::ErasureNear => {
            let day = user.and_then(User::erasure_day).unwrap_or_default();
            Content::Erasure(ErasureNews::Near(day))
        }
        News::ErasureUndone => Content::Erasure(ErasureNews::Undone),
        News::Erased => Content::Erasure(ErasureNews::Done),
    }
}
