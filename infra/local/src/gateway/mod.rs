//! The gateway: HTTP in, an API Gateway v2 event to a function, HTTP out.
//!
//! It takes what an HTTP API and Lambda take. Amazon's gateway answers what is too large with a bare `{"message"}`;
//! here a body that is too large is left out, and the function is told its length: it decides in its own order whether
//! it would take this caller, this path and this type at all. What the gateway still has to refuse by itself is a
//! problem.

mod answer;
mod event;
mod routes;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use shared::Error;

pub(crate) use routes::Routes;

use crate::emulators::request_id;
use crate::lambda_host::{Failure, LambdaHost};
use crate::state::LocalState;

/// What an HTTP API takes at most: 10 MB of body.
const LARGEST_BODY: usize = 10 * 1024 * 1024;
/// What an HTTP API takes at most: 10,240 bytes of request line and headers.
const LARGEST_HEAD: usize = 10_240;
/// What Lambda takes and gives at most: 6 MB of JSON.
const LARGEST_EVENT: usize = 6_291_456;
/// How much of a body that is too large is still let in, so that a client which sends all of it before it looks for an
/// answer finds one.
const LARGEST_UPLOAD: usize = 64 * 1024 * 1024;
/// How long an HTTP API waits for a function.
const PATIENCE: Duration = Duration::from_secs(30);

/// The gateway of one local cloud.
pub(crate) struct Gateway {
    pub(crate) state: Arc<LocalState>,
    pub(crate) routes: Routes,
    pub(crate) lambda_host: LambdaHost,
    /// `PUBLIC_URL`, without a slash at the end.
    pub(crate) public_url: String,
}

/// Answers a request as API Gateway does, by calling a function.
pub(crate) async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let id = request_id();
    let head = request.method() == Method::HEAD;
    let mut response = match gateway.pass(peer.ip(), request, &id).await {
        Ok(response) => response,
        Err(Refusal(status, error)) => {
            shared::http::refusal(&error, status, &gateway.public_url, &id)
        }
    };
    if head {
        // Of no length: the server would count this one as zero, where a GET has another (RFC 9110 section 8.6).
        let nothing = futures_util::stream::empty::<Result<Bytes, Infallible>>();
        *response.body_mut() = Body::from_stream(nothing);
    }
    response
}

/// An answer of the gateway itself.
struct Refusal(StatusCode, Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error.explanation().status, error)
    }
}

impl Gateway {
    async fn pass(&self, peer: IpAddr, request: Request, id: &str) -> Result<Response, Refusal> {
        let (mut parts, body) = request.into_parts();
        if head_size(&parts) > LARGEST_HEAD {
            let sentence = "The request line and the headers may have at most 10,240 bytes.";
            return Err(Refusal(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                Error::Malformed(sentence.into()),
            ));
        }
        let source_ip = event::source_ip(&mut parts.headers, peer).ok_or_else(|| {
            Error::Malformed("Expected an IP address in the header X-Local-Source-Ip.".into())
        })?;
        let body = read(body).await?;
        let path = event::decoded(parts.uri.path());
        let route = self.routes.find(&path).ok_or(Error::NotFound)?;
        let event = self.event(parts, &path, &body, source_ip, route.key(), id);
        let invocation = self
            .lambda_host
            .invoke(&route.function, id.to_owned(), event);
        let failed = |reason: String| {
            tracing::error!(function = route.function, reason, "function failed");
            Error::Internal(reason)
        };
        let answer = match tokio::time::timeout(PATIENCE, invocation).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(Failure(reason))) => return Err(failed(reason).into()),
            Err(_) => {
                let late = format!("{} took too long", route.function);
                return Err(Error::Unavailable(late).into());
            }
        };
        if answer.to_string().len() > LARGEST_EVENT {
            return Err(failed("its answer is larger than 6 MB".to_owned()).into());
        }
        answer::to_http(answer)
            .map_err(|reason| failed(format!("a malformed answer: {reason}")).into())
    }

    /// The event for a function, without the body where that is too large.
    fn event(
        &self,
        mut parts: Parts,
        path: &str,
        body: &Received,
        source_ip: String,
        route_key: String,
        id: &str,
    ) -> String {
        let now = shared::clock::Clock::now(&*self.state.clock);
        let of = |parts: &Parts, body: &[u8]| {
            let caller = event::Caller {
                parts,
                path,
                body,
                source_ip: &source_ip,
                route_key: &route_key,
                id,
                now,
            };
            event::from_http(&caller).to_string()
        };
        let whole = body.kept.as_deref().map(|kept| of(&parts, kept));
        if let Some(event) = whole.filter(|event| event.len() <= LARGEST_EVENT) {
            return event;
        }
        parts.headers.remove(header::TRANSFER_ENCODING);
        let length = body.length.into();
        parts.headers.insert(header::CONTENT_LENGTH, length);
        of(&parts, &[])
    }
}

fn head_size(parts: &Parts) -> usize {
    let line = parts.method.as_str().len() + parts.uri.to_string().len();
    let headers: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    line + headers
}

/// A body as it came.
struct Received {
    /// All of it, unless it is larger than an HTTP API takes.
    kept: Option<BytesMut>,
    /// How long it is, or how much of it was let in.
    length: usize,
}

async fn read(mut body: Body) -> Result<Received, Error> {
    let mut received = Received {
        kept: Some(BytesMut::new()),
        length: 0,
    };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::Malformed("The body ended early.".into()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        received.length += data.len();
        if received.length > LARGEST_UPLOAD {
            break;
        }
        received.kept = received.kept.filter(|_| received.length <= LARGEST_BODY);
        if let Some(kept) = &mut received.kept {
            kept.extend_from_slice(&data);
        }
    }
    Ok(received)
}
