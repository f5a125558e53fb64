//! The pages: sign-in at `/`, the outbox at `/_local/`, the API at `/docs/`, and the files they need.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::{Desk, Wrong};

/// Nothing but our own files, no framing, no forms that leave.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A mail's HTML as a mail program shows it: its own styles, nothing fetched, no script.
const MAIL_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";

fn page(kind: &'static str, policy: &'static str, text: impl Into<String>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text.into()).into_response()
}

const HTML: &str = "text/html; charset=utf-8";

/// The sign-in page.
pub(super) async fn sign_in() -> Response {
    page(HTML, POLICY, include_str!("../../pages/signin.html"))
}

/// The outbox page.
pub(super) async fn outbox() -> Response {
    page(HTML, POLICY, include_str!("../../pages/outbox.html"))
}

/// The API's page.
pub(super) async fn api() -> Response {
    page(HTML, POLICY, include_str!("../../pages/docs.html"))
}

/// The API's document, with this gateway as its server.
pub(super) async fn document(State(desk): State<Arc<Desk>>) -> Response {
    let url = format!("http://{}", desk.endpoints.gateway);
    axum::Json(document::document(&url)).into_response()
}

/// A file of the pages.
pub(super) async fn file(Path(name): Path<String>) -> Result<Response, Wrong> {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    let (kind, text) = match name.as_str() {
        "style.css" => (
            "text/css; charset=utf-8",
            include_str!("../../pages/style.css"),
        ),
        "docs.css" => (
            "text/css; charset=utf-8",
            include_str!("../../pages/docs.css"),
        ),
        "docs.js" => (SCRIPT, include_str!("../../pages/docs.js")),
        "signin.js" => (SCRIPT, include_str!("../../pages/signin.js")),
        "outbox.js" => (SCRIPT, include_str!("../../pages/outbox.js")),
        _ => return Err(super::nothing().await),
    };
    Ok(page(kind, POLICY, text))
}

/// The HTML of a mail.
pub(super) async fn mail(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
) -> Result<Response, Wrong> {
    id.parse()
        .ok()
        .and_then(|id| desk.world.outbox.get(id))
        .and_then(|message| message.html)
        .map(|html| page(HTML, MAIL_POLICY, html))
        .ok_or_else(|| {
            Wrong(
                StatusCode::NOT_FOUND,
                format!("there is no message {id} with HTML in the outbox"),
            )
        })
}
