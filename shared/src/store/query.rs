//! One paged read of a partition.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::Store;
use super::error::when_busy;
use super::item::{Item, s};
use super::keys::{Key, Table};
use super::write::names_in;
use crate::Result;

/// Which items of a partition, and in which order.
#[derive(Clone, Debug)]
#[must_use]
pub(super) struct Query {
    table: Table,
    index: Option<&'static str>,
    when: String,
    values: Item,
    after: Option<Item>,
    newest_first: bool,
    page: Option<i32>,
}

/// The least items of a page after the first.
const WALKED: i32 = 250;

/// A page, and the key after which the next one begins.
pub(super) type Page = (Vec<Item>, Option<Item>);

impl Query {
    /// Every item of a partition, read consistently.
    pub(super) fn partition(table: Table, pk: AttributeValue) -> Self {
        Self {
            table,
            index: None,
            when: "pk=:pk".to_owned(),
            values: [(":pk".to_owned(), pk)].into(),
            after: None,
            newest_first: false,
            page: None,
        }
    }

    /// Every item that an index lists under a value of its key; an index may lag behind by a moment.
    pub(super) fn index(table: Table, index: &'static str, key: &str, value: &str) -> Self {
        Self {
            index: Some(index),
            when: format!("#{key}=:pk"),
            ..Self::partition(table, s(value))
        }
    }

    /// Only those whose sort key begins so. DynamoDB takes no empty value here.
    pub(super) fn beginning_with(mut self, prefix: &str) -> Self {
        if !prefix.is_empty() {
            self.when.push_str(" AND begins_with(sk,:sk)");
            self.values.insert(":sk".to_owned(), s(prefix));
        }
        self
    }

    /// Only those whose sort key is less than this.
    pub(super) fn below(mut self, sk: impl Into<String>) -> Self {
        self.when.push_str(" AND sk<:below");
        self.values.insert(":below".to_owned(), s(sk));
        self
    }

    /// Only those whose sort key is one of these or between them.
    pub(super) fn between(mut self, low: impl Into<String>, high: impl Into<String>) -> Self {
        self.when.push_str(" AND sk BETWEEN :low AND :high");
        self.values.insert(":low".to_owned(), s(low));
        self.values.insert(":high".to_owned(), s(high));
        self
    }

    /// Only those that come after this one.
    pub(super) fn after(mut self, key: Option<Key>) -> Self {
        self.after = key.map(|key| key.item());
        self
    }

    /// Only those that come after this key, as an earlier page gave it.
    pub(super) fn from(mut self, key: Option<Item>) -> Self {
        self.after = key;
        self
    }

    /// Backwards.
    pub(super) fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// At most so many items a call; without it as many as fit into a megabyte.
    pub(super) fn page(mut self, items: usize) -> Self {
        self.page = Some(i32::try_from(items.clamp(1, 1_000)).unwrap_or(1_000));
        self
    }
}

impl Store {
    /// The first page of what is asked for.
    pub(super) async fn query_page(&self, query: &Query) -> Result<Page> {
        let names = names_in(&[&query.when], &HashMap::new());
        let names = Some(names).filter(|names| !names.is_empty());
        let answer = when_busy(|| async {
            Ok(self
                .client
                .query()
                .table_name(self.table(query.table))
                .set_index_name(query.index.map(str::to_owned))
                .key_condition_expression(&query.when)
                .set_expression_attribute_names(names.clone())
                .set_expression_attribute_values(Some(query.values.clone()))
                .set_exclusive_start_key(query.after.clone())
                .scan_index_forward(!query.newest_first)
                .set_limit(query.page)
                .consistent_read(query.index.is_none())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?)
        })
        .await?;
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty());
        Ok((answer.items.unwrap_or_default(), next))
    }

    /// At most `limit` of the items that `keep` takes, and whether there are more. Where the first page holds too few of them,
    /// such as after many that are over, the next ones are larger.
    pub(super) async fn query(
        &self,
        mut query: Query,
        limit: usize,
        keep: impl Fn(&Item) -> bool,
    ) -> Result<(Vec<Item>, bool)> {
        let mut found = Vec::new();
        loop {
            let (items, next) = self.query_page(&query).await?;
            found.extend(items.into_iter().filter(&keep));
            if found.len() > limit {
                found.truncate(limit);
                return Ok((found, true));
            }
            if next.is_none() {
                return Ok((found, false));
            }
            query.after = next;
            query.page = query.page.map(|items| items.max(WALKED));
        }
    }

    /// What `read` makes of at most `limit` items, and whether there are more. The items themselves go with their page.
    pub(super) async fn query_map<T>(
        &self,
        mut query: Query,
        limit: usize,
        read: impl Fn(&Item) -> Option<T>,
    ) -> Result<(Vec<T>, bool)> {
        let mut found = Vec::new();
        loop {
            let (items, next) = self.query_page(&query).await?;
            found.extend(items.iter().filter_map(&read));
            if found.len() > limit {
                return Ok((found, true));
            }
            if next.is_none() {
                return Ok((found, false));
            }
            query.after = next;
        }
    }

    /// All of them, however many.
    pub(super) async fn query_all(&self, query: Query) -> Result<Vec<Item>> {
        let (found, _) = self.query(query, usize::MAX, |_| true).await?;
        Ok(found)
    }
}
