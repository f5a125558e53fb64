//! `/_local/outbox`: the messages that were sent.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use http::StatusCode;

use super::{DevApi, PATIENCE};
use crate::outbox::Message;

/// The messages, newest first; `?to=` those to one address. Waits a little for messages that follow from what happened.
pub(super) async fn list(
    State(dev_api): State<Arc<DevApi>>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Vec<Message>> {
    dev_api.event_sources.settle(PATIENCE).await;
    // An unescaped + of a phone number arrives as a blank.
    let to = query.get("to").map(|to| to.trim().to_owned());
    let found = dev_api.state.outbox.list(to.as_deref());
    let with_plus = to.filter(|to| found.is_empty() && to.bytes().all(|b| b.is_ascii_digit()));
    Json(match with_plus {
        Some(digits) => dev_api.state.outbox.list(Some(&format!("+{digits}"))),
        None => found,
    })
}

/// Forgets them.
pub(super) async fn clear(State(dev_api): State<Arc<DevApi>>) -> StatusCode {
    dev_api.state.outbox.clear();
    StatusCode::NO_CONTENT
}
