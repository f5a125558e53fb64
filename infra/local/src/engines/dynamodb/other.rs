//! The streams of another engine, read by the API of DynamoDB Streams as AWS's DynamoDB Local has it: the sequence
//! numbers of one table begin at 1 and grow by 1 from record to record, and a record can be read as soon as its write
//! is answered.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use shared::clock::Clock;

use super::endpoint::{Endpoint, EngineError};
use crate::clock::LocalClock;

/// The most records that one call gives.
const AT_ONCE: usize = 1_000;

/// Reads an engine's streams; remembers where it was, so that reading on is one call.
#[derive(Default)]
pub(super) struct Streams {
    cursors: Mutex<BTreeMap<String, Cursor>>,
}

#[derive(Clone)]
struct Cursor {
    position: i64,
    iterator: String,
}

impl Streams {
    /// The records of a table's stream after this position, and the position after them. They tell `clock`'s time: this
    /// engine tells the machine's, to the minute.
    pub(super) async fn records(
        &self,
        engine: &Endpoint,
        clock: &LocalClock,
        (table, position): (&str, i64),
        limit: usize,
    ) -> Result<(Vec<Value>, i64), EngineError> {
        let known = self.take(table, position);
        let iterator = match known {
            Some(iterator) => iterator,
            None => match iterator(engine, table, position).await? {
                Some(iterator) => iterator,
                None => return Ok((Vec::new(), position)),
            },
        };
        let wanted = json!({ "ShardIterator": iterator, "Limit": limit.min(AT_ONCE) });
        let read = engine.ask_streams("GetRecords", &wanted).await?;
        let mut records = read["Records"].as_array().cloned().unwrap_or_default();
        let position = records.last().map_or(position, sequence_number);
        // A shard that is closed has no next iterator: the position then leads to the next shard.
        if let Some(iterator) = read["NextShardIterator"].as_str() {
            let iterator = iterator.to_owned();
            self.put(table, Cursor { position, iterator });
        }
        let now = clock.now().as_second();
        for record in &mut records {
            record["dynamodb"]["ApproximateCreationDateTime"] = now.into();
        }
        Ok((records, position))
    }

    /// The position at the end of a table's stream.
    pub(super) async fn end(
        &self,
        engine: &Endpoint,
        clock: &LocalClock,
        table: &str,
    ) -> Result<i64, EngineError> {
        let mut position = 0;
        loop {
            let (records, next) = self
                .records(engine, clock, (table, position), AT_ONCE)
                .await?;
            if records.is_empty() {
                return Ok(position);
            }
            position = next;
        }
    }

    /// Forgets where it was: the tables were made anew.
    pub(super) fn forget(&self) {
        self.cursors().clear();
    }

    fn take(&self, table: &str, position: i64) -> Option<String> {
        let cursor = self.cursors().remove(table)?;
        (cursor.position == position).then_some(cursor.iterator)
    }

    fn put(&self, table: &str, cursor: Cursor) {
        self.cursors().insert(table.to_owned(), cursor);
    }

    fn cursors(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Cursor>> {
        self.cursors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An iterator for what comes after this position; `None` where no shard has it yet.
async fn iterator(
    engine: &Endpoint,
    table: &str,
    position: i64,
) -> Result<Option<String>, EngineError> {
    let table = engine
        .ask("DescribeTable", &json!({ "TableName": table }))
        .await?;
    let arn = &table["Table"]["LatestStreamArn"];
    let stream = engine
        .ask_streams("DescribeStream", &json!({ "StreamArn": arn }))
        .await?;
    let shards = stream["StreamDescription"]["Shards"].as_array();
    let shards = shards.map_or(&[][..], Vec::as_slice);
    let number = |shard: &Value, end: &str| -> Option<i64> {
        shard["SequenceNumberRange"][end].as_str()?.parse().ok()
    };
    let Some(shard) = shards
        .iter()
        .find(|shard| number(shard, "EndingSequenceNumber").is_none_or(|end| end > position))
    else {
        return Ok(None);
    };
    let mut wanted = json!({
        "StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON",
    });
    if number(shard, "StartingSequenceNumber").is_some_and(|start| start <= position) {
        wanted["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER".into();
        wanted["SequenceNumber"] = format!("{position:021}").into();
    }
    let answer = engine.ask_streams("GetShardIterator", &wanted).await?;
    Ok(answer["ShardIterator"].as_str().map(str::to_owned))
}

fn sequence_number(record: &Value) -> i64 {
    let number = record["dynamodb"]["SequenceNumber"].as_str();
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}
