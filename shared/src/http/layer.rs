//! The layer around every route: the request's scope, one log line, one 500 for a panic, CORS, headers, problems.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::FutureExt as _;

use super::arrival::Arrival;
use super::cors::Cors;
use super::edge::{self, Edge};
use super::respond;
use super::session_cookie::CookiePolicy;
use crate::clock::SharedClock;
use crate::cloud::Setup;
use crate::config::Public;
use crate::telemetry::{self, Outcome, Scope};
use crate::{Error, Result};

struct Layer {
    public_url: String,
    cors: Cors,
    cookies: Arc<CookiePolicy>,
    edge: Option<Edge>,
    clock: SharedClock,
}

/// Puts the layer around a function's router: the last thing that happens to it before [`crate::lambda::Entry::http`].
///
/// Routes are named in their normal form: with a slash at the end under `/api/`, without one elsewhere.
pub fn layer(router: Router, public: &Public, setup: &Setup) -> Router {
    let layer = Layer {
        public_url: public.url.clone(),
        cors: Cors::new(&public.cors_origins),
        cookies: Arc::new(CookiePolicy::new(public)),
        edge: Edge::open(&public.edge, setup),
        clock: setup.clock.clone(),
    };
    router.layer(from_fn_with_state(Arc::new(layer), handle))
}

async fn handle(State(layer): State<Arc<Layer>>, mut request: Request, next: Next) -> Response {
    let arrival = request
        .extensions()
        .get::<Arrival>()
        .cloned()
        .unwrap_or_default();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    request.extensions_mut().insert(Arc::clone(&layer.cookies));
    let method = request.method().clone();
    let origin = layer.cors.allowed(request.headers());
    let preflight = Cors::preflight(&method, request.headers(), origin.as_ref());

    let scope = Scope::new(arrival.request_id.as_str(), arrival.function, arrival.cold);
    let (mut response, code) = scope
        .run(async {
            let answer = match (
                edge::admit(layer.edge.as_ref(), &mut request).await,
                preflight,
            ) {
                (Err(refusal), _) => Err(refusal),
                (Ok(()), Some(response)) => Ok(response),
                (Ok(()), None) => serve(request, next).await,
            };
            finish(answer, &layer, &method, &arrival.request_id)
        })
        .await;

    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    layer.cors.mark(response.headers_mut(), origin);
    mark(response.headers_mut(), &arrival.request_id);
    let outcome = Outcome {
        method: known(&method),
        route: &route,
        status: response.status().as_u16(),
        code,
    };
    scope.close(outcome, layer.clock.now());
    response
}

/// The handler's answer; a panic in it is an error like any other.
async fn serve(request: Request, next: Next) -> Result<Response> {
    AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .await
        .map_err(|_| Error::internal("a handler panicked"))
}

/// Writes an error out as a problem.
fn finish(
    answer: Result<Response>,
    layer: &Layer,
    method: &Method,
    request_id: &str,
) -> (Response, &'static str) {
    let (mut old, error) = match answer {
        Ok(mut response) => match respond::error_of(&mut response, method) {
            None => return (response, "ok"),
            Some(error) => (response, error),
        },
        Err(error) => (Response::default(), Arc::new(error)),
    };
    if let Some(cause) = error.cause() {
        telemetry::cause(cause);
    }
    let status = error.explanation().status;
    let mut response = respond::problem(&error, status, &layer.public_url, request_id);
    // Headers that a handler or an inner layer added (RateLimit, for example) stay.
    let mut last = None;
    for (name, value) in old.headers_mut().drain() {
        last = name.or(last);
        let about_body =
            |name: &HeaderName| *name == header::CONTENT_TYPE || *name == header::CONTENT_LENGTH;
        if let Some(name) = last.as_ref().filter(|name| !about_body(name))
            && !response.headers().contains_key(name)
        {
            response.headers_mut().insert(name.clone(), value);
        }
    }
    (response, error.explanation().code)
}

/// What a gateway of ours answers without any function, in the words and with the headers of every other answer;
/// `status` is the error's own but where the gateway is more exact.
#[must_use]
pub fn refusal(error: &Error, status: StatusCode, public_url: &str, request_id: &str) -> Response {
    let mut response = respond::problem(error, status, public_url, request_id);
    mark(response.headers_mut(), request_id);
    response
}

/// The headers of every answer.
fn mark(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", id);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=63072000; includeSubDomains"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    headers
        .entry(header::REFERRER_POLICY)
        .or_insert(HeaderValue::from_static("no-referrer"));
}

/// The method as the log may show it: a made-up one is the caller's text.
fn known(method: &Method) -> &'static str {
    [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ]
    .iter()
    .position(|one| one == method)
    .map_or("other", |n| {
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"][n]
    })
}
