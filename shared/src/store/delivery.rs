//! Deliveries: our own note of a send and the provider's callbacks merge into one item, whichever comes first.

use std::ops::RangeInclusive;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

use super::Store;
use super::item::{Item, Read, at, key_of, map, n, s, ttl};
use super::keys::{self, Table};
use super::query::Query;
use super::write::{Write, held};
use crate::Result;
use crate::domain::challenge::Purpose;
use crate::domain::channel::Channel;
use crate::domain::delivery::{Delivery, DeliveryStatus};
use crate::domain::id::DeliveryId;
use crate::domain::identifier::Identifier;
use crate::domain::quota::{after, before};

/// How long a delivery is kept after its last step.
pub(super) const KEEP: Duration = Duration::from_hours(30 * 24);

/// How old a delivery id may be and still make a record. A report may overtake our own note, which is written beside
/// the call to the provider, by a request that lives 15 seconds at most (`Timeout` in template.yaml); the clocks of two
/// functions differ by less than the rest. One that comes later must not bring back the record of a person who was
/// erased.
const MAKES_A_RECORD: SignedDuration = SignedDuration::from_secs(20);

/// How long after its WhatsApp message a code may go by SMS: it lives ten minutes at the most.
const FALLBACK: Duration = Duration::from_mins(11);

/// The `kind` of a message that carries no code.
pub(crate) const NOTICE: &str = "notice";

/// Our own note of a message that is on its way.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryNote<'a> {
    /// Which message.
    pub id: DeliveryId,
    /// The way that it takes.
    pub channel: Channel,
    /// Whom it goes to: of them only this MAC is kept.
    pub recipient: &'a str,
    /// What it carries.
    pub carries: Carries<'a>,
    /// Where its way is over already, because nothing was sent.
    pub ended: Option<DeliveryStatus>,
}

/// What a message carries.
#[derive(Clone, Copy, Debug)]
pub enum Carries<'a> {
    /// A code for this purpose, to this address.
    Code(Purpose, &'a Identifier),
    /// No code: what becomes of it is shown and not counted.
    Nothing,
}

impl Store {
    /// Notes that a message is on its way. One by WhatsApp names the challenge whose code it carries, until its way has
    /// ended: should it not arrive, the code goes by SMS.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn note_delivery(&self, note: &DeliveryNote<'_>, now: Timestamp) -> Result<()> {
        let state = note.ended.unwrap_or(DeliveryStatus::Queued);
        let history = std::iter::once(DeliveryStatus::Queued)
            .chain(note.ended)
            .map(|state| step(state, now));
        let mut update =
            "SET ch=if_not_exists(ch,:ch), #to=:to, rk=if_not_exists(rk,:rank), st=if_not_exists(st,:state), \
                          hist=if_not_exists(hist,:history), #at=if_not_exists(#at,:now), #ttl=:ttl"
                .to_owned();
        let mut values = map([
            (":ch", s(note.channel.as_str())),
            (":to", s(note.recipient)),
            (":rank", n(state.rank())),
            (":state", s(state.as_str())),
            (":history", AttributeValue::L(history.collect())),
            (":now", at(now)),
            (":ttl", ttl(after(now, KEEP))),
        ]);
        match note.carries {
            Carries::Code(purpose, to)
                if note.channel == Channel::Whatsapp && note.ended.is_none() =>
            {
                update.push_str(", code=:code");
                values.insert(":code".to_owned(), s(keys::name_of_challenge(purpose, to)));
            }
            Carries::Code(..) => {}
            Carries::Nothing => {
                update.push_str(", kind=:kind");
                values.insert(":kind".to_owned(), s(NOTICE));
            }
        }
        let key = keys::delivery(&note.id.to_string());
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
        held(self.write(step_to(id, state, now).when(condition)).await)
    }

    /// A message's way so far; `None` where nothing is noted yet.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>> {
        self.get(Table::Ephemeral, &keys::delivery(&id.to_string()))
            .await?
            .map(|item| read(&item))
            .transpose()
    }

    /// The deliveries to a recipient whose way has not ended, and whose message by this channel was handed over at one of
    /// these moments.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn waiting_deliveries(
        &self,
        recipient: &str,
        channel: Channel,
        handed_over: RangeInclusive<Timestamp>,
    ) -> Result<Vec<DeliveryId>> {
        // A fallback to SMS comes later than the delivery that it belongs to, by the life of a code at the most.
        let oldest = before(*handed_over.start(), FALLBACK);
        let listed = self.deliveries_to(recipient, *handed_over.end()).await?;
        let ids = listed.iter().filter_map(id_of);
        let keys: Vec<_> = ids
            .filter(|id| id.made_at() >= oldest)
            .map(|id| keys::delivery(&id.to_string()))
            .collect();
        let records = self.get_all(Table::Ephemeral, &keys).await?;
        let waiting = records.iter().filter(|record| {
            let state = record.text("st").and_then(DeliveryStatus::parse);
            let fell_back = record.moment("took").filter(|_| channel == Channel::Sms);
            let moment = fell_back.or_else(|| id_of(record).map(|id| id.made_at()));
            state.is_some_and(|state| !state.is_final())
                && moment.is_some_and(|moment| handed_over.contains(&moment))
        });
        Ok(waiting.filter_map(id_of).collect())
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

/// The step of a delivery to a state; whether it may be taken is the caller's condition.
pub(super) fn step_to(id: DeliveryId, state: DeliveryStatus, now: Timestamp) -> Write {
    let set = "SET rk=:rank, st=:state, hist=list_append(if_not_exists(hist,:none),:history), #at=:now, #ttl=:ttl";
    let key = keys::delivery(&id.to_string());
    Write::update(
        Table::Ephemeral,
        key,
        format!("{set}{}", forgotten_at(state)),
    )
    .values([
        (":rank", n(state.rank())),
        (":state", s(state.as_str())),
        (":none", AttributeValue::L(Vec::new())),
        (":history", AttributeValue::L(vec![step(state, now)])),
        (":now", at(now)),
        (":ttl", ttl(after(now, KEEP))),
    ])
}

/// What a delivery whose way has ended keeps no longer: whose code it carries.
pub(super) fn forgotten_at(state: DeliveryStatus) -> &'static str {
    if state.is_final() { " REMOVE code" } else { "" }
}

fn id_of(item: &Item) -> Option<DeliveryId> {
    DeliveryId::parse(item.text("pk")?.strip_prefix("DELIVERY#")?)
}

/// Whether a delivery was made until then, by its id.
fn made_by(item: &Item, until: Timestamp) -> bool {
    id_of(item).is_some_and(|id| id.made_at() <= until)
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
        error_code: item.text("err").map(str::to_owned),
        history: history.collect(),
    })
}
