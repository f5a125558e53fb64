//! One conditional write to one item, alone or as a part of a transaction.
//!
//! The condition *is* the logic, so a write reads as table, key, update and condition; everything that the SDK wants
//! around them stands here, once. In both expressions `#word` stands for the attribute `word`, unless [`Write::name`]
//! says otherwise.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnConsumedCapacity, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Store;
use super::error::{StoreError, when_busy};
use super::item::Item;
use super::keys::{Key, Table};
use crate::{Result, entropy};

/// What DynamoDB is to tell of an item whose condition did not hold.
const AS_IT_WAS: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// A write to one item.
#[derive(Clone, Debug)]
#[must_use]
pub(crate) struct Write {
    table: Table,
    action: Action,
    when: Option<String>,
    names: HashMap<String, String>,
    values: Item,
}

#[derive(Clone, Debug)]
enum Action {
    Put(Item),
    Update(Key, String),
    Delete(Key),
    Check(Key),
}

impl Write {
    /// Changes an item, or makes it, by an update expression.
    pub(crate) fn update(table: Table, key: Key, set: impl Into<String>) -> Self {
        Self::new(table, Action::Update(key, set.into()))
    }

    /// Puts an item in the place of whatever is there.
    pub(crate) fn put(table: Table, item: Item) -> Self {
        Self::new(table, Action::Put(item))
    }

    /// Puts an item, on the condition that its key is free.
    pub(crate) fn put_new(table: Table, item: Item) -> Self {
        Self::put(table, item).when("attribute_not_exists(pk)")
    }

    /// Deletes an item, if it is there.
    pub(crate) fn delete(table: Table, key: Key) -> Self {
        Self::new(table, Action::Delete(key))
    }

    /// Only looks whether a condition holds; in a transaction.
    pub(crate) fn check(table: Table, key: Key, condition: impl Into<String>) -> Self {
        Self::new(table, Action::Check(key)).when(condition)
    }

    fn new(table: Table, action: Action) -> Self {
        Self {
            table,
            action,
            when: None,
            names: HashMap::new(),
            values: Item::new(),
        }
    }

    /// Adds to numbers or sets as well; only for an update that does not do so yet.
    pub(crate) fn adding(mut self, terms: &str) -> Self {
        if let Action::Update(_, set) = &mut self.action {
            set.push_str(" ADD ");
            set.push_str(terms);
        }
        self
    }

    /// Writes only if this holds.
    pub(crate) fn when(mut self, condition: impl Into<String>) -> Self {
        self.when = Some(condition.into());
        self
    }

    /// What `#name` stands for, where that is not the attribute `name`; looked at only if an expression uses it.
    pub(crate) fn name(mut self, placeholder: &str, attribute: impl Into<String>) -> Self {
        self.names.insert(placeholder.to_owned(), attribute.into());
        self
    }

    /// What a `:value` of the expressions is; each must be used by one.
    pub(crate) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    /// Several of [`Write::value`].
    pub(crate) fn values<N: Into<String>>(
        mut self,
        values: impl IntoIterator<Item = (N, AttributeValue)>,
    ) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.into(), value));
        self.values.extend(values);
        self
    }

    fn set(&self) -> &str {
        match &self.action {
            Action::Update(_, set) => set,
            _ => "",
        }
    }

    /// The attribute behind each `#name` of the expressions.
    fn names_used(&self) -> Option<HashMap<String, String>> {
        let condition = self.when.as_deref().unwrap_or_default();
        Some(names_in(&[self.set(), condition], &self.names)).filter(|names| !names.is_empty())
    }

    fn values_used(&self) -> Option<Item> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }

    fn in_transaction(self, store: &Store) -> Result<TransactWriteItem, BuildError> {
        let (names, values) = (self.names_used(), self.values_used());
        let table = store.table(self.table);
        let item = TransactWriteItem::builder();
        Ok(match self.action {
            Action::Put(put) => item.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(put))
                    .set_condition_expression(self.when)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(AS_IT_WAS)
                    .build()?,
            ),
            Action::Update(key, set) => item.update(
                Update::builder()
                    .table_name(table)
                    .set_key(Some(key.item()))
                    .update_expression(set)
                    .set_condition_expression(self.when)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(AS_IT_WAS)
                    .build()?,
            ),
            Action::Delete(key) => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key.item()))
                    .set_condition_expression(self.when)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(AS_IT_WAS)
                    .build()?,
            ),
            Action::Check(key) => item.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key.item()))
                    .condition_expression(self.when.unwrap_or_default())
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(AS_IT_WAS)
                    .build()?,
            ),
        }
        .build())
    }
}

/// The attribute behind each `#name` of some expressions: what `given` says, else the name itself.
pub(super) fn names_in(
    expressions: &[&str],
    given: &HashMap<String, String>,
) -> HashMap<String, String> {
    let placeholders = expressions.iter().flat_map(|expression| {
        expression.split('#').skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            &rest[..end.unwrap_or(rest.len())]
        })
    });
    placeholders
        .map(|name| {
            let placeholder = format!("#{name}");
            let attribute = given.get(&placeholder).map_or(name, String::as_str);
            (placeholder, attribute.to_owned())
        })
        .collect()
}

