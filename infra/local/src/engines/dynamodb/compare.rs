//! Two engines side by side: each call goes to both, and their answers must mean the same.
//!
//! One call at a time, so that both see the same calls in the same order. What differs is written to a report, a JSON
//! object a line; a last line counts the calls that were compared and lists their shapes. Not compared: consumed capacity, the words of an
//! error, the order in which a set, a scan or an index gives its members.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Map, Value, json};

use super::endpoint::{Endpoint, kind};
use super::refusals;
use crate::proxy::target;

/// The operations on items; what is asked of tables is no matter of meaning.
const COMPARED: [&str; 10] = [
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
];

/// The engine that is compared with the embedded one, and what was found.
pub(super) struct Comparison {
    pub(super) other: Endpoint,
    /// Held while the tables change.
    pub(super) turn: tokio::sync::Mutex<()>,
    report: Mutex<Report>,
}

struct Report {
    file: File,
    /// How many calls were compared, by operation.
    calls: BTreeMap<String, u64>,
    /// The different calls among them, as the code writes them: as many as there are expressions in it.
    shapes: BTreeSet<String>,
}

impl Comparison {
    /// Appends to this report.
    pub(super) fn new(other: Endpoint, report: &Path) -> Result<Self, String> {
        let file = File::options().create(true).append(true).open(report);
        let file = file.map_err(|error| format!("{}: {error}", report.display()))?;
        Ok(Self {
            other,
            turn: tokio::sync::Mutex::default(),
            report: Mutex::new(Report {
                file,
                calls: BTreeMap::new(),
                shapes: BTreeSet::new(),
            }),
        })
    }

    /// The embedded engine's answer, after both have answered.
    pub(super) async fn answer(
        &self,
        own: &Endpoint,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, String> {
        let operation = target(&request);
        if !COMPARED.contains(&operation.as_str()) {
            return own.forward(request).await;
        }
        let _turn = self.turn.lock().await;
        let body = request.body().clone();
        let (own, other) = tokio::join!(
            refusals::or_forward(own, request.clone()),
            self.other.forward(request),
        );
        let (own, other) = (own?, other?);
        self.note(operation, &body, own.body(), other.body());
        Ok(own)
    }

    fn note(&self, operation: String, request: &[u8], own: &[u8], other: &[u8]) {
        let read = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
        let (request, own, other) = (read(request), read(own), read(other));
        let unordered = operation == "Scan" || request["IndexName"].is_string();
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        if meaning(&own, unordered) != meaning(&other, unordered) {
            let found = json!({
                "operation": operation, "request": request, "embedded": own, "other": other,
            });
            report.write(&found);
        }
        report.shapes.insert(shape(&operation, &request));
        *report.calls.entry(operation).or_default() += 1;
    }
}

impl Report {
    fn write(&mut self, line: &Value) {
        // One write, so that the lines of several clouds do not mix.
        if let Err(error) = self.file.write_all(format!("{line}\n").as_bytes()) {
            tracing::error!(%error, "the comparison cannot be written down");
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let counts = json!({ "calls": self.calls, "shapes": self.shapes });
        self.write(&counts);
    }
}

/// What a call asks for whatever its values are: the operation and its expressions, each once.
fn shape(operation: &str, request: &Value) -> String {
    let mut parts = BTreeSet::new();
    collect_expressions(request, "", &mut parts);
    let parts: Vec<_> = parts.into_iter().collect();
    format!("{operation} {}", parts.join(" | "))
}

fn collect_expressions(value: &Value, action: &str, parts: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                match inner {
                    Value::String(text) if name.ends_with("Expression") || name == "IndexName" => {
                        parts.insert(format!("{action}{name} {text}"));
                    }
                    _ => collect_expressions(inner, &format!("{name}."), parts),
                }
            }
        }
        Value::Array(list) => {
            for inner in list {
                collect_expressions(inner, action, parts);
            }
        }
        _ => {}
    }
}

/// What an answer says, without what may differ from engine to engine.
fn meaning(answer: &Value, unordered: bool) -> Value {
    if answer["__type"].is_string() {
        let reasons = answer["CancellationReasons"].as_array();
        let reasons: Vec<_> = reasons
            .into_iter()
            .flatten()
            .map(|reason| json!([reason["Code"], ordered(&reason["Item"])]))
            .collect();
        return json!({
            "error": kind(answer), "reasons": reasons, "item": ordered(&answer["Item"]),
        });
    }
    let mut said = ordered(answer);
    if let Some(said) = said.as_object_mut() {
        said.remove("ConsumedCapacity");
    }
    if unordered && let Some(items) = said["Items"].as_array_mut() {
        items.sort_by_key(Value::to_string);
    }
    said
}

/// The same value, each set in the order of its members.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let one = |(name, inner): (&String, &Value)| {
                let mut inner = ordered(inner);
                if let ("SS" | "NS" | "BS", Value::Array(members)) = (name.as_str(), &mut inner) {
                    members.sort_by_key(Value::to_string);
                }
                (name.clone(), inner)
            };
            Value::Object(map.iter().map(one).collect::<Map<_, _>>())
        }
        Value::Array(list) => list.iter().map(ordered).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_the_same() {
        let one = json!({ "Item": { "a": { "SS": ["x", "y"] } }, "ConsumedCapacity": 1 });
        let two = json!({ "Item": { "a": { "SS": ["y", "x"] } } });
        assert_eq!(meaning(&one, false), meaning(&two, false));
        let own = json!({ "__type": "a#ValidationException", "message": "one" });
        let other = json!({ "__type": "b#ValidationException", "Message": "two" });
        assert_eq!(meaning(&own, false), meaning(&other, false));
        let scan =
            |keys: [&str; 2]| json!({ "Items": keys.map(|key| json!({ "pk": { "S": key } })) });
        assert_eq!(
            meaning(&scan(["a", "b"]), true),
            meaning(&scan(["b", "a"]), true)
        );
    }

    #[test]
    fn calls_that_differ_in_their_values_have_one_shape() {
        let update = |value: &str| {
            json!({
                "Key": { "pk": { "S": value } },
                "UpdateExpression": "SET a = :a",
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": { ":a": { "S": value } },
            })
        };
        assert_eq!(
            shape("UpdateItem", &update("x")),
            shape("UpdateItem", &update("y"))
        );
        let transaction = |count| {
            let actions = vec![json!({ "Update": update("x") }); count];
            shape("TransactWriteItems", &json!({ "TransactItems": actions }))
        };
        assert_eq!(transaction(1), transaction(9));
        assert_ne!(
            shape("UpdateItem", &update("x")),
            shape("UpdateItem", &json!({ "UpdateExpression": "SET b = :a" }))
        );
    }

    #[test]
    fn what_means_something_else_differs() {
        let item = |value: &str| json!({ "Item": { "a": { "S": value } } });
        assert_ne!(meaning(&item("x"), false), meaning(&item("y"), false));
        let cancelled = |code: &str| {
            json!({
                "__type": "a#TransactionCanceledException",
                "CancellationReasons": [{ "Code": "None" }, { "Code": code }],
            })
        };
        assert_ne!(
            meaning(&cancelled("ConditionalCheckFailed"), false),
            meaning(&cancelled("TransactionConflict"), false)
        );
        let page =
            |keys: [&str; 2]| json!({ "Items": keys.map(|key| json!({ "pk": { "S": key } })) });
        assert_ne!(
            meaning(&page(["a", "b"]), false),
            meaning(&page(["b", "a"]), false)
        );
    }
}
