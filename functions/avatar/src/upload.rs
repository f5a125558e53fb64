//! `POST /api/profile/avatar/`

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest as _, Request, State};
use serde::Serialize;
use shared::domain::id::ActivityId;
use shared::domain::picture::Urls;
use shared::flows::auth::SignedIn;
use shared::http::Caller;
use shared::store::avatar::Cause;
use shared::{Error, Result, entropy};

use crate::body::OneFile;
use crate::change::Wish;
use crate::{App, PICTURES, decode};

/// The picture, as everybody may see it.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = Picture))]
pub(crate) struct Shown {
    /// At 512 pixels.
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    avatar: String,
    /// The picture in its three sizes.
    avatar_urls: Urls,
}

pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    caller: Caller,
    SignedIn { user, claims, now }: SignedIn,
    request: Request,
) -> Result<Json<Shown>> {
    let subject = user.id.to_string();
    app.limiter
        .admit(PICTURES, &subject, &caller.request_id, now)
        .await?;
    let OneFile(file) = OneFile::from_request(request, &()).await?;
    let picture = app.decoder.decode(file).await?.map_err(decode::problem)?;
    let wish = Wish {
        cause: Cause::Request,
        line: ActivityId::new(now, entropy::bytes()),
        user: user.id,
        session: claims.sid,
        old: user.avatar,
        ip: &caller.ip,
        user_agent: &caller.user_agent,
        now,
    };
    let shown = app.show(wish, entropy::bytes(), &picture).await?;
    let avatar_urls = shown.ok_or(Error::Unauthenticated)?.urls(&app.base_url);
    Ok(Json(Shown {
        avatar: avatar_urls.large.clone(),
        avatar_urls,
    }))
}
