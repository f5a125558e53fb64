//! `POST /api/profile/avatar/upload/`: a form for a file that is too large for the API.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use shared::avatars::Form;
use shared::domain::InvalidValue;
use shared::domain::picture::{Kind, Upload};
use shared::flows::auth::SignedIn;
use shared::http::{Caller, Fields, JsonBody};
use shared::{Result, entropy};

use crate::{App, PICTURES};

pub(crate) async fn upload_form(
    State(app): State<Arc<App>>,
    caller: Caller,
    SignedIn { user, claims, now }: SignedIn,
    body: JsonBody,
) -> Result<Json<Form>> {
    let kind = announced(body.fields())?;
    let subject = user.id.to_string();
    app.limiter
        .admit(PICTURES, &subject, &caller.request_id, now)
        .await?;
    let upload = Upload {
        user: user.id,
        session: claims.sid,
        nonce: entropy::bytes(),
    };
    app.bucket.form(&upload, kind, now).await.map(Json)
}

/// The kind of file that is going to be sent.
pub(crate) fn announced(mut fields: Fields) -> Result<Kind> {
    let kind = fields.required("content_type", kind);
    let length = fields.required_whole("content_length", 1..=Upload::MAX_BYTES);
    fields.finish(|| length.and(kind))
}

fn kind(name: &str) -> Result<Kind, InvalidValue> {
    Kind::of_media_type(name).ok_or_else(|| {
        InvalidValue::new(
            "invalid_content_type",
            "Expected image/jpeg, image/png, image/webp or image/gif.",
        )
    })
}
