//! `/_local/avatars/`: the CDN before the bucket, which serves its folder `avatars` and nothing else.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use shared::avatars::CACHE_CONTROL;

use super::DevApi;

/// One size of a picture.
pub(super) async fn show(
    State(dev_api): State<Arc<DevApi>>,
    Path(path): Path<String>,
    asked: HeaderMap,
) -> Response {
    let Some(bytes) = dev_api.buckets.read(&format!("avatars/{path}")).await else {
        // S3 behind a CDN tells nobody what exists.
        return StatusCode::FORBIDDEN.into_response();
    };
    let kind = match bytes.get(..4) {
        Some(b"RIFF") => "image/webp",
        Some(b"\x89PNG") => "image/png",
        Some([0xff, 0xd8, ..]) => "image/jpeg",
        _ => "application/octet-stream",
    };
    // The path names the content.
    let tag = format!("\"{path}\"");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, CACHE_CONTROL),
        (header::ETAG, &tag),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    match asked.get(header::IF_NONE_MATCH) {
        Some(known) if *known == tag => (StatusCode::NOT_MODIFIED, headers).into_response(),
        _ => (headers, bytes).into_response(),
    }
}
