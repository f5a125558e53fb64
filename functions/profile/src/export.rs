//! `GET /api/profile/export/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use shared::guard::SignedIn;
use shared::marks::Marks;
use shared::store::export::Traces;
use shared::{Error, Result};

use crate::House;

/// What is larger goes by way of the bucket: Lambda's answers end at six megabytes.
const MOST: usize = 4 * 1024 * 1024;

/// Everything that is held on the caller.
pub(crate) async fn export(
    State(house): State<Arc<House>>,
    signed_in: SignedIn,
) -> Result<Response> {
    signed_in.recently()?;
    let SignedIn { user, now, .. } = signed_in;
    let keyring = house.keyring.snapshot();
    let marks = Marks::new(&keyring.peppers);
    let traces = Traces {
        recipients: &|identifier| marks.recipients(identifier),
        suppressions: &|identifier| marks.suppressions(identifier),
    };
    let (held, pictures) = futures_util::try_join!(
        house.store.export(user.id, traces),
        house.gallery.objects_of(user.id),
    )?;
    let mut all = held.ok_or(Error::Unauthenticated)?;
    all["id"] = json!(user.id);
    all["exported_at"] = json!(now);
    all["pictures"] = json!(pictures);
    let text = serde_json::to_vec_pretty(&all).map_err(Error::internal)?;
    let name = format!("latchkey-export-{}.json", now.strftime("%Y-%m-%d"));
    if text.len() > MOST {
        let link = house.gallery.hand_out(user.id, &name, text, now).await?;
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