/// Whether a write was made: `false` where its condition did not hold.
pub(super) fn held<T>(outcome: Result<T, StoreError>) -> Result<bool> {
    match outcome {
        Ok(_) => Ok(true),
        Err(StoreError::Condition(_)) => Ok(false),
        Err(fault) => Err(fault.into()),
    }
}

/// Whether a transaction was made: `false` where one of its conditions did not hold.
pub(super) fn all_held(outcome: Result<(), StoreError>) -> Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(StoreError::Cancelled(_)) => Ok(false),
        Err(fault) => Err(fault.into()),
    }
}

impl Store {
    /// Makes one write; repeated by the SDK where its answer is lost, so its condition has to make that harmless.
    pub(super) async fn write(&self, write: Write) -> Result<(), StoreError> {
        self.send(&self.client, &write, ReturnValue::None)
            .await
            .map(drop)
    }

    /// Makes one write, and tells the item as it is then.
    pub(super) async fn update(&self, write: Write) -> Result<Item, StoreError> {
        self.send(&self.client, &write, ReturnValue::AllNew).await
    }

    /// Like [`Store::write`], for what must not happen twice: no repetition where nobody knows whether it was made.
    pub(super) async fn write_once(&self, write: Write) -> Result<(), StoreError> {
        self.send(&self.once, &write, ReturnValue::None)
            .await
            .map(drop)
    }

    /// Like [`Store::update`], for what must not happen twice.
    pub(super) async fn update_once(&self, write: Write) -> Result<Item, StoreError> {
        self.send(&self.once, &write, ReturnValue::AllNew).await
    }

    /// All writes or none. The token makes a repetition after a lost reply harmless, and every repetition is the very
    /// same request. Boxed, since the SDK's futures are large and callers hold several.
    pub(super) fn transact(
        &self,
        writes: impl IntoIterator<Item = Write>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        let actions = writes
            .into_iter()
            .map(|write| write.in_transaction(self))
            .collect::<Result<Vec<_>, _>>();
        async move {
            let actions = actions.map_err(|error| StoreError::Mistaken(error.to_string()))?;
            let token = uuid::Builder::from_random_bytes(entropy::bytes())
                .into_uuid()
                .to_string();
            when_busy(|| async {
                self.client
                    .transact_write_items()
                    .set_transact_items(Some(actions.clone()))
                    .client_request_token(&token)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
                    .await?;
                Ok(())
            })
            .await
        }
        .boxed()
    }

    async fn send(
        &self,
        client: &Client,
        write: &Write,
        told: ReturnValue,
    ) -> Result<Item, StoreError> {
        let (table, names) = (self.table(write.table), write.names_used());
        when_busy(|| async {
            let (names, values) = (names.clone(), write.values_used());
            let item = match &write.action {
                Action::Update(key, set) => {
                    let answer = client
                        .update_item()
                        .table_name(table)
                        .set_key(Some(key.item()))
                        .update_expression(set)
                        .set_condition_expression(write.when.clone())
                        .set_expression_attribute_names(names)
                        .set_expression_attribute_values(values)
                        .return_values(told.clone())
                        .return_values_on_condition_check_failure(AS_IT_WAS)
                        .return_consumed_capacity(ReturnConsumedCapacity::Total)
                        .send()
                        .await?;
                    answer.attributes
                }
                Action::Put(item) => {
                    client
                        .put_item()
                        .table_name(table)
                        .set_item(Some(item.clone()))
                        .set_condition_expression(write.when.clone())
                        .set_expression_attribute_names(names)
                        .set_expression_attribute_values(values)
                        .return_values_on_condition_check_failure(AS_IT_WAS)
                        .return_consumed_capacity(ReturnConsumedCapacity::Total)
                        .send()
                        .await?;
                    None
                }
                Action::Delete(key) => {
                    client
                        .delete_item()
                        .table_name(table)
                        .set_key(Some(key.item()))
                        .set_condition_expression(write.when.clone())
                        .set_expression_attribute_names(names)
                        .set_expression_attribute_values(values)
                        .return_values_on_condition_check_failure(AS_IT_WAS)
                        .return_consumed_capacity(ReturnConsumedCapacity::Total)
                        .send()
                        .await?;
                    None
                }
                Action::Check(_) => {
                    return Err(StoreError::Mistaken("a check stands alone".to_owned()));
                }
            };
            Ok(item.unwrap_or_default())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_stands_for_its_own_name_unless_told_otherwise() {
        let given = HashMap::from([("#sid".to_owned(), "ses_1".to_owned())]);
        let names = names_in(
            &[
                "SET sessions.#sid=:end, #ttl=:ttl",
                "#status=:active AND (#sid<>:x)",
            ],
            &given,
        );
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort();
        let expected = [("#sid", "ses_1"), ("#status", "status"), ("#ttl", "ttl")];
        assert_eq!(
            names,
            expected.map(|(name, attribute)| (name.to_owned(), attribute.to_owned()))
        );
    }
}
