//! `POST /api/auth/token/verify/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::domain::token::AccessClaims;
use shared::http::JsonBody;
use shared::{Error, Result};

use crate::App;

/// The answer, in the words of RFC 7662 section 2.2: claims of an active token, and nothing about any other.
#[derive(Serialize)]
pub(crate) struct Verdict {
    active: bool,
    #[serde(flatten)]
    claims: Option<AccessClaims>,
}

/// Whether an access token counts at this moment: its signature, its time, its session and its person.
pub(crate) async fn verify(State(app): State<Arc<App>>, body: JsonBody) -> Result<Json<Verdict>> {
    let mut fields = body.fields();
    let token = fields.opaque("token");
    let token = fields.finish(|| token)?;
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
