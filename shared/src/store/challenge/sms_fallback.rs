//! A code by WhatsApp that did not arrive goes by SMS: the same code, once.
//!
//! The provider's report marks the challenge, the stream carries the mark to the function that may send, and taking the
//! fallback changes `via`: so however often the report and the mark come, one SMS goes.

use futures_util::future::join_all;
use jiff::Timestamp;

use super::{COMMON, KNOWN, Slot};
use crate::Result;
use crate::domain::challenge::{Lane, Live, Purpose};
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
    /// Whose code it is: a known device's own, or anybody's.
    pub lane: Lane,
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
        let marks = CODES.map(|(purpose, slot)| {
            let mark = slot.undelivered;
            let set = format!("SET {mark}=:fell");
            let when = format!(
                "contains({},:fell) AND (attribute_not_exists({mark}) OR {mark}<>:fell)",
                slot.deliveries
            );
            let values = &values;
            async move {
                Ok::<_, crate::Error>(
                    match self
                        .mark(purpose, slot, number, &set, &when, values)
                        .await?
                    {
                        Ok(()) => true,
                        // A report that comes again finds its own mark.
                        Err(old) => old.text(mark) == Some(delivery),
                    },
                )
            }
        });
        let marked: Result<Vec<_>> = join_all(marks).await.into_iter().collect();
        Ok(marked?.contains(&true))
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
        let Some(slot) = slot_of(&item, delivery) else {
            return Ok(Undelivered::Over);
        };
        if item.text(slot.undelivered) != Some(delivery)
            || slot.via(&item) != Some(Channel::Whatsapp)
        {
            return Ok(Undelivered::Elsewhere);
        }
        let live = slot.live(&item).filter(|live| live.expires > now);
        let digits = item.number("digits").and_then(|n| u8::try_from(n).ok());
        let (Some(live), Some(digits)) = (live, digits) else {
            return Ok(Undelivered::Over);
        };
        let text = |name| item.text(name).map(str::to_owned);
        Ok(Undelivered::Live(UndeliveredCode {
            live,
            lane: if *slot == KNOWN {
                Lane::Known
            } else {
                Lane::Stranger
            },
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
        // One that a known device has made its own travelled as that device's.
        let takes = CODES.into_iter().filter(|(of, _)| *of == purpose);
        let takes = takes.map(|(_, slot)| {
            let set = format!("SET {}=:sms", slot.via);
            let when = format!("{}=:fell AND {}=:n", slot.undelivered, slot.nonce);
            let values = &values;
            async move { self.mark(purpose, slot, number, &set, &when, values).await }
        });
        let taken: Result<Vec<_>> = join_all(takes).await.into_iter().collect();
        Ok(taken?.iter().any(Result::is_ok))
    }

    /// One update of a live code that went by WhatsApp; where the condition does not hold, the item as it is.
    async fn mark(
        &self,
        purpose: Purpose,
        slot: &Slot,
        number: &Identifier,
        set: &str,
        when: &str,
        values: &Item,
    ) -> Result<Result<(), Item>> {
        let key = keys::challenge(purpose, number.kind(), number.as_str());
        let withheld = slot.withheld.map_or_else(String::new, |mark| {
            format!(" AND attribute_not_exists({mark})")
        });
        let lives = format!(
            "attribute_exists({}) AND {}>:now{withheld} AND {}=:whatsapp",
            slot.nonce, slot.expires, slot.via
        );
        let write = Write::update(Table::Ephemeral, key, set)
            .when(format!("{lives} AND {when}"))
            .values(values.clone())
            .value(":whatsapp", s(Channel::Whatsapp.as_str()));
        match self.write(write).await {
            Ok(()) => Ok(Ok(())),
            Err(StoreError::Condition(old)) => Ok(Err(old)),
            Err(fault) => Err(fault.into()),
        }
    }
}

/// The codes that a number may have.
static CODES: [(Purpose, &Slot); 3] = [
    (Purpose::SignIn, &COMMON),
    (Purpose::SignIn, &KNOWN),
    (Purpose::Link, &COMMON),
];

/// Which of the challenge's codes this delivery carried.
fn slot_of(item: &Item, delivery: &str) -> Option<&'static Slot> {
    [&COMMON, &KNOWN].into_iter().find(|slot| {
        let carried = item.get(slot.deliveries).and_then(|ids| ids.as_ss().ok());
        carried.is_some_and(|ids| ids.iter().any(|id| id == delivery))
    })
}
