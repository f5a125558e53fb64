//! What AWS refuses and the embedded engine takes: checked before a call is handed on, so that no code of ours comes to
//! rely on it.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use crate::proxy::shapes;

/// The answer to a call that AWS would not take; `None` where the engine may judge it.
pub(super) fn refused(operation: &str, request: &Value) -> Option<Response<Bytes>> {
    let sentence = match operation {
        "Query" => empty_key(request),
        _ => None,
    };
    sentence.map(|sentence| shapes::invalid(&sentence))
}

/// A condition on the keys that compares with an empty string: `begins_with(sk, "")` too.
fn empty_key(query: &Value) -> Option<String> {
    let condition = query["KeyConditionExpression"].as_str()?;
    let values = &query["ExpressionAttributeValues"];
    let empty = placeholders(condition)
        .find(|name| ["S", "B"].iter().any(|kind| values[name][kind] == ""))?;
    Some(format!(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \
         string value. Key: {empty}"
    ))
}

/// The `:values` that an expression names.
fn placeholders(expression: &str) -> impl Iterator<Item = &str> {
    let parts = expression.split(|c: char| !(c.is_ascii_alphanumeric() || "_:#".contains(c)));
    parts.filter(|part| part.starts_with(':'))
}
