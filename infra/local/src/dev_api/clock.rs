//! `/_local/clock`: moves the time of everything in this cloud.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::clock::Clock;

use super::{DevApi, PATIENCE, Wrong, object};

/// `{"now"}`.
pub(super) async fn show(State(dev_api): State<Arc<DevApi>>) -> Json<Value> {
    Json(json!({ "now": dev_api.state.clock.now() }))
}

/// `{"advance_seconds": n}` or `{"set": "<time>"}`; both may go back. After a move forward the schedules have run when
/// this answers: what was to happen in between has happened.
pub(super) async fn turn(
    State(dev_api): State<Arc<DevApi>>,
    body: Bytes,
) -> Result<Json<Value>, Wrong> {
    let order = object(&body, &["advance_seconds", "set"])?;
    // What happened before belongs to the time before.
    dev_api.event_sources.settle(PATIENCE).await;
    let clock = &dev_api.state.clock;
    let before = clock.now();
    match (order.get("advance_seconds"), order.get("set")) {
        (Some(seconds), None) => {
            let span = seconds
                .as_f64()
                .and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok())
                .ok_or_else(|| Wrong::value("advance_seconds: expected a number"))?;
            clock.advance_by(span).map_err(Wrong::value)?;
        }
        (None, Some(time)) => {
            let time: Timestamp = time
                .as_str()
                .and_then(|time| time.parse().ok())
                .ok_or_else(|| {
                    Wrong::value("set: expected a time such as \"2026-01-31T12:00:00Z\"")
                })?;
            clock.set(time).map_err(Wrong::value)?;
        }
        _ => return Err(Wrong::value("expected either advance_seconds or set")),
    }
    dev_api.tables.sweep().await;
    if clock.now() > before {
        dev_api.event_sources.calendar.jumped().await;
    } else {
        dev_api.event_sources.calendar.look().await;
    }
    Ok(show(State(dev_api)).await)
}
