//! The gateway: HTTP in, an API Gateway v2 event to a function, HTTP out.

mod answer;
mod event;
mod routes;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};

pub(crate) use routes::Routes;

use crate::hosting::{Failure, Hosting};
use crate::twins::request_id;
use crate::world::World;

/// What an HTTP API takes at most: 10 MB of body.
const LARGEST_BODY: usize = 10 * 1024 * 1024;
/// What an HTTP API takes at most: 10,240 bytes of request line and headers.
const LARGEST_HEAD: usize = 10_240;
/// What Lambda takes and gives at most: 6 MB of JSON.
const LARGEST_EVENT: usize = 6_291_456;
/// How long an HTTP API waits for a function.
const PATIENCE: Duration = Duration::from_secs(30);

/// The gateway of one local cloud.
pub(crate) struct Gateway {
    pub(crate) world: Arc<World>,
    pub(crate) routes: Routes,
    pub(crate) hosting: Hosting,
}

/// Answers a request as API Gateway does, by calling a function.
pub(crate) async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    match gateway.pass(peer.ip(), request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

/// An answer of the gateway itself.
pub(crate) struct Refusal(StatusCode, &'static str);

const INTERNAL: Refusal = Refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "message": self.1 });
        (self.0, axum::Json(body)).into_response()
    }
}

impl Gateway {
    async fn pass(&self, peer: IpAddr, request: Request) -> Result<Response, Refusal> {
        let (mut parts, body) = request.into_parts();
        if head_size(&parts) > LARGEST_HEAD {
            return Err(Refusal(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "Request Header Fields Too Large",
            ));
        }
        let source_ip = event::source_ip(&mut parts.headers, peer).ok_or(Refusal(
            StatusCode::BAD_REQUEST,
            "X-Local-Source-Ip: expected an IP address",
        ))?;
        let body = read(body).await?;
        let Some(route) = self.routes.find(parts.uri.path()) else {
            return Err(Refusal(StatusCode::NOT_FOUND, "Not Found"));
        };
        let id = request_id();
        let event = event::from_http(&event::Caller {
            parts: &parts,
            body: &body,
            source_ip,
            route_key: route.key(),
            id: &id,
            now: shared::clock::Clock::now(&*self.world.clock),
        });
        let event = event.to_string();
        if event.len() > LARGEST_EVENT {
            return Err(Refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Request Entity Too Large",
            ));
        }
        let invocation = self.hosting.invoke(&route.function, id, event);
        let answer = match tokio::time::timeout(PATIENCE, invocation).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(Failure(reason))) => {
                tracing::error!(function = route.function, reason, "function failed");
                return Err(INTERNAL);
            }
            Err(_) => {
                return Err(Refusal(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Service Unavailable",
                ));
            }
        };
        if answer.to_string().len() > LARGEST_EVENT {
            tracing::error!(function = route.function, "answer larger than 6 MB");
            return Err(INTERNAL);
        }
        answer::to_http(answer).map_err(|reason| {
            tracing::error!(function = route.function, reason, "malformed answer");
            INTERNAL
        })
    }
}

fn head_size(parts: &http::request::Parts) -> usize {
    let line = parts.method.as_str().len() + parts.uri.to_string().len();
    let headers: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    line + headers
}

async fn read(body: Body) -> Result<bytes::Bytes, Refusal> {
    match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Request Entity Too Large",
        )),
        Err(_) => Err(Refusal(StatusCode::BAD_REQUEST, "Bad Request")),
    }
}
