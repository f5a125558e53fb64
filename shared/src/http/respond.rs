//! Writes a problem as `application/problem+json` (RFC 9457).

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::{Error, FieldError};

/// The error that a response stands for, until the layer writes it out: only the layer knows the request's id and the
/// public URL.
#[derive(Clone)]
pub(super) struct Stored(pub(super) Arc<Error>);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.explanation().status.into_response();
        response.extensions_mut().insert(Stored(Arc::new(self)));
        response
    }
}

/// What went wrong (RFC 9457).
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = Problem))]
pub(super) struct Problem<'a> {
    /// Names the kind of problem; the URL answers with an explanation.
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    r#type: String,
    /// The kind of problem, in a few words.
    title: &'a str,
    /// The HTTP status.
    #[cfg_attr(feature = "document", schema(minimum = 400, maximum = 599))]
    status: u16,
    /// What is wrong here, and what to do.
    detail: Cow<'a, str>,
    /// The request's id, as in `X-Request-Id`.
    instance: &'a str,
    /// For clients that look at one member only.
    #[cfg_attr(feature = "document", schema(value_type = crate::http::spec::False))]
    success: bool,
    /// The kind of problem, for programs.
    #[cfg_attr(feature = "document", schema(value_type = crate::http::spec::Code))]
    code: &'a str,
    /// All wrong fields, with `invalid_request` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "document", schema(nullable = false, max_items = 100))]
    errors: Option<&'a [FieldError]>,
    /// Whole seconds to wait, with `rate_limited`, `delivery_failed` and `unavailable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "document",
        schema(nullable = false, minimum = 1, maximum = 86_400)
    )]
    retry_after: Option<u64>,
}

impl<'a> Problem<'a> {
    pub(super) fn new(
        error: &'a Error,
        status: StatusCode,
        public_url: &str,
        request_id: &'a str,
    ) -> Self {
        let kind = error.explanation();
        Self {
            r#type: format!("{public_url}/problems/{}", kind.code),
            title: kind.title,
            status: status.as_u16(),
            detail: error.detail(),
            instance: request_id,
            success: false,
            code: kind.code,
            errors: error.fields(),
            retry_after: error.retry_after(),
        }
    }
}

/// The whole response for `error`.
pub(super) fn problem(
    error: &Error,
    status: StatusCode,
    public_url: &str,
    request_id: &str,
) -> Response {
    let body = Problem::new(error, status, public_url, request_id);
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(seconds) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    match error {
        Error::Unauthenticated => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // RFC 9470: which sign-in would do.
        Error::ReauthenticationRequired => {
            let challenge = "Bearer error=\"insufficient_user_authentication\", max_age=600";
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        // Where the router refused the method, it adds the header itself, after us, unless there is one.
        Error::MethodNotAllowed { allow } if !allow.is_empty() => {
            if let Ok(allow) = HeaderValue::from_str(allow) {
                headers.insert(header::ALLOW, allow);
            }
        }
        _ => {}
    }
    response
}

/// The error that a response of the router or a library stands for, if it is one; ours comes with the response.
pub(super) fn error_of(response: &mut Response, method: &Method) -> Option<Arc<Error>> {
    if let Some(Stored(error)) = response.extensions_mut().remove() {
        return Some(error);
    }
    let error = match response.status() {
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Error::MethodNotAllowed {
            allow: String::new(),
        },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Error::UnsupportedMediaType("This route does not take this media type.".into())
        }
        StatusCode::PAYLOAD_TOO_LARGE => Error::PayloadTooLarge {
            limit: super::body::JSON_LIMIT,
        },
        status if status.is_client_error() => {
            Error::Malformed("The request cannot be read.".into())
        }
        status if status.is_server_error() => {
            Error::Internal(format!("a bare {status} to {method}"))
        }
        _ => return None,
    };
    Some(Arc::new(error))
}
