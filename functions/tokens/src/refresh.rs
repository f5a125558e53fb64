//! `POST /api/auth/token/refresh/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::try_join;
use jiff::Timestamp;
use shared::domain::session::{Ending, Why};
use shared::domain::token::RefreshToken;
use shared::http::{Caller, Fields, JsonBody, SessionCookie};
use shared::keyring::Keyring;
use shared::keyring::token_pair::{SessionFacts, TokenPair, issue};
use shared::store::session::{Rotate, Rotation, Whereabouts};
use shared::{Error, Result, telemetry};

use crate::App;

/// Exchanges a refresh token for its successor and a fresh access token: one step, safe to repeat.
pub(crate) async fn refresh(
    State(app): State<Arc<App>>,
    caller: Caller,
    cookie: Option<SessionCookie>,
    body: Option<JsonBody>,
) -> Result<Response> {
    let text = presented(cookie.as_ref(), body)?;
    let exchanged = match text {
        Some(text) => exchange(&app, &caller, &text).await,
        None => Err(Error::RefreshInvalid),
    };
    match (exchanged, cookie) {
        (Ok(tokens), None) => Ok(Json(tokens).into_response()),
        (Ok(mut tokens), Some(cookie)) => {
            let kept = cookie.carry(&mut tokens);
            Ok((kept, Json(tokens)).into_response())
        }
        (Err(error @ Error::RefreshInvalid), Some(cookie)) if cookie.was_sent() => {
            Ok((cookie.clear(), error).into_response())
        }
        (Err(error), _) => Err(error),
    }
}

async fn exchange(app: &App, caller: &Caller, text: &str) -> Result<TokenPair> {
    let now = app.clock.now();
    let (keyring, token) = open(app, text).await;
    let token = token.ok_or(Error::RefreshInvalid)?;
    let rotate = rotate(app, caller, &keyring, &token, now);
    let (rotation, user) = try_join!(app.store.rotate(rotate), app.store.user(token.user))?;
    let user = user
        .filter(|user| user.opens(token.session, now))
        .ok_or(Error::RefreshInvalid)?;
    let session = match rotation {
        Rotation::Rotated(session) => session,
        Rotation::Repeated { session, elsewhere } => {
            // Two tabs, a lost reply, or a thief within the grace: worth counting, since the last is the residual risk.
            telemetry::metric("refresh_repeated", &[]);
            if elsewhere.is_some() {
                telemetry::metric("refresh_repeated_elsewhere", &[]);
            }
            session
        }
        Rotation::Reused => {
            let ending = Ending {
                why: Why::RefreshReused,
                at: now,
                request: caller.request_id.clone(),
            };
            app.store
                .end_session(token.user, token.session, ending)
                .await?;
            telemetry::metric("refresh_reused", &[]);
            return Err(Error::RefreshInvalid);
        }
        Rotation::Over => return Err(Error::RefreshInvalid),
    };
    let successor = token.successor(&keyring.peppers, session.pepper);
    let facts = SessionFacts {
        signed_in: session.created,
        amr: &session.amr,
        roles: &user.roles,
        end: session.end,
    };
    issue(&keyring, &app.rules, &facts, &successor, now)
}

/// The refresh token that a request presents: of the cookie where it asks for that, and then none in the body.
pub(crate) fn presented(
    cookie: Option<&SessionCookie>,
    body: Option<JsonBody>,
) -> Result<Option<String>> {
    let Some(cookie) = cookie else {
        return token(JsonBody::required(body)?.fields()).map(Some);
    };
    let mut fields = body.unwrap_or_default().fields();
    fields.refuse(
        "refresh",
        "unknown_field",
        "With X-Session-Cookie the token travels in the cookie. Leave this field out.",
    );
    fields.finish(|| Some(()))?;
    Ok(cookie.token().map(str::to_owned))
}

/// The refresh token of a text, if it is one, and the keys that know it. One by a pepper that this ring does not know may
/// have been made after a rotation that this function slept through.
pub(crate) async fn open(app: &App, text: &str) -> (Arc<Keyring>, Option<RefreshToken>) {
    let version = RefreshToken::parse(text).map(|token| token.pepper_version);
    let knows = |keyring: &Keyring| {
        version.is_none_or(|version| keyring.peppers.version(version).is_some())
    };
    let keyring = app.keyring.that_knows(knows).await;
    let token = RefreshToken::open(&keyring.peppers, text);
    (keyring, token)
}

/// The refresh token of a body.
pub(crate) fn token(mut fields: Fields) -> Result<String> {
    let text = fields.opaque("refresh");
    fields.finish(|| text)
}

/// A token as this caller presents it now, and the rules by which it is judged.
pub(crate) fn rotate<'a>(
    app: &App,
    caller: &'a Caller,
    keyring: &Keyring,
    token: &'a RefreshToken,
    now: Timestamp,
) -> Rotate<'a> {
    Rotate {
        token,
        pepper: keyring.peppers.current().version(),
        idle: app.rules.idle,
        grace: app.rules.grace,
        request: &caller.request_id,
        from: Whereabouts {
            ip: &caller.ip,
            user_agent: &caller.user_agent,
        },
        now,
    }
}
