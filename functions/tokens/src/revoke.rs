//! `POST /api/auth/token/revoke/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use shared::Result;
use shared::http::{Caller, JsonBody, SessionCookie};

use crate::App;
use crate::refresh::{open, presented, rotate};

/// Ends the session of a refresh token, of any generation: its holder may end the session.
///
/// An invalid token gets the same answer (RFC 7009 section 2.2): there is nothing left to revoke.
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    cookie: Option<SessionCookie>,
    body: Option<JsonBody>,
) -> Result<Response> {
    if let Some(text) = presented(cookie.as_ref(), body)?
        && let (keyring, Some(token)) = open(&app, &text).await
    {
        let rotate = rotate(&app, &caller, &keyring, &token, app.clock.now());
        app.store.sign_out(&rotate).await?;
    }
    let cleared = cookie.map(|cookie| cookie.clear());
    Ok(match cleared {
        Some(cleared) => (cleared, StatusCode::NO_CONTENT).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
