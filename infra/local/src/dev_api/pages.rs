//! The local cloud's own pages: the outbox at `/_local/`, the API at `/docs/`, and the files they need. Sign-in, account
//! and admin come from the function `pages`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::{DevApi, Wrong};

/// Nothing but our own files, no framing, no forms that leave. Pictures come from this gateway, by whatever name the
/// page was opened.
fn policy(dev_api: &DevApi) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data: {}; frame-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        dev_api.endpoints.public_url()
    )
}

/// A mail's HTML as a mail program shows it: its own styles, nothing fetched, no script.
const MAIL_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";

fn page(kind: &'static str, policy: &str, text: impl Into<String>) -> Response {
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

/// The outbox page.
pub(super) async fn outbox(State(dev_api): State<Arc<DevApi>>) -> Response {
    page(
        HTML,
        &policy(&dev_api),
        include_str!("../../pages/outbox.html"),
    )
}

/// The API's page.
pub(super) async fn api(State(dev_api): State<Arc<DevApi>>) -> Response {
    page(
        HTML,
        &policy(&dev_api),
        include_str!("../../pages/docs.html"),
    )
}

/// The API's document, with this gateway as its server.
pub(super) async fn document(State(dev_api): State<Arc<DevApi>>) -> Response {
    axum::Json(document::document(&dev_api.endpoints.public_url())).into_response()
}

/// A file that only the local cloud's own pages need, with its media type.
fn own(path: &str) -> Option<(&'static str, &'static str)> {
    const CSS: &str = "text/css; charset=utf-8";
    const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
    Some(match path {
        "outbox.css" => (CSS, include_str!("../../pages/outbox.css")),
        "docs.css" => (CSS, include_str!("../../pages/docs.css")),
        "outbox.js" => (JAVASCRIPT, include_str!("../../pages/outbox.js")),
        "outbox/message.js" => (JAVASCRIPT, include_str!("../../pages/outbox/message.js")),
        "docs.js" => (JAVASCRIPT, include_str!("../../pages/docs.js")),
        _ => return None,
    })
}

/// A file of the pages.
pub(super) async fn file(
    State(dev_api): State<Arc<DevApi>>,
    Path(path): Path<String>,
) -> Result<Response, Wrong> {
    match own(&path).or_else(|| ::pages::files::find(&path)) {
        Some((kind, text)) => Ok(page(kind, &policy(&dev_api), text)),
        None => Err(super::nothing().await),
    }
}

/// The HTML of a mail; with `?scheme=light` or `dark` as a mail program of that scheme shows it.
pub(super) async fn mail(
    State(dev_api): State<Arc<DevApi>>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Wrong> {
    id.parse()
        .ok()
        .and_then(|id| dev_api.state.outbox.get(id))
        .and_then(|message| message.html)
        .map(|html| match query.get("scheme").map(String::as_str) {
            Some(scheme @ ("light" | "dark")) => page(HTML, MAIL_POLICY, shown_in(scheme, &html)),
            _ => page(HTML, MAIL_POLICY, html),
        })
        .ok_or_else(|| {
            Wrong(
                StatusCode::NOT_FOUND,
                format!("there is no message {id} with HTML in the outbox"),
            )
        })
}

/// The mail's own styles for a scheme, whatever the browser's is.
fn shown_in(scheme: &str, html: &str) -> String {
    let is_dark = if scheme == "dark" { "all" } else { "not all" };
    html.replace("(prefers-color-scheme: dark)", is_dark)
        .replace("light dark", scheme)
}
