//! `/_local/calls` and `/_local/events`: what happened at the sockets, and what was published.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde_json::Value;

use super::{Desk, PATIENCE};
use crate::proxy::{Call, Filter};

/// Every upstream call in the order of its start; `?request_id=` those of one request, `?service=` of one service.
pub(super) async fn calls(
    State(desk): State<Arc<Desk>>,
    Query(mut query): Query<HashMap<String, String>>,
) -> Json<Vec<Call>> {
    Json(desk.world.calls.list(&Filter {
        request_id: query.remove("request_id"),
        service: query.remove("service"),
    }))
}

/// The domain events, oldest first; waits a little for what the streams still hold.
pub(super) async fn events(State(desk): State<Arc<Desk>>) -> Json<Vec<Value>> {
    desk.feeds.settle(PATIENCE).await;
    Json(desk.world.events.list())
}
