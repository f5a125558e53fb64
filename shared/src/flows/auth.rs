//! Who is calling: a valid access token of a session that still counts, by one consistent read of the user.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use jiff::Timestamp;

use crate::clock::SharedClock;
use crate::cloud::Setup;
use crate::config::TokenRules;
use crate::domain::quota::after;
use crate::domain::token::AccessClaims;
use crate::domain::user::User;
use crate::keyring::KeyringHandle;
use crate::store::Store;
use crate::{Error, Result};

/// How old a sign-in may be and still count as recent.
pub const RECENT: Duration = Duration::from_mins(10);

/// Authenticates requests by their access token.
#[derive(Clone)]
pub struct Auth {
    store: Store,
    keyring: KeyringHandle,
    rules: Arc<TokenRules>,
    clock: SharedClock,
}

/// A person who is signed in; as an extractor it refuses with 401 before the body is read.
#[derive(Debug)]
pub struct SignedIn {
    /// The account, as it is now.
    pub user: User,
    /// What the access token says.
    pub claims: AccessClaims,
    /// When the request came in.
    pub now: Timestamp,
}

/// A person who has signed in lately, for what a stolen token must not do; as an extractor it refuses with 401 before
/// the body is read.
#[derive(Debug)]
pub struct RecentSignIn(pub SignedIn);

impl Auth {
    /// Authentication by the settings.
    #[must_use]
    pub fn new(setup: &Setup, store: &Store, keyring: KeyringHandle, rules: TokenRules) -> Self {
        Self {
            store: store.clone(),
            keyring,
            rules: Arc::new(rules),
            clock: setup.clock.clone(),
        }
    }

    /// The person behind these headers.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for whatever is wrong with the token, its session or its account;
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<SignedIn> {
        self.confirm(self.claims(headers).await?).await
    }

    /// The person behind this access token.
    ///
    /// # Errors
    /// As [`Auth::admit`].
    pub async fn examine(&self, token: &str) -> Result<SignedIn> {
        let claims = self.keyring.verify(token, &self.rules).await;
        self.confirm(claims.ok_or(Error::Unauthenticated)?).await
    }

    /// What the access token in these headers says. Its session may have ended: nothing may be shown or done before
    /// [`Auth::confirm`], or a condition of the write itself, has said otherwise.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for whatever is wrong with the token.
    pub async fn claims(&self, headers: &HeaderMap) -> Result<AccessClaims> {
        let token = bearer(headers).ok_or(Error::Unauthenticated)?;
        let claims = self.keyring.verify(token, &self.rules).await;
        claims.ok_or(Error::Unauthenticated)
    }

    /// What the access token in these headers says, as [`Auth::claims`], with what the request asks for. Where that is
    /// wrong, whether the caller is signed in is said first.
    ///
    /// # Errors
    /// As [`Auth::admit`], then those of `asked`.
    pub async fn claims_and<T>(
        &self,
        headers: &HeaderMap,
        asked: impl FnOnce(&AccessClaims) -> Result<T>,
    ) -> Result<(AccessClaims, T)> {
        let claims = self.claims(headers).await?;
        match asked(&claims) {
            Ok(asked) => Ok((claims, asked)),
            Err(error) => self.confirm(claims).await.and(Err(error)),
        }
    }

    /// The person whom these claims name, if the account and the session count.
    ///
    /// # Errors
    /// As [`Auth::admit`].
    pub async fn confirm(&self, claims: AccessClaims) -> Result<SignedIn> {
        // To the millisecond, as the store keeps moments: what is answered is what will be read.
        let now = self.clock.now();
        let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let user = self.store.user(claims.sub).await?;
        let user = user.ok_or(Error::Unauthenticated)?;
        if !user.opens(claims.sid, now) {
            return Err(Error::Unauthenticated);
        }
        Ok(SignedIn { user, claims, now })
    }
}

impl SignedIn {
    /// Asks for a role, as the account holds it now.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without it.
    pub fn holds(&self, role: &str) -> Result<()> {
        if self.user.roles.iter().any(|held| held == role) {
            Ok(())
        } else {
            Err(Error::Forbidden)
        }
    }
}

/// The token of the one `Authorization` header, whose scheme is `Bearer` in any case (RFC 9110 section 11.1). Two
/// headers reach us joined by a comma, which no token of ours contains.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains([',', ' ']))
        .then_some(token)
}

impl<S> FromRequestParts<S> for SignedIn
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        Auth::from_ref(state).admit(&parts.headers).await
    }
}

impl<S> FromRequestParts<S> for RecentSignIn
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let person = SignedIn::from_request_parts(parts, state).await?;
        let signed_in = Timestamp::from_second(person.claims.auth_time).unwrap_or(Timestamp::MIN);
        if after(signed_in, RECENT) < person.now {
            Err(Error::ReauthenticationRequired)
        } else {
            Ok(Self(person))
        }
    }
}
