//! The development API under `/_local/`, and the local cloud's own pages: what people and tests see and move. It exists in no
//! deployed function.

mod avatars;
mod clock;
mod deliveries;
mod door;
mod endpoints;
mod faults;
mod outbox;
mod pages;
mod records;
mod streams;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use tower_http::compression::CompressionLayer;

use crate::callbacks::Callbacks;
use crate::emulators::request_id;
use crate::engines::dynamodb::Tables;
use crate::engines::s3::Buckets;
use crate::event_sources::EventSources;
use crate::event_sources::stream_faults::StreamFaults;
use crate::gateway::{self, Gateway};
use crate::settings::Endpoints;
use crate::state::LocalState;

/// How long an answer of the development API waits for what the event sources still hold.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the development API can reach.
pub(crate) struct DevApi {
    pub(crate) state: Arc<LocalState>,
    pub(crate) tables: Tables,
    pub(crate) buckets: Buckets,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) endpoints: Endpoints,
    /// The settings that this cloud was started with, without secrets.
    pub(crate) settings: Map<String, Value>,
    pub(crate) callbacks: Callbacks,
    pub(crate) event_sources: Arc<EventSources>,
}

/// The whole outside of a local cloud: the development API, and the gateway for every other path.
pub(crate) fn router(dev_api: Arc<DevApi>) -> Router {
    let gateway = any(gateway::handle).with_state(Arc::clone(&dev_api.gateway));
    looked_at()
        .route("/_local/avatars/{*path}", get(avatars::show))
        .route("/_local/outbox/{id}/html", get(pages::mail))
        .route("/_local/outbox", get(outbox::list).delete(outbox::clear))
        .route("/_local/deliveries/{id}/status", post(deliveries::report))
        .route("/_local/callbacks/{provider}", post(deliveries::callback))
        .route("/_local/clock", get(clock::show).post(clock::turn))
        .route(
            "/_local/faults",
            get(faults::list).post(faults::order).delete(faults::clear),
        )
        .route(
            "/_local/streams",
            get(streams::show)
                .post(streams::order)
                .delete(streams::restore),
        )
        .route("/_local/calls", get(records::calls))
        .route("/_local/events", get(records::events))
        .route("/api/analytics/{*path}", any(analytics))
        .route("/_local/endpoints", get(endpoints::show))
        .route("/_local/reset", post(reset))
        .route("/_local/{*path}", any(nothing))
        .layer(from_fn_with_state(Arc::clone(&dev_api), door::keep))
        .layer(map_response(with_headers))
        .with_state(dev_api)
        .fallback_service(gateway)
}

/// What every answer of the API has, the development API's and the pages' have as well.
async fn with_headers(mut response: Response) -> Response {
    let id = HeaderValue::from_str(&request_id()).unwrap_or(HeaderValue::from_static("-"));
    let headers = response.headers_mut();
    headers.entry("x-request-id").or_insert(id);
    headers
        .entry(header::X_CONTENT_TYPE_OPTIONS)
        .or_insert(HeaderValue::from_static("nosniff"));
    headers
        .entry(header::STRICT_TRANSPORT_SECURITY)
        .or_insert(HeaderValue::from_static(
            "max-age=63072000; includeSubDomains",
        ));
    response
}

/// What people look at.
fn looked_at() -> Router<Arc<DevApi>> {
    Router::new()
        .route("/docs", get(pages::api))
        .route("/docs/", get(pages::api))
        .route("/openapi.json", get(pages::document))
        .route("/_local", get(|| async { Redirect::permanent("/_local/") }))
        .route("/_local/", get(pages::outbox))
        .route("/_local/pages/{*path}", get(pages::file))
        // As a CDN would send them.
        .route_layer(CompressionLayer::new())
}

/// Numbers, when they are complete: in the cloud they are behind by a second or two.
async fn analytics(
    State(dev_api): State<Arc<DevApi>>,
    peer: ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    dev_api.event_sources.settle(PATIENCE).await;
    gateway::handle(State(Arc::clone(&dev_api.gateway)), peer, request).await
}

/// An order that the development API does not take, with a sentence that says why.
pub(super) struct Wrong(StatusCode, String);

impl Wrong {
    /// A member with a wrong value.
    pub(super) fn value(sentence: impl Into<String>) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, sentence.into())
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// The body as a JSON object with these members only.
pub(super) fn object(body: &Bytes, known: &[&str]) -> Result<Map<String, Value>, Wrong> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        Wrong(
            StatusCode::BAD_REQUEST,
            format!("the body is no JSON: {error}"),
        )
    })?;
    let Value::Object(object) = value else {
        return Err(Wrong::value("expected a JSON object"));
    };
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(unknown) => Err(Wrong::value(format!(
            "{unknown}: there is no such member; there is {}",
            known.join(", ")
        ))),
        None => Ok(object),
    }
}

async fn nothing() -> Wrong {
    Wrong(
        StatusCode::NOT_FOUND,
        "there is nothing at this path of the development API".to_owned(),
    )
}

/// Empty tables, bucket, outbox, faults and records, the machine's time, and functions that remember nothing.
async fn reset(
    axum::extract::State(dev_api): axum::extract::State<Arc<DevApi>>,
) -> Result<Json<Value>, Wrong> {
    let failed = |reason| Wrong(StatusCode::INTERNAL_SERVER_ERROR, reason);
    let state = &dev_api.state;
    state.faults.clear();
    state.stream_faults.send_replace(StreamFaults::default());
    state.clock.reset();
    dev_api.tables.empty().await.map_err(failed)?;
    dev_api.event_sources.skip().await.map_err(failed)?;
    dev_api
        .buckets
        .empty()
        .map_err(|error| failed(error.to_string()))?;
    dev_api.gateway.lambda_host.reopen().await.map_err(failed)?;
    state.outbox.clear();
    state.events.clear();
    state.confirmations.clear();
    state.calls.clear();
    Ok(Json(json!({ "reset": true })))
}
