//! `/_local/faults`: which calls are to fail, and how.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::StatusCode;
use serde_json::Value;

use super::{DevApi, PATIENCE, Wrong};

/// Takes an order.
pub(super) async fn order(
    State(dev_api): State<Arc<DevApi>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Wrong> {
    let order = serde_json::from_slice(&body).map_err(|error| {
        Wrong(
            StatusCode::BAD_REQUEST,
            format!("the body is no JSON: {error}"),
        )
    })?;
    // What earlier requests left to be done is done before: the fault is for what comes.
    dev_api.event_sources.settle(PATIENCE).await;
    let listed = dev_api.state.faults.order(order).map_err(Wrong::value)?;
    Ok((StatusCode::CREATED, Json(listed)))
}

/// The orders with their hits.
pub(super) async fn list(State(dev_api): State<Arc<DevApi>>) -> Json<Vec<Value>> {
    Json(dev_api.state.faults.list())
}

/// Drops all orders.
pub(super) async fn clear(State(dev_api): State<Arc<DevApi>>) -> StatusCode {
    dev_api.state.faults.clear();
    StatusCode::NO_CONTENT
}
