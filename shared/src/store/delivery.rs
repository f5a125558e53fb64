//! Deliveries: our own note of a send and the provider's callbacks merge into one item, whichever comes first.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

use super::Store;
use super::item::{Item, Read, at, key_of, map, n, s, ttl};
use super::keys::{self, Table};
use super::query::Query;
use super::write::{Write, held};
use crate::Result;
use crate::domain::channel::Channel;
use crate::domain::delivery::{Delivery, DeliveryStatus};
use crate::domain::id::DeliveryId;
use crate::domain::quota::after;

/// How long a delivery is kept after its last step.
pub(super) const KEEP: Duration = Duration::from_hours(30 * 24);

/// How old a delivery id may be and still make a record. A report may overtake our own note, which is written beside
/// the call to the provider, by a request that lives 15 seconds at most (`Timeout` in template.yaml); the clocks of two
/// functions differ by less than the rest. One that comes later must not bring back the record of a person who was
/// erased.
const MAKES_A_RECORD: SignedDuration = SignedDuration::from_secs(20);

/// The `kind` of a message that carries no code.
pub(crate) const NOTICE: &str = "notice";

impl Store {
    /// Notes that a message is on its way to a recipient, of whom only a MAC is kept; `ended` where its way is over
    /// already, because nothing was sent.
    pub async fn note_delivery(
        &self,
        id: DeliveryId,
        channel: Channel,
        recipient: &str,
        ended: Option<DeliveryStatus>,
        now: Timestamp,
    ) -> Result<()> {
        self.note_message(id, channel, recipient, ended, false, now)
            .await
    }

    /// Like [`Store::note_delivery`], for a message without a code: what becomes of it is shown and not counted.
    pub async fn note_notice_delivery(
        &self,
        id: DeliveryId,
        channel: Channel,
        recipient: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.note_message(id, channel, recipient, None, true, now)
            .await
    }

    async fn note_message(
        &self,
        id: DeliveryId,
        channel: Channel,
        recipient: &str,
        ended: Option<DeliveryStatus>,
        notice: bool,
        now: Timestamp,
    ) -> Result<()> {
        let state = ended.unwrap_or(DeliveryStatus::Queued);
        let history = std::iter::once(DeliveryStatus::Queued)
            .chain(ended)
            .map(|state| step(state, now));
        let mut update =
            "SET ch=if_not_exists(ch,:ch), #to=:to, rk=if_not_exists(rk,:rank), st=if_not_exists(st,:state), \
                          hist=if_not_exists(hist,:history), #at=if_not_exists(#at,:now), #ttl=:ttl"
                .to_owned();
        let mut values = map([
            (":ch", s(channel.as_str())),
            (":to", s(recipient)),
            (":rank", n(state.rank())),
            (":state", s(state.as_str())),
            (":history", AttributeValue::L(history.collect())),
            (":now", at(now)),
            (":ttl", ttl(after(now, KEEP))),
        ]);
        if notice {
            update.push_str(", kind=:kind");
            values.insert(":kind".to_owned(), s(NOTICE));
        }
        let key = keys::delivery(&id.to_string());
        let write = Write::update(Table::Ephemeral, key, update).values(values);
        Ok(self.write(write).await?)
    }

    /// Moves a message on to a state; says whether it moved: backwards and sideways it does not, nor where its record
    /// went with its person.
    pub async fn advance_delivery(
        &self,
        id: DeliveryId,
        state: DeliveryStatus,
        now: Timestamp,
    ) -> Result<bool> {
        let condition = if may_make_a_record(id, now) {
            "attribute_not_exists(rk) OR rk<:rank"
        } else {
            "rk<:rank"
        };
        let set = "SET rk=:rank, st=:state, hist=list_append(if_not_exists(hist,:none),:history), #at=:now, #ttl=:ttl";
        let write = Write::update(Table::Ephemeral, keys::delivery(&id.to_string()), set)
            .when(condition)
            .values([
                (":rank", n(state.rank())),
                (":state", s(state.as_str())),
                (":none", AttributeValue::L(Vec::new())),
                (":history", AttributeValue::L(vec![step(state, now)])),
                (":now", at(now)),
                (":ttl", ttl(after(now, KEEP))),
            ]);
        held(self.write(write).await)
    }

    /// A message's way so far; `None` where nothing is noted yet.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>> {
        self.get(Table::Ephemeral, &keys::delivery(&id.to_string()))
            .await?
            .map(|item| read(&item))
            .transpose()
    }

    /// The keys of the deliveries to a recipient that were made until then. They are listed by an index that may lag
    /// behind by a moment.
    pub(super) async fn deliveries_to(
        &self,
        recipient: &str,
        until: Timestamp,
    ) -> Result<Vec<Item>> {
        let listed = Query::index(Table::Ephemeral, keys::RECIPIENTS, "to", recipient);
        let (listed, _) = self
            .query(listed, usize::MAX, |item| made_by(item, until))
            .await?;
        Ok(listed.iter().map(key_of).collect())
    }
}

pub(super) fn step(state: DeliveryStatus, at_: Timestamp) -> AttributeValue {
    AttributeValue::M(map([("status", s(state.as_str())), ("at", at(at_))]))
}

/// Whether a delivery was made until then, by its id.
fn made_by(item: &Item, until: Timestamp) -> bool {
    let id = item.text("pk").and_then(|pk| pk.strip_prefix("DELIVERY#"));
    id.and_then(DeliveryId::parse)
        .is_some_and(|id| id.made_at() <= until)
}

pub(super) fn may_make_a_record(id: DeliveryId, now: Timestamp) -> bool {
    now.duration_since(id.made_at()) <= MAKES_A_RECORD
}

/// Reads a delivery's item.
pub(super) fn read(item: &Item) -> Result<Delivery> {
    let state = item
        .text("st")
        .and_then(DeliveryStatus::parse)
        .ok_or_else(|| item.corrupt("delivery", "st"))?;
    let steps = item
        .get("hist")
        .and_then(|list| list.as_l().ok())
        .map(Vec::as_slice)
        .unwrap_or_default();
    let history = steps.iter().filter_map(|step| {
        let step = step.as_m().ok()?;
        Some((
            step.text("status").and_then(DeliveryStatus::parse)?,
            step.moment("at")?,
        ))
    });
    Ok(Delivery {
        channel: item
            .text("ch")
            .and_then(|channel| Channel::parse(channel).ok()),
        state,
        updated: item
            .moment("at")
            .ok_or_else(|| item.corrupt("delivery", "at"))?,
        history: history.collect(),
    })
}
