//! A code by WhatsApp that did not arrive goes by SMS: the same code, once.
//!
//! The provider's report marks the challenge, the stream carries the mark to the function that may send, and taking the
//! fallback changes `via`: so however often the report and the mark come, one SMS goes.

use jiff::Timestamp;

use super::live;
use crate::Result;
use crate::domain::challenge::{Live, Purpose};
use crate::domain::channel::Channel;
use crate::domain::identifier::Identifier;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::item::{Item, Read, at, b, map, s};
use crate::store::keys::{self, Table};
use crate::store::write::Write;

/// A code that did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// It goes by SMS already, or another message carries it.
    Elsewhere,
    /// There is no code any more that this message carried.
    Over,
    /// It can be sent again.
    Live(UndeliveredCode),
}

/// A live code as its message carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndeliveredCode {
    /// What the code is derived from.
    pub live: Live,
    /// How long the code is.
    pub digits: u8,
    /// For linking: whom it is for and which version of the address it replaces.
    pub owner: Option<String>,
    /// The language that came with the request.
    pub language: Option<String>,
}

impl Store {
    /// Marks the number's live code as not arrived by this delivery; `false` where no live code went by WhatsApp.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer: the provider should report again.
    pub async fn mark_undelivered(
        &self,
        number: &Identifier,
        delivery: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let values = map([(":fell", s(delivery)), (":now", at(now))]);
        let new = "contains(ids,:fell) AND (attribute_not_exists(fell) OR fell<>:fell)";
        let (sign_in, link) = futures_util::try_join!(
            self.mark(Purpose::SignIn, number, "SET fell=:fell", new, &values),
            self.mark(Purpose::Link, number, "SET fell=:fell", new, &values),
        )?;
        // A report that comes again finds its own mark.
        let marked = |outcome: Result<(), Item>| match outcome {
            Ok(()) => true,
            Err(old) => old.text("fell") == Some(delivery),
        };
        Ok(marked(sign_in) || marked(link))
    }

    /// What has become of a code that was marked as not arrived.
    pub async fn undelivered(
        &self,
        purpose: Purpose,
        number: &Identifier,
        delivery: &str,
        now: Timestamp,
    ) -> Result<Undelivered> {
        let key = keys::challenge(purpose, number.kind(), number.as_str());
        let item = self.get(Table::Ephemeral, &key).await?.unwrap_or_default();
        let carried = item
            .get("ids")
            .and_then(|ids| ids.as_ss().ok())
            .is_some_and(|ids| ids.iter().any(|id| id == delivery));
        if !carried {
            return Ok(Undelivered::Over);
        }
        if item.text("fell") != Some(delivery)
            || item.text("via") != Some(Channel::Whatsapp.as_str())
        {
            return Ok(Undelivered::Elsewhere);
        }
        let live = live(&item).filter(|live| live.expires > now);
        let digits = item.number("digits").and_then(|n| u8::try_from(n).ok());
        let (Some(live), Some(digits)) = (live, digits) else {
            return Ok(Undelivered::Over);
        };
        let text = |name| item.text(name).map(str::to_owned);
        Ok(Undelivered::Live(UndeliveredCode {
            live,
            digits,
            owner: text("owner"),
            language: text("lang"),
        }))
    }

    /// Takes the fallback, before anything is sent; `false` where somebody has taken it, or the code is over.
    pub async fn take_sms_fallback(
        &self,
        purpose: Purpose,
        number: &Identifier,
        delivery: &str,
        live: &Live,
        now: Timestamp,
    ) -> Result<bool> {
        let values = map([
            (":fell", s(delivery)),
            (":sms", s(Channel::Sms.as_str())),
            (":n", b(live.nonce)),
            (":now", at(now)),
        ]);
        let untaken = "fell=:fell AND nonce=:n";
        let taken = self
            .mark(purpose, number, "SET via=:sms", untaken, &values)
            .await?;
        Ok(taken.is_ok())
    }

    /// One update of a live code that went by WhatsApp; where the condition does not hold, the item as it is.
    async fn mark(
        &self,
        purpose: Purpose,
        number: &Identifier,
        set: &str,
        when: &str,
        values: &Item,
    ) -> Result<Result<(), Item>> {
        let key = keys::challenge(purpose, number.kind(), number.as_str());
        let write = Write::update(Table::Ephemeral, key, set)
            .when(format!("{LIVE} AND via=:whatsapp AND {when}"))
            .values(values.clone())
            .value(":whatsapp", s(Channel::Whatsapp.as_str()));
        match self.write(write).await {
            Ok(()) => Ok(Ok(())),
            Err(StoreError::Condition(old)) => Ok(Err(old)),
            Err(fault) => Err(fault.into()),
        }
    }
}

const LIVE: &str = "attribute_exists(nonce) AND exp>:now AND attribute_not_exists(mute)";
