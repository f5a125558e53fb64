//! `POST /api/auth/token/verify/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::domain::token::AccessClaims;
use shared::http::{Fields, JsonBody};
use shared::{Error, Result};

use crate::App;

/// Whether a token counts, and what it says; of any other nothing is said (RFC 7662 section 2.2).
#[derive(Serialize)]
#[cfg_attr(
    feature = "document",
    derive(utoipa::ToSchema),
    schema(description = "Whether a token counts, and what it says.")
)]
pub(crate) struct Verdict {
    /// Whether it counts. If not, nothing else is said.
    active: bool,
    #[serde(flatten)]
    claims: Option<AccessClaims>,
}

/// Whether an access token counts at this moment: its signature, its time, its session and its person.
pub(crate) async fn verify(State(app): State<Arc<App>>, body: JsonBody) -> Result<Json<Verdict>> {
    let token = token(body.fields())?;
    let claims = match app.auth.examine(&token).await {
        Ok(caller) => Some(caller.claims),
        Err(Error::Unauthenticated) => None,
        Err(error) => return Err(error),
    };
    Ok(Json(Verdict {
        active: claims.is_some(),
        claims,
    }))
}

/// The access token of a body.
pub(crate) fn token(mut fields: Fields) -> Result<String> {
    let token = fields.opaque("token");
    fields.finish(|| token)
}
