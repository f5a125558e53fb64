//! The tables' streams, handed to functions in batches, in order and at least once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::background_id;
use super::pattern;
use super::position::Positions;
use super::stream_faults::StreamFaults;
use crate::engines::dynamodb::Tables;
use crate::gateway::Gateway;
use crate::settings::REGION;
use crate::template::StreamEvents;

/// One function's subscription to one table's stream.
pub(crate) struct Feed {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) tables: Tables,
    pub(crate) positions: Arc<Positions>,
    pub(crate) wanted: StreamEvents,
    pub(crate) table: String,
    /// Counts the writes to any table.
    pub(crate) writes: watch::Receiver<u64>,
    /// How the stream is to behave.
    pub(crate) stream_faults: watch::Receiver<StreamFaults>,
    /// The count up to which this feed has handed everything over.
    pub(crate) done: watch::Sender<u64>,
}

impl Feed {
    /// What the position is kept under.
    pub(crate) fn name(function: &str, table: &str) -> String {
        format!("{function} {table}")
    }

    /// Hands records over until the cloud ends.
    pub(crate) async fn run(mut self) {
        loop {
            if self
                .stream_faults
                .wait_for(|stream_faults| !stream_faults.paused)
                .await
                .is_err()
            {
                return; // the cloud ends
            }
            let writes = *self.writes.borrow_and_update();
            while self.batch().await {}
            if self.stream_faults.borrow().paused {
                continue;
            }
            let _ = self.done.send(writes);
            // A sweep of TTL writes without a call, so it is looked at now and then all the same.
            let _ = tokio::time::timeout(Duration::from_millis(500), self.writes.changed()).await;
        }
    }

    /// Hands what there is over, a batch for each shard at the most; whether there was anything.
    async fn batch(&self) -> bool {
        let stream_faults = *self.stream_faults.borrow();
        if stream_faults.paused {
            return false;
        }
        let name = Self::name(&self.wanted.function, &self.table);
        let (age, position) = self.positions.get(&name);
        let most = self.wanted.batch * stream_faults.shards.max(1);
        let (records, next) = match self.tables.records(&self.table, position, most).await {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(table = self.table, error, "the stream cannot be read");
                return false;
            }
        };
        if records.is_empty() {
            return false;
        }
        let wanted: Vec<_> = records
            .into_iter()
            .map(|record| self.dressed(record))
            .filter(|record| self.wanted.fits(|p| pattern::fits(p, record)))
            .collect();
        let shards = stream_faults.deal(wanted).into_iter();
        let handed_over = shards.map(|shard| self.shard(shard, stream_faults, (&name, age)));
        join_all(handed_over).await;
        self.positions.set(&name, age, next);
        true
    }

    /// Hands a shard's records over in batches, one after the other.
    async fn shard(&self, records: Vec<Value>, stream_faults: StreamFaults, feed: (&str, u64)) {
        for batch in records.chunks(self.wanted.batch.max(1)) {
            let batch = stream_faults.doubled(batch);
            self.until_taken(batch.clone(), feed).await;
            if stream_faults.by_chance() {
                self.until_taken(batch, feed).await;
            }
        }
    }

    /// Hands one batch over, again and again until it is taken, or given up.
    async fn until_taken(&self, mut left: Vec<Value>, (name, age): (&str, u64)) {
        let mut wait = Duration::from_millis(100);
        for attempt in 0.. {
            left = self.hand_over(left).await;
            if left.is_empty() || self.positions.get(name).0 != age {
                break;
            }
            if attempt >= self.wanted.retries {
                tracing::error!(
                    function = self.wanted.function,
                    records = left.len(),
                    "records are given up"
                );
                break;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }

    /// Calls the function; gives back what has to be handed over again.
    async fn hand_over(&self, records: Vec<Value>) -> Vec<Value> {
        if records.is_empty() {
            return records;
        }
        let event = json!({ "Records": records }).to_string();
        let answer = self
            .gateway
            .lambda_host
            .invoke(&self.wanted.function, background_id(), event);
        match answer.await {
            Ok(answer) if self.wanted.reports_failures => unfinished(records, &answer),
            Ok(_) => Vec::new(),
            Err(failure) => {
                tracing::warn!(
                    function = self.wanted.function,
                    reason = failure.0,
                    "records failed"
                );
                records
            }
        }
    }

    /// A record as Lambda hands it over.
    fn dressed(&self, mut record: Value) -> Value {
        record["awsRegion"] = REGION.into();
        record["eventSourceARN"] = format!(
            "arn:aws:dynamodb:{REGION}:000000000000:table/{}/stream/local",
            self.table
        )
        .into();
        record
    }
}

/// With `ReportBatchItemFailures`: everything from the first reported record on comes again.
fn unfinished(records: Vec<Value>, answer: &Value) -> Vec<Value> {
    let failed: BTreeSet<_> = answer["batchItemFailures"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|failure| failure["itemIdentifier"].as_str())
        .collect();
    if failed.is_empty() {
        return Vec::new();
    }
    let sequence = |record: &Value| {
        record["dynamodb"]["SequenceNumber"]
            .as_str()
            .map(str::to_owned)
    };
    let first = records
        .iter()
        .position(|record| sequence(record).is_some_and(|s| failed.contains(s.as_str())))
        // An identifier that is not in the batch: Lambda repeats all of it.
        .unwrap_or(0);
    records.into_iter().skip(first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sequence: &str) -> Value {
        json!({"dynamodb": {"SequenceNumber": sequence}})
    }

    #[test]
    fn everything_from_the_first_failure_on_comes_again() {
        let batch = || vec![record("1"), record("2"), record("3")];
        let failure = |s: &str| json!({"batchItemFailures": [{"itemIdentifier": s}]});
        assert!(unfinished(batch(), &json!({"batchItemFailures": []})).is_empty());
        assert!(unfinished(batch(), &Value::Null).is_empty());
        assert_eq!(
            unfinished(batch(), &failure("2")),
            [record("2"), record("3")]
        );
        assert_eq!(unfinished(batch(), &failure("9")).len(), 3);
    }
}
