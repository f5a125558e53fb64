//! Domain events that the bus did not take, until it does.
//!
//! They are spread over [`SHARDS`] partitions, so that a bus that is down for long does not make one of them hot.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Store;
use super::item::{Item, Read, at, key_of, s, ttl};
use super::keys::{self, Key, Table};
use super::query::Query;
use crate::Result;
use crate::domain::event::Told;
use crate::domain::id::EventId;
use crate::domain::quota::after;

/// Over how many partitions they are spread.
pub const SHARDS: u8 = 8;

/// How long one is kept, as long as what a queue could not hand over.
const KEEP: Duration = Duration::from_hours(14 * 24);

/// How many are read at once.
const PAGE: usize = 100;

/// Some of the events that were kept, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Each with the key that [`Store::forget_published`] takes.
    pub events: Vec<(Told, Place)>,
    /// Where the next ones begin, if there are more.
    pub next: Option<Place>,
}

/// Where a kept event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(Key);

impl Store {
    /// Keeps events that the bus did not take. Keeping one again changes nothing.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; some may be kept then.
    pub async fn keep_unpublished(&self, events: &[Told], now: Timestamp) -> Result<()> {
        let items: Vec<_> = events
            .iter()
            .map(|event| {
                let mut item = key(event).item();
                let attributes: [(&str, AttributeValue); 4] = [
                    ("name", s(&event.name)),
                    ("detail", s(&event.detail)),
                    ("at", at(event.at)),
                    ("ttl", ttl(after(now, KEEP))),
                ];
                item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
                item
            })
            .collect();
        self.put_all(Table::Ephemeral, &items).await
    }

    /// The oldest kept events of a shard, after a place.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn kept_unpublished(&self, shard: u8, after: Option<Place>) -> Result<Kept> {
        let query = Query::partition(Table::Ephemeral, keys::unpublished(shard, "").pk())
            .after(after.map(|Place(key)| key))
            .page(PAGE);
        let (items, next) = self.query_page(&query).await?;
        let place = |item: &Item| Some(Place(keys::unpublished(shard, item.text("sk")?)));
        let read = |item: &Item| Some((read(item)?, place(item)?));
        Ok(Kept {
            events: items.iter().filter_map(read).collect(),
            next: next.as_ref().and_then(place),
        })
    }

    /// Forgets events that the bus has taken.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; they are published once more then.
    pub async fn forget_published(&self, places: &[Place]) -> Result<()> {
        let keys: Vec<_> = places
            .iter()
            .map(|Place(key)| key_of(&key.item()))
            .collect();
        self.delete_all(Table::Ephemeral, &keys).await
    }
}

fn key(event: &Told) -> Key {
    let shard = event.id.as_bytes()[15] % SHARDS;
    let sk = format!("{}#{}", keys::millis(event.at), event.id);
    keys::unpublished(shard, sk)
}

fn read(item: &Item) -> Option<Told> {
    let (_, id) = item.text("sk")?.split_once('#')?;
    Some(Told {
        id: EventId::parse(id)?,
        at: item.moment("at")?,
        name: item.text("name")?.to_owned(),
        detail: item.text("detail")?.to_owned(),
    })
}
