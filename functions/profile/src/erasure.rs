//! `DELETE /api/profile/`, `POST /api/profile/restore/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::quota::after;
use shared::flows::auth::{Recent, SignedIn};
use shared::flows::erase;
use shared::http::Caller;
use shared::store::erasure::{Due, ErasureWish};
use shared::store::profile::Changed;
use shared::{Error, Result};

use crate::House;
use crate::view::profile;

#[derive(Serialize)]
struct Accepted {
    erases_at: Timestamp,
}

/// Has the account erased after the grace, or at once where there is none.
pub(crate) async fn ask(
    State(house): State<Arc<House>>,
    Recent(SignedIn { user, claims, now }): Recent,
    caller: Caller,
) -> Result<Response> {
    let wish = ErasureWish {
        session: Some(claims.sid),
        request: &caller.request_id,
        activity: house.line("erasure_requested", String::new(), &caller, now),
        now,
    };
    let (id, erases) = (user.id, after(now, house.grace));
    let user = match house.store.ask_erasure(user, erases, &wish).await? {
        Changed::To(user) => user,
        Changed::Moved | Changed::Refused => return Err(Error::Unauthenticated),
    };
    let erases_at = user.erases_at.unwrap_or(erases);
    if erases_at <= now {
        let keyring = house.keyring.snapshot();
        let due = Due {
            user: id,
            at: erases_at,
        };
        erase::erase(&house.store, &house.gallery, &keyring.peppers, due, now).await?;
    }
    Ok((StatusCode::ACCEPTED, Json(Accepted { erases_at })).into_response())
}

/// Undoes the wish, while there is time.
pub(crate) async fn restore(
    State(house): State<Arc<House>>,
    signed_in: SignedIn,
    caller: Caller,
) -> Result<Response> {
    let SignedIn { user, claims, now } = signed_in;
    let wish = ErasureWish {
        session: Some(claims.sid),
        request: &caller.request_id,
        activity: house.line("erasure_undone", String::new(), &caller, now),
        now,
    };
    match house.store.undo_erasure(user, &wish).await? {
        Changed::To(user) => Ok(profile(&user, &house.avatars)),
        Changed::Moved | Changed::Refused => Err(Error::Unauthenticated),
    }
}
