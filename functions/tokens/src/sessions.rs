//! `GET /api/auth/sessions/`, `DELETE /api/auth/sessions/`, `DELETE /api/auth/sessions/{id}/`

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::try_join;
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::id::{SessionId, UserId};
use shared::domain::quota::after;
use shared::domain::session::{Ending, Session, Why};
use shared::flows::auth::SignedIn;
use shared::http::{Caller, Listing, Page, Series, SessionCookie, first};
use shared::keyring::Peppers;
use shared::store::session::Ended;
use shared::{Error, Result};

use crate::App;

/// One session.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = Session))]
pub(crate) struct SessionEntry {
    /// Its name.
    id: SessionId,
    /// When a code opened it.
    created_at: Timestamp,
    /// When it was last refreshed.
    last_used_at: Timestamp,
    /// The address that it was opened from.
    ip: String,
    /// What opened it, as it calls itself.
    user_agent: String,
    /// How it was opened.
    amr: Vec<String>,
    /// Whether it is the one that asks.
    current: bool,
}

/// The sessions that count, newest first; who asks and what they ask for are read in one step.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    page: Result<Page>,
) -> Result<Listing<SessionEntry>> {
    let keyring = app.keyring.snapshot();
    let asked = app.auth.claims_and(&headers, |claims| {
        let (page, series) = (page?, series(&keyring.peppers, &claims.sub));
        let before = series.begins(&page, |place| {
            Some(SessionId::from_bytes(place.try_into().ok()?))
        })?;
        Ok((before, page.limit as usize))
    });
    let (claims, (before, limit)) = asked.await?;
    let sessions = app.store.sessions(claims.sub, before);
    let (caller, mut sessions) = try_join!(app.auth.confirm(claims), sessions)?;
    sessions.retain(|session| {
        caller.user.has_session(session.id, caller.now)
            && after(session.used, app.rules.idle) > caller.now
    });
    Ok(series(&keyring.peppers, &caller.user.id).page(
        first(sessions, limit),
        |session| *session.id.as_bytes(),
        |session| entry(session, &caller),
    ))
}

fn series<'a>(peppers: &'a Peppers, user: &'a UserId) -> Series<'a> {
    Series::new(peppers, "sessions", user.as_bytes())
}

fn entry(session: Session, caller: &SignedIn) -> SessionEntry {
    SessionEntry {
        current: session.id == caller.claims.sid,
        id: session.id,
        created_at: session.created,
        last_used_at: session.used,
        ip: session.ip,
        user_agent: session.user_agent,
        amr: session.amr,
    }
}

/// Ends one session of the caller's, their own included; the write itself checks that they are signed in.
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    caller: Caller,
    cookie: Result<Option<SessionCookie>>,
) -> Result<Response> {
    let (claims, cookie) = app.auth.claims_and(&headers, |_| cookie).await?;
    let current = claims.sid;
    let Some(id) = SessionId::parse(&id) else {
        return app.auth.confirm(claims).await.and(Err(Error::NotFound));
    };
    let ending = app.ending(&caller);
    match app.store.end_own_session(&claims, id, ending).await? {
        Ended::Done => Ok(match cookie.filter(|_| id == current) {
            Some(cookie) => (cookie.clear(), StatusCode::NO_CONTENT).into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        }),
        Ended::NoSuchSession => Err(Error::NotFound),
        Ended::NotSignedIn => Err(Error::Unauthenticated),
    }
}

/// Ends all sessions of the caller's but the one that they use.
pub(crate) async fn end_others(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    caller: Caller,
) -> Result<StatusCode> {
    let SignedIn { user, claims, .. } = signed_in;
    let ending = app.ending(&caller);
    match app
        .store
        .end_other_sessions(&user, claims.sid, ending)
        .await?
    {
        Ended::Done => Ok(StatusCode::NO_CONTENT),
        Ended::NoSuchSession | Ended::NotSignedIn => Err(Error::Unauthenticated),
    }
}

impl App {
    fn ending(&self, caller: &Caller) -> Ending {
        Ending {
            why: Why::Revoked,
            at: self.clock.now(),
            request: caller.request_id.clone(),
        }
    }
}
