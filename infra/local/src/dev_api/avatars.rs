//! `/_local/avatars/`: the CDN before the bucket, which serves its folder `avatars` and nothing else.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::DevApi;

/// One size of a picture.
pub(super) async fn show(State(dev_api): State<Arc<DevApi>>, Path(path): Path<String>) -> Response {
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
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes).into_response()
}
