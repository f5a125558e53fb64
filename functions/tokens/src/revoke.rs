//! `POST /api/auth/token/revoke/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::Result;
use shared::http::{Caller, JsonBody};

use crate::App;
use crate::refresh::{open, rotate, token};

/// Ends the session of a refresh token, of any generation: its holder may end the session.
///
/// An invalid token gets the same answer (RFC 7009 section 2.2): there is nothing left to revoke.
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: JsonBody,
) -> Result<StatusCode> {
    let token = token(body.fields())?;
    if let (keyring, Some(token)) = open(&app, &token).await {
        let rotate = rotate(&app, &caller, &keyring, &token, app.clock.now());
        app.store.sign_out(&rotate).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
