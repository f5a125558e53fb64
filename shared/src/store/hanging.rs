//! What hangs on a person: one partition, a page of it at a time.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::Store;
use super::fault::when_busy;
use super::item::{Item, map, s};
use super::keys::{self, Key};
use crate::Result;
use crate::domain::id::UserId;

/// Which items of a person, and in which order.
pub(super) struct Hanging<'a> {
    pub(super) user: UserId,
    /// What their sort keys begin with; an empty prefix takes all of them.
    pub(super) prefix: &'a str,
    /// Only those after this one.
    pub(super) after: Option<Key>,
    pub(super) newest_first: bool,
    pub(super) limit: usize,
}

impl Store {
    /// At most `limit` items, and whether there are more. An item is in only if `keep` says so.
    pub(super) async fn hanging(
        &self,
        wanted: Hanging<'_>,
        keep: impl Fn(&Item) -> bool,
    ) -> Result<(Vec<Item>, bool)> {
        let (condition, values) = keys_of(&wanted);
        let at_once = i32::try_from(wanted.limit.saturating_add(1).min(1_000)).unwrap_or(1_000);
        let mut from = wanted.after.map(|key| key.item());
        let mut found = Vec::new();
        loop {
            let answer = when_busy(|| async {
                Ok(self
                    .client
                    .query()
                    .table_name(self.accounts())
                    .key_condition_expression(condition)
                    .set_expression_attribute_values(Some(values.clone()))
                    .set_exclusive_start_key(from.clone())
                    .scan_index_forward(!wanted.newest_first)
                    .limit(at_once)
                    .consistent_read(true)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
                    .await?)
            })
            .await?;
            found.extend(answer.items.unwrap_or_default().into_iter().filter(&keep));
            from = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if found.len() > wanted.limit {
                found.truncate(wanted.limit);
                return Ok((found, true));
            }
            if from.is_none() {
                return Ok((found, false));
            }
        }
    }
}

/// The condition on the keys, with its values. DynamoDB refuses an empty string for a key, in a condition too, so an
/// empty prefix makes no condition on the sort key.
fn keys_of(wanted: &Hanging<'_>) -> (&'static str, Item) {
    let mut values = map([(":pk", keys::user(wanted.user).pk())]);
    if wanted.prefix.is_empty() {
        return ("pk=:pk", values);
    }
    values.insert(":sk".to_owned(), s(wanted.prefix));
    ("pk=:pk AND begins_with(sk,:sk)", values)
}
