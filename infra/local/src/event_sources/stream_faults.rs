//! How the streams behave: in order and once, or as badly as Amazon's may.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Serialize;
use serde_json::Value;
use shared::entropy;

/// What the development API ordered; by itself everything comes at once, in order and a single time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct StreamFaults {
    /// Nothing is handed over.
    pub(crate) paused: bool,
    /// Over how many shards a table's partitions are dealt out. Each keeps its order; they are handed over side by
    /// side.
    pub(crate) shards: usize,
    /// In how many of a hundred cases a record comes twice, and a batch that was taken comes again.
    pub(crate) duplicates: u8,
}

/// The most shards that can be ordered.
pub(crate) const MOST_SHARDS: usize = 16;

impl Default for StreamFaults {
    fn default() -> Self {
        Self {
            paused: false,
            shards: 1,
            duplicates: 0,
        }
    }
}

impl StreamFaults {
    /// The records by shard. A partition is in one shard, in its order; which shard comes first is left to chance.
    pub(super) fn deal(self, records: Vec<Value>) -> Vec<Vec<Value>> {
        let mut shards = vec![Vec::new(); self.shards.max(1)];
        for record in records {
            let mut hasher = DefaultHasher::new();
            record["dynamodb"]["Keys"]["pk"]["S"]
                .as_str()
                .hash(&mut hasher);
            let shard = usize::try_from(hasher.finish() % shards.len() as u64).unwrap_or(0);
            shards[shard].push(record);
        }
        shards.retain(|shard| !shard.is_empty());
        if shards.len() > 1 {
            let [first] = entropy::bytes::<1>();
            let first = usize::from(first) % shards.len();
            shards.rotate_left(first);
        }
        shards
    }

    /// Some of the records twice in a row.
    pub(super) fn doubled(self, records: &[Value]) -> Vec<Value> {
        let twice = |record: &Value| {
            let copy = self.by_chance().then(|| record.clone());
            std::iter::once(record.clone()).chain(copy)
        };
        records.iter().flat_map(twice).collect()
    }

    /// Whether it is to happen again.
    pub(super) fn by_chance(self) -> bool {
        let bytes = entropy::bytes::<2>();
        u16::from_be_bytes(bytes) % 100 < u16::from(self.duplicates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(pk: u64, n: u64) -> Value {
        json!({"dynamodb": {"Keys": {"pk": {"S": pk.to_string()}}, "SequenceNumber": n.to_string()}})
    }

    #[test]
    fn a_partition_keeps_its_order_in_one_shard() {
        let records: Vec<_> = (0..200).map(|n| record(n % 20, n)).collect();
        let stream_faults = StreamFaults {
            shards: 4,
            ..StreamFaults::default()
        };
        let shards = stream_faults.deal(records.clone());
        assert!(shards.len() > 1);
        assert_eq!(shards.iter().map(Vec::len).sum::<usize>(), 200);
        for partition in 0..20 {
            let of = |records: &[Value]| -> Vec<Value> {
                let key = json!(partition.to_string());
                let mine = |r: &&Value| r["dynamodb"]["Keys"]["pk"]["S"] == key;
                records.iter().filter(mine).cloned().collect()
            };
            let holding: Vec<_> = shards
                .iter()
                .map(|s| of(s))
                .filter(|s| !s.is_empty())
                .collect();
            assert_eq!(holding, [of(&records)]);
        }
    }

    #[test]
    fn duplicates_come_when_they_are_ordered() {
        let records = [record(1, 1), record(2, 2)];
        assert_eq!(StreamFaults::default().doubled(&records), records);
        let stream_faults = StreamFaults {
            duplicates: 100,
            ..StreamFaults::default()
        };
        assert_eq!(stream_faults.doubled(&records).len(), 4);
    }
}
