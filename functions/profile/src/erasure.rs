//! `DELETE /api/profile/`, `POST /api/profile/restore/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::id::UserId;
use shared::domain::quota::after;
use shared::flows::auth::{RecentSignIn, SignedIn};
use shared::flows::erase;
use shared::flows::rate_limit::limited;
use shared::http::{Caller, SessionCookie};
use shared::store::erasure::{Due, ErasureWish};
use shared::store::profile::Changed;
use shared::{Error, Result, telemetry};

use crate::App;
use crate::view::profile;

/// The account will be erased.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = ErasureAccepted))]
pub(crate) struct Accepted {
    /// When, or since when.
    erases_at: Timestamp,
}

/// Erases the account after the grace period, or at once without one. A browser that keeps its session in the cookie is
/// signed out with it.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    RecentSignIn(SignedIn { user, claims, now }): RecentSignIn,
    caller: Caller,
    cookie: Option<SessionCookie>,
) -> Result<Response> {
    let wish = ErasureWish {
        session: Some(claims.sid),
        stays_signed_in: cookie.is_none(),
        request: &caller.request_id,
        activity: app.line("erasure_requested", String::new(), &caller, now),
        now,
    };
    let (id, erases) = (user.id, after(now, app.grace));
    let user = match Box::pin(app.store.ask_erasure(user, erases, &wish)).await? {
        Changed::To(user) => user,
        Changed::Limited(retry_after) => return Err(limited("changes", retry_after)),
        Changed::Moved | Changed::Refused => return Err(Error::Unauthenticated),
    };
    let erases_at = user.erases_at.unwrap_or(erases);
    if erases_at <= now {
        let keyring = app.keyring.snapshot();
        let due = Due {
            user: id,
            at: erases_at,
        };
        let erased = erase::erase(&app.store, &app.bucket, &keyring.peppers, due, now);
        Box::pin(erased).await?;
    }
    Box::pin(app.tell(id, now)).await;
    let mut response = (StatusCode::ACCEPTED, Json(Accepted { erases_at })).into_response();
    let cleared = cookie.map(|cookie| cookie.clear());
    response.headers_mut().extend(cleared.into_iter().flatten());
    Ok(response)
}

/// Undoes the wish, while there is time.
pub(crate) async fn restore(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    caller: Caller,
) -> Result<Response> {
    let SignedIn { user, claims, now } = signed_in;
    let wish = ErasureWish {
        session: Some(claims.sid),
        stays_signed_in: true,
        request: &caller.request_id,
        activity: app.line("erasure_undone", String::new(), &caller, now),
        now,
    };
    match Box::pin(app.store.undo_erasure(user, &wish)).await? {
        Changed::To(user) => {
            Box::pin(app.tell(user.id, now)).await;
            Ok(profile(&user, &app.avatars))
        }
        Changed::Limited(retry_after) => Err(limited("changes", retry_after)),
        Changed::Moved | Changed::Refused => Err(Error::Unauthenticated),
    }
}

impl App {
    /// Tells the person what they, or somebody in their name, just did; what fails stays for the janitor.
    async fn tell(&self, user: UserId, now: Timestamp) {
        let keyring = self.keyring.snapshot();
        let told = self.notifier(&keyring).send_promised(user, now).await;
        if let Err(error) = told {
            telemetry::note("notice_not_sent", error);
        }
    }
}
