//! `GET /api/profile/export/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::domain::quota::EXPORTS;
use shared::flows::auth::{RecentSignIn, SignedIn};
use shared::flows::export::{self, Export};
use shared::flows::rate_limit::Rule;
use shared::http::Caller;
use shared::{Error, Result};

use crate::App;

/// What is larger goes by way of the bucket: Lambda's answers end at six megabytes.
const MOST: usize = 4 * 1024 * 1024;

/// Everything that is held on a person, or a link to it.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = Export))]
pub(crate) struct Exported {
    #[serde(flatten)]
    whole: Option<Export>,
    #[serde(flatten)]
    link: Option<ExportLink>,
}

/// Where a large export is to be had.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
struct ExportLink {
    /// Where a large export is to be had.
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    url: String,
    /// Seconds for which the link is good.
    expires_in: u64,
}

/// Everything that is held on the caller.
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    RecentSignIn(SignedIn { user, now, .. }): RecentSignIn,
    caller: Caller,
) -> Result<Response> {
    let rule = Rule {
        name: "export",
        rate: EXPORTS,
    };
    let (whose, request) = (user.id.to_string(), &caller.request_id);
    let _ = app.limiter.admit(rule, &whose, request, now).await?;
    let keyring = app.keyring.snapshot();
    let held = export::export(
        &app.store,
        &app.bucket,
        &app.avatars,
        &keyring.peppers,
        user.id,
        now,
    );
    let whole = held.await?.ok_or(Error::Unauthenticated)?;
    let text = serde_json::to_vec_pretty(&whole).map_err(Error::internal)?;
    drop(whole);
    let name = export::file_name(now);
    if text.len() > MOST {
        let link = app.bucket.hand_out(user.id, &name, text, now).await?;
        let body = Exported {
            whole: None,
            link: Some(ExportLink {
                url: link.url,
                expires_in: link.expires_in,
            }),
        };
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
