//! `/_local/streams`: how the tables' streams are handed to functions.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::StatusCode;
use serde_json::Value;

use super::{DevApi, Wrong, object};
use crate::event_sources::stream_faults::{MOST_SHARDS, StreamFaults};

/// `{"paused", "shards", "duplicates"}`.
pub(super) async fn show(State(dev_api): State<Arc<DevApi>>) -> Json<StreamFaults> {
    Json(*dev_api.state.stream_faults.borrow())
}

/// Any of `{"paused": true, "shards": 4, "duplicates": 20}`; what is not named stays.
pub(super) async fn order(
    State(dev_api): State<Arc<DevApi>>,
    body: Bytes,
) -> Result<Json<StreamFaults>, Wrong> {
    let order = object(&body, &["paused", "shards", "duplicates"])?;
    let mut stream_faults = *dev_api.state.stream_faults.borrow();
    if let Some(paused) = order.get("paused") {
        let paused = paused.as_bool();
        stream_faults.paused =
            paused.ok_or_else(|| Wrong::value("paused: expected true or false"))?;
    }
    if let Some(shards) = order.get("shards") {
        stream_faults.shards = whole(shards)
            .filter(|shards| (1..=MOST_SHARDS).contains(shards))
            .ok_or_else(|| Wrong::value(format!("shards: expected 1 to {MOST_SHARDS}")))?;
    }
    if let Some(duplicates) = order.get("duplicates") {
        stream_faults.duplicates = whole(duplicates)
            .and_then(|percent| u8::try_from(percent).ok())
            .filter(|percent| *percent <= 100)
            .ok_or_else(|| Wrong::value("duplicates: expected 0 to 100, in per cent"))?;
    }
    dev_api.state.stream_faults.send_replace(stream_faults);
    Ok(Json(stream_faults))
}

/// In order and once again.
pub(super) async fn restore(State(dev_api): State<Arc<DevApi>>) -> StatusCode {
    dev_api
        .state
        .stream_faults
        .send_replace(StreamFaults::default());
    StatusCode::NO_CONTENT
}

fn whole(value: &Value) -> Option<usize> {
    value
        .as_u64()
        .and_then(|number| usize::try_from(number).ok())
}
