//! `GET /api/profile/export/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use shared::flows::auth::{RecentSignIn, SignedIn};
use shared::flows::export;
use shared::{Error, Result};

use crate::App;

/// What is larger goes by way of the bucket: Lambda's answers end at six megabytes.
const MOST: usize = 4 * 1024 * 1024;

/// Everything that is held on the caller.
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    RecentSignIn(SignedIn { user, now, .. }): RecentSignIn,
) -> Result<Response> {
    let keyring = app.keyring.snapshot();
    let held = export::export(&app.store, &app.bucket, &keyring.peppers, user.id, now);
    let all = held.await?.ok_or(Error::Unauthenticated)?;
    let text = serde_json::to_vec_pretty(&all).map_err(Error::internal)?;
    let name = export::file_name(now);
    if text.len() > MOST {
        let link = app.bucket.hand_out(user.id, &name, text, now).await?;
        let body = json!({ "url": link.url, "expires_in": link.expires_in });
        return Ok(Json(body).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, text).into_response())
}
