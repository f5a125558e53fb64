//! Every upstream call, newest kept: `GET /_local/calls`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;
use shared::clock::{Clock, SystemClock};
use shared::cloud::ticks;

use super::Service;

/// How many calls are kept; the oldest go first.
const KEPT: usize = 50_000;

/// One call to the outside world.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Call {
    /// The request of ours that it belongs to; `None` where the caller did not say.
    pub(crate) request_id: Option<String>,
    pub(crate) service: &'static str,
    pub(crate) operation: String,
    /// Microseconds since 1970 by a clock that only goes forward and is not moved by the development API.
    pub(crate) started_us: u64,
    pub(crate) ended_us: u64,
    /// DynamoDB's capacity units, where the answer names them.
    pub(crate) capacity_units: Option<f64>,
    /// Which table a call to DynamoDB is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<String>,
    /// Which partition of it, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) partition: Option<String>,
    /// What a transaction or a batch does, action by action.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) actions: Vec<Action>,
}

/// One action of a transaction or a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Action {
    /// What IAM calls it: `PutItem` within a transaction, `BatchWriteItem` for each of a batch.
    operation: &'static str,
    table: Option<String>,
    partition: Option<String>,
}

/// Which calls are asked for.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) request_id: Option<String>,
    pub(crate) service: Option<String>,
}

/// The record of calls.
#[derive(Clone)]
pub(crate) struct Calls {
    ring: Arc<Mutex<VecDeque<Call>>>,
    /// When [`ticks`] began, in microseconds since 1970.
    origin_us: u64,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            ring: Arc::default(),
            origin_us: u64::try_from(SystemClock.now().as_microsecond())
                .unwrap_or(0)
                .saturating_sub(ticks()),
        }
    }
}

impl Calls {
    /// Starts to record a call; it is written down when the recording is dropped, however the call ends. `sent` is when
    /// its caller began it, in [`ticks`], where it says so.
    pub(super) fn start(
        &self,
        service: Service,
        operation: &str,
        request_id: Option<String>,
        sent: Option<u64>,
    ) -> Recording {
        let now = self.now();
        let sent = sent.map_or(now, |sent| self.origin_us.saturating_add(sent).min(now));
        Recording {
            calls: self.clone(),
            call: Call {
                request_id,
                service: service.as_str(),
                operation: operation.to_owned(),
                started_us: sent,
                ended_us: now,
                capacity_units: None,
                table: None,
                partition: None,
                actions: Vec::new(),
            },
        }
    }

    /// The calls that fit, oldest first.
    pub(crate) fn list(&self, filter: &Filter) -> Vec<Call> {
        let fits = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|w| found == Some(w))
        };
        let mut calls: Vec<_> = self
            .ring()
            .iter()
            .filter(|call| fits(&filter.request_id, call.request_id.as_deref()))
            .filter(|call| fits(&filter.service, Some(call.service)))
            .cloned()
            .collect();
        calls.sort_by_key(|call| call.started_us);
        calls
    }

    /// Forgets all calls.
    pub(crate) fn clear(&self) {
        self.ring().clear();
    }

    fn now(&self) -> u64 {
        self.origin_us.saturating_add(ticks())
    }

    fn ring(&self) -> MutexGuard<'_, VecDeque<Call>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that is under way.
pub(super) struct Recording {
    calls: Calls,
    call: Call,
}

impl Recording {
    /// The partition key that a call to DynamoDB is about, where it is one.
    pub(super) fn partition(&self) -> Option<&str> {
        self.call.partition.as_deref()
    }

    /// Notes which table and partition a call to DynamoDB is about.
    pub(super) fn about(&mut self, request: &[u8]) {
        let Ok(request) = serde_json::from_slice::<Value>(request) else {
            return;
        };
        (self.call.table, self.call.partition) = place(&request);
        self.call.actions = actions(&request);
    }

    /// Notes DynamoDB's `ConsumedCapacity`: one object, or a list of them for transactions and batches.
    pub(super) fn consumed(&mut self, answer: &[u8]) {
        let Ok(answer) = serde_json::from_slice::<Value>(answer) else {
            return;
        };
        let units = |one: &Value| one["CapacityUnits"].as_f64();
        self.call.capacity_units = match &answer["ConsumedCapacity"] {
            Value::Array(many) => Some(many.iter().filter_map(units).sum()),
            one => units(one),
        };
    }
}

/// The table and the partition of a call or of an action.
fn place(of: &Value) -> (Option<String>, Option<String>) {
    let partitions = [
        &of["Key"]["pk"]["S"],
        &of["Item"]["pk"]["S"],
        &of["ExpressionAttributeValues"][":pk"]["S"],
    ];
    let partition = partitions.into_iter().find_map(Value::as_str);
    let table = of["TableName"].as_str();
    (table.map(str::to_owned), partition.map(str::to_owned))
}

