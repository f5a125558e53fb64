//! `DELETE /api/profile/avatar/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use shared::domain::id::ActivityId;
use shared::flows::auth::SignedIn;
use shared::http::Caller;
use shared::store::avatar::Cause;
use shared::{Error, Result, entropy};

use crate::App;
use crate::change::Wish;

pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    SignedIn { user, claims, now }: SignedIn,
) -> Result<StatusCode> {
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
    if app.hide(wish).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Error::Unauthenticated)
    }
}
