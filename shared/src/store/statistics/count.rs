//! Counting, each change once: the counters' sums and a mark for every change go in one transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Count, SHARDS};
use crate::domain::quota::after;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::item::{Item, n, s, ttl};
use crate::store::keys::{self, Table};
use crate::store::write::{Write, held};
use crate::{Error, Result, entropy};

/// How long a mark is kept.
const KEEP: Duration = Duration::from_hours(15 * 24);

/// What a transaction may hold.
const ACTIONS: usize = 100;

/// The sums by metric and place, then by attribute.
type Sums<'a> = BTreeMap<(&'static str, &'a str), BTreeMap<&'a str, i64>>;

impl Store {
    /// Adds the counts of these changes, except of those that were counted before. `changes` is the name of each
    /// change, which must not repeat, and its counts.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; some may be counted then, and counting them again does
    /// no harm.
    pub async fn count_once(&self, changes: &[(&str, &[Count])], now: Timestamp) -> Result<()> {
        let mut rest = changes;
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at(fitting(rest));
            self.count_chunk(chunk.to_vec(), now).await?;
            rest = later;
        }
        Ok(())
    }

    async fn count_chunk(&self, mut changes: Vec<(&str, &[Count])>, now: Timestamp) -> Result<()> {
        while !changes.is_empty() {
            let address_keys = changes.iter().map(|(id, _)| mark(id, now));
            let sums = sums(&changes);
            let sums = sums.iter().filter_map(|(item, steps)| add(*item, steps));
            match self.transact(address_keys.chain(sums)).await {
                Ok(()) => return Ok(()),
                Err(StoreError::Cancelled(refused)) => {
                    let before = changes.len();
                    let mut refused = refused.into_iter();
                    changes.retain(|_| refused.next().flatten().is_none());
                    if changes.len() == before {
                        return Err(Error::internal("a counter was refused, and no mark"));
                    }
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(())
    }

    /// Counts refused requests for codes, which leave no trace in a stream. A lost reply may count them twice or not
    /// at all: no answer waits for it.
    pub async fn count_beside(&self, count: &Count) -> Result<()> {
        let key = keys::counter(count.metric, any_shard(), &count.place);
        let write = Write::update(Table::Accounts, key, "ADD #figure :many")
            .name("#figure", &count.attribute)
            .value(":many", n(count.by));
        self.write_once(write).await?;
        Ok(())
    }

    /// Marks something that must be done once; whether it was not marked before.
    pub async fn mark_once(&self, id: &str, now: Timestamp) -> Result<bool> {
        // By this the repetition of a call whose reply was lost knows its own work.
        let by = hex::encode(entropy::bytes::<16>());
        let mut item = seen(id, now);
        item.insert("by".to_owned(), s(&by));
        let mark = Write::put(Table::Ephemeral, item)
            .when("attribute_not_exists(pk) OR #by=:by")
            .value(":by", s(by));
        held(self.write(mark).await)
    }

    /// Whether a mark was made by [`Store::mark_once`].
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn is_marked(&self, id: &str) -> Result<bool> {
        let mark = self.get(Table::Ephemeral, &keys::seen(id)).await?;
        Ok(mark.is_some())
    }

    /// Takes a mark away, because what it stood for certainly was not done.
    pub async fn unmark(&self, id: &str) -> Result<()> {
        self.drop_item(Table::Ephemeral, keys::seen(id)).await
    }
}

/// The mark of a change that is counted.
fn mark(id: &str, now: Timestamp) -> Write {
    Write::put_new(Table::Ephemeral, seen(id, now))
}

fn seen(id: &str, now: Timestamp) -> Item {
    let mut item = keys::seen(id).item();
    item.insert("ttl".to_owned(), ttl(after(now, KEEP)));
    item
}

/// Adds to a counter; nothing where every step is zero.
fn add((metric, place): (&'static str, &str), steps: &BTreeMap<&str, i64>) -> Option<Write> {
    let steps: Vec<_> = steps.iter().filter(|(_, by)| **by != 0).collect();
    let terms: Vec<_> = (0..steps.len()).map(|n| format!("#a{n} :a{n}")).collect();
    let set = format!("ADD {}", terms.join(", "));
    let write = Write::update(
        Table::Accounts,
        keys::counter(metric, any_shard(), place),
        set,
    );
    let add = |write: Write, (place, (attribute, by)): (usize, (&&str, &i64))| {
        write
            .name(&format!("#a{place}"), *attribute)
            .value(&format!(":a{place}"), n(by))
    };
    (!steps.is_empty()).then(|| steps.into_iter().enumerate().fold(write, add))
}

/// How many of these fit into one transaction with their counters; at least one, since no change has many.
fn fitting(changes: &[(&str, &[Count])]) -> usize {
    (1..=changes.len())
        .take_while(|many| {
            let chunk = &changes[..*many];
            *many == 1 || many + sums(chunk).len() <= ACTIONS
        })
        .last()
        .unwrap_or(1)
}

fn sums<'a>(changes: &[(&str, &'a [Count])]) -> Sums<'a> {
    let mut sums = Sums::new();
    for count in changes.iter().flat_map(|(_, counts)| *counts) {
        let item = sums
            .entry((count.metric, count.place.as_str()))
            .or_default();
        *item.entry(count.attribute.as_str()).or_default() += count.by;
    }
    sums
}

/// Any shard will do: reading adds them all.
fn any_shard() -> u8 {
    let [random] = entropy::bytes::<1>();
    random % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_changes_as_fit_go_in_one_transaction() {
        let at = Timestamp::UNIX_EPOCH;
        let counts = [Count::registration(at, "otp_email")];
        let same: Vec<(&str, &[Count])> = vec![("x", &counts); 200];
        assert_eq!(fitting(&same), 99);
        assert_eq!(fitting(&same[..1]), 1);
        let none: Vec<(&str, &[Count])> = vec![("x", &[]); 200];
        assert_eq!(fitting(&none), 100);
    }

    #[test]
    fn steps_of_one_counter_are_added_up() {
        let at = Timestamp::UNIX_EPOCH;
        let counts = [
            Count::active(at, 1),
            Count::active(at, -1),
            Count::active(at, 1),
        ];
        let sums = sums(&[("x", &counts)]);
        assert_eq!(sums[&("ACTIVE", "1970-01")]["d01"], 1);
    }
}
