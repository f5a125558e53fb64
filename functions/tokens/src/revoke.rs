//! `POST /api/auth/token/revoke/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::Result;
use shared::domain::session::{Ending, Why};
use shared::http::{Caller, JsonBody};

use crate::App;
use crate::refresh::{open, token};

/// Ends the session of a refresh token, of any generation: its holder may end the session.
///
/// An invalid token gets the same answer (RFC 7009 section 2.2): there is nothing left to revoke.
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: JsonBody,
) -> Result<StatusCode> {
    let token = token(body.fields())?;
    if let (_, Some(token)) = open(&app, &token).await {
        let ending = Ending {
            why: Why::SignedOut,
            at: app.clock.now(),
            request: caller.request_id,
        };
        app.store
            .end_session(token.user, token.session, ending)
            .await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
