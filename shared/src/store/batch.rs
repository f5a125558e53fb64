//! Reading and deleting many items at once.

use aws_sdk_dynamodb::types::{DeleteRequest, ReturnConsumedCapacity, WriteRequest};
use futures_util::future::try_join_all;

use super::Store;
use super::error::{jittered, when_busy};
use super::item::Item;
use super::keys::{Key, Table};
use crate::{Error, Result};

/// The most items that one call deletes (DynamoDB's own limit).
const BATCH: usize = 25;

/// The longest pauses, in milliseconds, before what a busy table left undone is tried again; the last is not waited out
/// for nothing.
const PAUSES: [u64; 8] = [20, 40, 80, 160, 320, 640, 1_000, 1_000];

impl Store {
    /// Deletes the items of these keys, as far as they are there.
    pub(super) async fn delete_all(&self, table: Table, keys: &[Item]) -> Result<()> {
        for batch in keys.chunks(BATCH) {
            let mut left = batch
                .iter()
                .map(|key| {
                    let delete = DeleteRequest::builder().set_key(Some(key.clone())).build();
                    let delete = delete.map_err(Error::internal)?;
                    Ok(WriteRequest::builder().delete_request(delete).build())
                })
                .collect::<Result<Vec<_>>>()?;
            for longest in PAUSES {
                let answer = when_busy(|| async {
                    Ok(self
                        .client
                        .batch_write_item()
                        .request_items(self.table(table), left.clone())
                        .return_consumed_capacity(ReturnConsumedCapacity::Total)
                        .send()
                        .await?)
                })
                .await?;
                let unprocessed = answer.unprocessed_items.unwrap_or_default();
                left = unprocessed.into_values().flatten().collect();
                if left.is_empty() {
                    break;
                }
                tokio::time::sleep(jittered(longest)).await;
            }
            if !left.is_empty() {
                return Err(Error::Unavailable("the table is too busy to delete".into()));
            }
        }
        Ok(())
    }

    /// The items of these keys that are still there.
    pub(super) async fn get_all(&self, table: Table, keys: &[Key]) -> Result<Vec<Item>> {
        let items = try_join_all(keys.iter().map(|key| self.get(table, key))).await?;
        Ok(items.into_iter().flatten().collect())
    }
}
