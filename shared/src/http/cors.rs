//! Which web pages may call the API: those of the allow-list, and no others.
//!
//! Source: the Fetch standard, section 3.2 (CORS protocol). Credentials are allowed to those pages, for the session cookie,
//! and to no others: an origin is compared, never repeated.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// The headers that routes read; and those that tracing adds to every request of a page (W3C Trace Context and Baggage,
/// Sentry), which would be refused altogether otherwise.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, x-device-token, x-session-cookie, \
     traceparent, tracestate, baggage, sentry-trace",
);
const EXPOSED: HeaderValue =
    HeaderValue::from_static("Retry-After, X-Request-Id, ETag, RateLimit, RateLimit-Policy");
/// Seconds that a browser may remember a preflight; Chromium keeps none longer than two hours.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The allow-list.
#[derive(Clone, Debug)]
pub(super) struct Cors {
    origins: Vec<HeaderValue>,
}

impl Cors {
    pub(super) fn new(origins: &[String]) -> Self {
        Self {
            origins: origins
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok())
                .collect(),
        }
    }

    /// The caller's origin, if it is on the list, byte for byte.
    pub(super) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.origins.iter().find(|one| *one == origin).cloned()
    }

    /// The answer to a preflight request from an origin on the list; `None` for any other request.
    pub(super) fn preflight(
        method: &Method,
        headers: &HeaderMap,
        origin: Option<&HeaderValue>,
    ) -> Option<Response> {
        let asks = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if origin.is_none() || method != Method::OPTIONS || !asks {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        Some(response)
    }

    /// Marks an answer: who may read it, and that it depends on who asked.
    pub(super) fn mark(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        if self.origins.is_empty() {
            return;
        }
        // One header in place of two: the gateway's event keeps only the first of a name.
        let vary = match headers.get(header::VARY).map(HeaderValue::as_bytes) {
            None => HeaderValue::from_static("Origin"),
            Some(others) => HeaderValue::from_bytes(&[others, b", Origin"].concat())
                .unwrap_or(HeaderValue::from_static("*")),
        };
        headers.insert(header::VARY, vary);
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
    }
}
