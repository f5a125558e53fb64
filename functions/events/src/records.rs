//! A batch of stream records: count, do what is left to be done, publish; then say which records have to come again.
//!
//! Counting comes first and recognises what was counted before. Everything after it may be done twice: the tasks do no
//! harm then, and a published event carries the same id again. A stream is read on from the first record that failed,
//! so nothing behind it is published yet. A bus that fails is no failure of a record ([`crate::publish`]).

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::event::Told;
use shared::keyring::derive::AddressKeys;
use shared::store::stream::{Change, Effects, Interpreter};
use shared::{Error, Result, telemetry};

use crate::App;

/// Records whose tasks are done at the same time.
const SIDE_BY_SIDE: usize = 16;

struct Record {
    sequence: String,
    /// The partition, within which things happened in order.
    partition: String,
    effects: Result<Effects>,
}

impl App {
    /// Takes a batch; the answer names the first record that has to come again, where there is one.
    pub(crate) async fn records(&self, records: &[Value]) -> Value {
        let (failures, read) = self.work(records).await;
        match failures {
            None => json!({ "batchItemFailures": [] }),
            Some((place, error)) => {
                telemetry::cause(&error);
                telemetry::metric("stream_failed", &[]);
                let sequence = read.get(place).map_or("", |read| &read.sequence);
                json!({ "batchItemFailures": [{ "itemIdentifier": sequence }] })
            }
        }
    }

    async fn work(&self, records: &[Value]) -> (Option<(usize, Error)>, Vec<Record>) {
        let peppers = self.peppers.snapshot();
        let interpreter = Interpreter {
            address_keys: AddressKeys::new(&peppers),
            failure_cap: self.rules.failure_cap,
        };
        let mut ids = Vec::new();
        let mut read: Vec<Record> = records
            .iter()
            .map(|record| {
                let change = Change::read(record);
                ids.push(change.as_ref().map(|c| c.id.clone()).unwrap_or_default());
                Record {
                    sequence: record["dynamodb"]["SequenceNumber"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                    partition: record["dynamodb"]["Keys"]["pk"]["S"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                    effects: change.map(|change| interpreter.interpret(&change)),
                }
            })
            .collect();
        let unreadable = read.iter().position(|read| read.effects.is_err());
        let good = unreadable.unwrap_or(read.len());

        // One transaction takes no item twice, so a record that is in the batch twice is counted by its first copy.
        let mut seen = HashSet::new();
        let counted = ids
            .iter()
            .zip(&read[..good])
            .filter_map(|(id, read)| Some((id.as_str(), &*read.effects.as_ref().ok()?.counts)))
            .filter(|(id, counts)| !counts.is_empty() && seen.insert(*id))
            .collect::<Vec<_>>();
        if let Err(error) = self.store.count_once(&counted, self.clock.now()).await {
            return (Some((0, error)), read);
        }

        let (good, mut failure) = self.do_tasks(&mut read[..good]).await;
        if failure.is_none()
            && let Some(place) = unreadable
        {
            let error = Error::internal("a stream record cannot be read");
            failure = Some((place, error));
        }
        let events: Vec<_> = read[..good]
            .iter()
            .flat_map(|read| read.effects.iter().flat_map(|effects| &effects.events))
            .map(Told::from)
            .collect();
        if let Err(error) = self.publish(&events).await {
            failure = Some((0, error));
        }
        (failure, read)
    }

    /// Does the tasks of every record; up to which record all went well, and what went wrong there.
    async fn do_tasks(&self, read: &mut [Record]) -> (usize, Option<(usize, Error)>) {
        let mut done = 0;
        while done < read.len() {
            let end = done + apart(&read[done..]);
            let chunk_done = read[done..end].iter_mut().map(|read| async {
                match &mut read.effects {
                    Ok(effects) => self.do_all(effects).await,
                    Err(_) => Ok(()),
                }
            });
            for outcome in join_all(chunk_done).await {
                if let Err(error) = outcome {
                    return (done, Some((done, error)));
                }
                done += 1;
            }
        }
        (done, None)
    }
}

/// How many of these records, from the first on, can be done side by side: no two of them are of one partition.
fn apart(read: &[Record]) -> usize {
    let mut partitions = HashSet::new();
    let first = read.iter().take(SIDE_BY_SIDE);
    first
        .take_while(|read| partitions.insert(read.partition.as_str()))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_to_one_partition_is_done_in_order() {
        let read = |partition: &str| Record {
            sequence: String::new(),
            partition: partition.to_owned(),
            effects: Ok(Effects::default()),
        };
        assert_eq!(apart(&["a", "b", "a", "c"].map(read)), 2);
        assert_eq!(apart(&["a"].map(read)), 1);
        let many: Vec<_> = (0..40).map(|n| read(&n.to_string())).collect();
        assert_eq!(apart(&many), SIDE_BY_SIDE);
    }
}
