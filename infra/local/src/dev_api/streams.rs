//! `/_local/streams`: how the tables' streams are handed to functions.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::StatusCode;
use serde_json::Value;

use super::{Desk, Wrong, object};
use crate::event_sources::stream_faults::{MOST_SHARDS, Manners};

/// `{"paused", "shards", "duplicates"}`.
pub(super) async fn show(State(desk): State<Arc<Desk>>) -> Json<Manners> {
    Json(*desk.world.manners.borrow())
}

/// Any of `{"paused": true, "shards": 4, "duplicates": 20}`; what is not named stays.
pub(super) async fn order(
    State(desk): State<Arc<Desk>>,
    body: Bytes,
) -> Result<Json<Manners>, Wrong> {
    let order = object(&body, &["paused", "shards", "duplicates"])?;
    let mut manners = *desk.world.manners.borrow();
    if let Some(paused) = order.get("paused") {
        let paused = paused.as_bool();
        manners.paused = paused.ok_or_else(|| Wrong::value("paused: expected true or false"))?;
    }
    if let Some(shards) = order.get("shards") {
        manners.shards = whole(shards)
            .filter(|shards| (1..=MOST_SHARDS).contains(shards))
            .ok_or_else(|| Wrong::value(format!("shards: expected 1 to {MOST_SHARDS}")))?;
    }
    if let Some(duplicates) = order.get("duplicates") {
        manners.duplicates = whole(duplicates)
            .and_then(|percent| u8::try_from(percent).ok())
            .filter(|percent| *percent <= 100)
            .ok_or_else(|| Wrong::value("duplicates: expected 0 to 100, in per cent"))?;
    }
    desk.world.manners.send_replace(manners);
    Ok(Json(manners))
}

/// In order and once again.
pub(super) async fn restore(State(desk): State<Arc<Desk>>) -> StatusCode {
    desk.world.manners.send_replace(Manners::default());
    StatusCode::NO_CONTENT
}

fn whole(value: &Value) -> Option<usize> {
    value
        .as_u64()
        .and_then(|number| usize::try_from(number).ok())
}
