//! What AWS refuses and the embedded engine takes: checked before a call is handed on, so that no code of ours comes to
//! rely on it. What the engine refuses itself is not repeated here; tests/tests/api/engine.rs asks for both.

mod conditions;
mod keys;
mod tokens;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use self::tokens::Expression;
use super::endpoint::Endpoint;
use crate::proxy::{shapes, target};

/// The answer to a call that AWS would not take, or else the engine's.
pub(super) async fn or_forward(
    engine: &Endpoint,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, String> {
    match refusal(&target(&request), request.body()) {
        Some(sentence) => Ok(shapes::invalid(&sentence)),
        None => engine.forward(request).await,
    }
}

/// Why AWS would not take this call; `None` where the engine may judge it.
fn refusal(operation: &str, body: &[u8]) -> Option<String> {
    let request: Value = serde_json::from_slice(body).ok()?;
    match operation {
        "Query" => keys::compared(&request).or_else(|| conditions::refusal(&request)),
        "TransactWriteItems" => {
            let mut actions = request["TransactItems"].as_array()?.iter();
            actions.find_map(|action| {
                let member = action.as_object()?.values().next()?;
                keys::changed(member).or_else(|| conditions::refusal(member))
            })
        }
        _ => conditions::refusal(&request),
    }
}

/// An expression of a request, with the names and values that it may use.
fn expression<'r>(request: &'r Value, member: &str) -> Option<Expression<'r>> {
    let text = request[member].as_str()?;
    let (names, values) = (
        &request["ExpressionAttributeNames"],
        &request["ExpressionAttributeValues"],
    );
    Some(Expression::new(text, names, values))
}
