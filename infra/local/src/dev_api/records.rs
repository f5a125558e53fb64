//! `/_local/calls` and `/_local/events`: what happened at the sockets, and what was published.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde_json::Value;

use super::{DevApi, PATIENCE};
use crate::proxy::{Call, Filter};

/// Every upstream call in the order of its start; `?request_id=` those of one request, `?service=` of one service.
pub(super) async fn calls(
    State(dev_api): State<Arc<DevApi>>,
    Query(mut query): Query<HashMap<String, String>>,
) -> Json<Vec<Call>> {
    Json(dev_api.state.calls.list(&Filter {
        request_id: query.remove("request_id"),
        service: query.remove("service"),
    }))
}

/// The domain events, oldest first; waits a little for what the streams still hold.
pub(super) async fn events(State(dev_api): State<Arc<DevApi>>) -> Json<Vec<Value>> {
    dev_api.event_sources.settle(PATIENCE).await;
    Json(dev_api.state.events.list())
}
