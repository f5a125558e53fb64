//! Counting, each change once: the counters' sums and a mark for every change go in one transaction.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::{SignedDuration, Timestamp};

use super::{Count, SHARDS};
use crate::domain::quota::after;
use crate::store::Store;
use crate::store::fault::{Fault, when_busy};
use crate::store::item::{map, n, ttl};
use crate::store::keys;
use crate::{Error, Result, entropy};

/// How long a mark is kept.
const KEEP: SignedDuration = SignedDuration::from_hours(15 * 24);

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
            let mut actions = changes
                .iter()
                .map(|(id, _)| self.mark_action(id, now))
                .collect::<Result<Vec<_>>>()?;
            for (item, steps) in sums(&changes) {
                actions.extend(self.add_action(item, &steps)?);
            }
            match self.transact(actions).await {
                Ok(()) => return Ok(()),
                Err(Fault::Cancelled(refused)) => {
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

    fn mark_action(&self, id: &str, now: Timestamp) -> Result<TransactWriteItem> {
        let mut item = keys::seen(id).item();
        let end = now.checked_add(KEEP).unwrap_or(Timestamp::MAX);
        item.insert("ttl".to_owned(), ttl(end));
        let put = Put::builder()
            .table_name(self.ephemeral())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn add_action(
        &self,
        (metric, place): (&'static str, &str),
        steps: &BTreeMap<&str, i64>,
    ) -> Result<Option<TransactWriteItem>> {
        let steps: Vec<_> = steps.iter().filter(|(_, by)| **by != 0).collect();
        if steps.is_empty() {
            return Ok(None);
        }
        let mut update = Update::builder()
            .table_name(self.accounts())
            .set_key(Some(keys::statistic(metric, sharded(place)).item()));
        let mut terms = Vec::new();
        for (place, (attribute, by)) in steps.into_iter().enumerate() {
            terms.push(format!("#a{place} :a{place}"));
            update = update
                .expression_attribute_names(format!("#a{place}"), *attribute)
                .expression_attribute_values(format!(":a{place}"), n(by));
        }
        let update = update
            .update_expression(format!("ADD {}", terms.join(", ")))
            .build()
            .map_err(Error::internal)?;
        Ok(Some(TransactWriteItem::builder().update(update).build()))
    }

    /// Counts refused requests for codes, which leave no trace in a stream. A lost reply may count them twice or not
    /// at all: no answer waits for it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn count_beside(&self, count: &Count) -> Result<()> {
        let key = keys::statistic(count.metric, sharded(&count.place));
        when_busy(|| async {
            self.once
                .update_item()
                .table_name(self.accounts())
                .set_key(Some(key.item()))
                .update_expression("ADD #figure :many")
                .set_expression_attribute_names(Some(map([("#figure", count.attribute.clone())])))
                .set_expression_attribute_values(Some(map([(":many", n(count.by))])))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(())
        })
        .await
        .map_err(|fault: Fault| fault.into())
    }

    /// Marks something that must be done once; whether it was not marked before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn mark_once(&self, id: &str, now: Timestamp) -> Result<bool> {
        let mut item = keys::seen(id).item();
        let keep = std::time::Duration::try_from(KEEP).unwrap_or_default();
        item.insert("ttl".to_owned(), ttl(after(now, keep)));
        let outcome = when_busy(|| async {
            self.once
                .put_item()
                .table_name(self.ephemeral())
                .set_item(Some(item.clone()))
                .condition_expression("attribute_not_exists(pk)")
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(())
        })
        .await;
        match outcome {
            Ok(()) => Ok(true),
            Err(Fault::Condition(_)) => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Takes a mark away, because what it stood for certainly was not done.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn unmark(&self, id: &str) -> Result<()> {
        when_busy(|| async {
            self.client
                .delete_item()
                .table_name(self.ephemeral())
                .set_key(Some(keys::seen(id).item()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(())
        })
        .await
        .map_err(|fault: Fault| fault.into())
    }
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
fn sharded(place: &str) -> String {
    let [random] = entropy::bytes::<1>();
    format!("{place}#{}", random % SHARDS)
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
        assert_eq!(sums[&("ACTIVE", "1970-01-01")]["users"], 1);
    }
}
