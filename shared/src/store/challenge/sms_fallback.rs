//! A code by WhatsApp that did not arrive goes by SMS: the same code as the same delivery, once for each message.
//!
//! The provider's report marks the delivery (`fell`, by [`Store::report_undelivered`]), which names the challenge whose code
//! it carries. The stream takes the mark to the function that may send, and taking the fallback marks delivery and challenge in one
//! transaction. So it goes by the delivery, however the report spells the number; and however often report and mark come,
//! and in whatever order those of several messages do, one SMS goes for each.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::{COMMON, KNOWN, Slot};
use crate::Result;
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::channel::Channel;
use crate::domain::delivery::{DeliveryStatus, SealedId};
use crate::domain::id::DeliveryId;
use crate::domain::identifier::Identifier;
use crate::store::Store;
use crate::store::delivery::step_to;
use crate::store::item::{Item, Read, at, b, n, s};
use crate::store::keys::{self, Table};
use crate::store::write::{Write, all_held, held};

/// A code that did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// It goes by SMS already, or its way has ended.
    Settled,
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
    /// The delivery as the challenge holds it, sealed.
    pub sealed: String,
    /// Whose code it is: the common one, a known device's, or both.
    slots: Vec<&'static Slot>,
}

impl Store {
    /// What has become of a code whose delivery was reported as not arrived.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn undelivered(
        &self,
        purpose: Purpose,
        number: &Identifier,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Result<Undelivered> {
        let challenge = keys::challenge(purpose, number.kind(), number.as_str());
        let record = keys::delivery(&delivery.to_string());
        let (challenge, record) = futures_util::try_join!(
            self.get(Table::Ephemeral, &challenge),
            self.get(Table::Ephemeral, &record),
        )?;
        let (challenge, record) = (challenge.unwrap_or_default(), record.unwrap_or_default());
        let ended = record.text("st").and_then(DeliveryStatus::parse);
        let ended = ended.is_some_and(DeliveryStatus::is_final);
        if ended || record.contains_key("took") {
            return Ok(Undelivered::Settled);
        }
        let Some((slot, sealed)) = carried(&challenge, delivery).next() else {
            return Ok(Undelivered::Over);
        };
        let live = slot.live(&challenge).filter(|live| live.expires > now);
        let digits = challenge
            .number("digits")
            .and_then(|n| u8::try_from(n).ok());
        let (Some(live), Some(digits), false) = (live, digits, slot.is_withheld(&challenge)) else {
            return Ok(Undelivered::Over);
        };
        let text = |name| challenge.text(name).map(str::to_owned);
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
            slots: carried(&challenge, delivery)
                .map(|(slot, _)| slot)
                .collect(),
            sealed: sealed.to_owned(),
        }))
    }

    /// Takes the fallback, before anything is sent; `false` where somebody has taken it, the message's way has ended, or
    /// the code is over.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn take_sms_fallback(
        &self,
        purpose: Purpose,
        number: &Identifier,
        delivery: DeliveryId,
        code: &UndeliveredCode,
        now: Timestamp,
    ) -> Result<bool> {
        let sms = s(Channel::Sms.as_str());
        let record = keys::delivery(&delivery.to_string());
        let record = Write::update(Table::Ephemeral, record, "SET took=:now, ch=:sms")
            .when("attribute_not_exists(took) AND rk<:end")
            .values([
                (":now", at(now)),
                (":sms", sms.clone()),
                (":end", n(DeliveryStatus::Failed.rank())),
            ]);
        let challenge = keys::challenge(purpose, number.kind(), number.as_str());
        let of_each = |part: fn(&Slot) -> String, between| {
            let parts = code.slots.iter().map(|slot| part(slot));
            parts.collect::<Vec<_>>().join(between)
        };
        let via = of_each(|slot| format!("{}=:sms", slot.via), ", ");
        let carries_it = |slot: &Slot| {
            let withheld = slot
                .withheld
                .map(|mark| format!(" AND attribute_not_exists({mark})"));
            format!(
                "{}=:nonce AND {}>:now AND contains({},:delivery){}",
                slot.nonce,
                slot.expires,
                slot.deliveries,
                withheld.unwrap_or_default()
            )
        };
        let set = format!("SET {via} ADD took :deliveries");
        let challenge = Write::update(Table::Ephemeral, challenge, set)
            .when(of_each(carries_it, " AND "))
            .values([
                (":sms", sms),
                (":nonce", b(code.live.nonce)),
                (":now", at(now)),
                (":delivery", s(&code.sealed)),
                (":deliveries", AttributeValue::Ss(vec![code.sealed.clone()])),
            ]);
        all_held(self.transact([record, challenge]).await)
    }

    /// Ends a delivery that did not arrive and does not go by SMS; `false` where it does go, or its way had ended.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn end_undelivered(
        &self,
        delivery: DeliveryId,
        end: DeliveryStatus,
        now: Timestamp,
    ) -> Result<bool> {
        let step = step_to(delivery, end, now);
        held(
            self.write(step.when("attribute_not_exists(took) AND rk<:rank"))
                .await,
        )
    }
}

/// The codes of a challenge that were sent by this delivery, which is given as it is held there: sealed.
fn carried(challenge: &Item, delivery: DeliveryId) -> impl Iterator<Item = (&'static Slot, &str)> {
    [&COMMON, &KNOWN].into_iter().filter_map(move |slot| {
        let mut ids = challenge.get(slot.deliveries)?.as_ss().ok()?.iter();
        let of_this = |id: &&String| SealedId::parse(id).is_some_and(|id| id.id == delivery);
        Some((slot, ids.find(of_this)?.as_str()))
    })
}