/// The members of a transaction, and what IAM calls each.
const IN_TRANSACTION: [(&str, &str); 5] = [
    ("Put", "PutItem"),
    ("Update", "UpdateItem"),
    ("Delete", "DeleteItem"),
    ("ConditionCheck", "ConditionCheckItem"),
    ("Get", "GetItem"),
];

fn actions(request: &Value) -> Vec<Action> {
    let transaction = request["TransactItems"].as_array().into_iter().flatten();
    let transaction = transaction.flat_map(|item| {
        let members = IN_TRANSACTION.into_iter();
        members.filter_map(move |(member, operation)| Some((operation, item.get(member)?)))
    });
    let transaction = transaction.map(|(operation, action)| {
        let (table, partition) = place(action);
        Action {
            operation,
            table,
            partition,
        }
    });
    let batch = request["RequestItems"].as_object().into_iter().flatten();
    let batch = batch.flat_map(|(table, items)| {
        let writes = items.as_array().into_iter().flatten();
        let writes = writes.flat_map(|write| {
            let members = [&write["PutRequest"], &write["DeleteRequest"]];
            members.into_iter().filter(|member| member.is_object())
        });
        let writes = writes.map(|write| ("BatchWriteItem", place(write).1));
        let reads = items["Keys"].as_array().into_iter().flatten();
        let reads = reads.map(|key| ("BatchGetItem", key["pk"]["S"].as_str().map(str::to_owned)));
        writes.chain(reads).map(|(operation, partition)| Action {
            operation,
            table: Some(table.clone()),
            partition,
        })
    });
    transaction.chain(batch).collect()
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.call.ended_us = self.calls.now();
        let mut ring = self.calls.ring();
        if ring.len() >= KEPT {
            ring.pop_front();
        }
        ring.push_back(self.call.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_is_written_down_when_it_ends() {
        let calls = Calls::default();
        let mut recording = calls.start(Service::DynamoDb, "PutItem", Some("r1".into()), None);
        assert!(calls.list(&Filter::default()).is_empty());
        recording.consumed(br#"{"ConsumedCapacity":{"TableName":"t","CapacityUnits":2.5}}"#);
        drop(recording);
        let listed = calls.list(&Filter::default());
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].capacity_units, Some(2.5));
        assert!(listed[0].ended_us >= listed[0].started_us);
    }

    #[test]
    fn a_call_tells_its_table_and_partition() {
        let calls = Calls::default();
        let mut recording = calls.start(Service::DynamoDb, "Query", None, None);
        recording.about(br#"{"TableName":"t","ExpressionAttributeValues":{":pk":{"S":"A"}}}"#);
        drop(recording);
        let call = calls.list(&Filter::default()).remove(0);
        assert_eq!(
            (call.table.as_deref(), call.partition.as_deref()),
            (Some("t"), Some("A"))
        );
    }

    #[test]
    fn a_transaction_and_a_batch_tell_their_actions() {
        let told = |request: &Value| {
            let told = actions(request).into_iter();
            let told = told.map(|a| (a.operation, a.table.unwrap(), a.partition.unwrap()));
            told.collect::<Vec<_>>()
        };
        let key = json!({ "pk": { "S": "A" }, "sk": { "S": "B" } });
        let transaction = json!({ "TransactItems": [
            { "Update": { "TableName": "t", "Key": key } },
            { "ConditionCheck": { "TableName": "u", "Key": key } },
            { "Put": { "TableName": "t", "Item": key } },
        ] });
        let place = |operation, table: &str| (operation, table.to_owned(), "A".to_owned());
        assert_eq!(
            told(&transaction),
            [
                place("UpdateItem", "t"),
                place("ConditionCheckItem", "u"),
                place("PutItem", "t")
            ]
        );
        let batch = json!({ "RequestItems": { "t": [{ "DeleteRequest": { "Key": key } }] } });
        assert_eq!(told(&batch), [place("BatchWriteItem", "t")]);
        let batch = json!({ "RequestItems": { "t": { "Keys": [key] } } });
        assert_eq!(told(&batch), [place("BatchGetItem", "t")]);
    }

    #[test]
    fn capacity_of_a_transaction_is_the_sum() {
        let calls = Calls::default();
        let mut recording = calls.start(Service::DynamoDb, "TransactWriteItems", None, None);
        recording.consumed(br#"{"ConsumedCapacity":[{"CapacityUnits":4},{"CapacityUnits":2}]}"#);
        drop(recording);
        assert_eq!(calls.list(&Filter::default())[0].capacity_units, Some(6.0));
    }

    #[test]
    fn calls_are_found_by_request() {
        let calls = Calls::default();
        drop(calls.start(Service::Ses, "SendRawEmail", Some("r1".into()), None));
        drop(calls.start(Service::Ses, "SendRawEmail", None, None));
        let filter = Filter {
            request_id: Some("r1".into()),
            ..Filter::default()
        };
        assert_eq!(calls.list(&filter).len(), 1);
        calls.clear();
        assert!(calls.list(&Filter::default()).is_empty());
    }
}
