//! `/_local/outbox`: the messages that were sent.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use http::StatusCode;

use super::{Desk, PATIENCE};
use crate::outbox::Message;

/// The messages, newest first; `?to=` those to one address. Waits a little for letters that follow from what happened.
pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Vec<Message>> {
    desk.feeds.settle(PATIENCE).await;
    // An unescaped + of a phone number arrives as a blank.
    let to = query.get("to").map(|to| to.trim().to_owned());
    let found = desk.world.outbox.list(to.as_deref());
    let with_plus = to.filter(|to| found.is_empty() && to.bytes().all(|b| b.is_ascii_digit()));
    Json(match with_plus {
        Some(digits) => desk.world.outbox.list(Some(&format!("+{digits}"))),
        None => found,
    })
}

/// Forgets them.
pub(super) async fn clear(State(desk): State<Arc<Desk>>) -> StatusCode {
    desk.world.outbox.clear();
    StatusCode::NO_CONTENT
}
