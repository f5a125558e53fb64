//! The tokens of a session, as a client gets them.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};

use crate::Result;
use crate::config::TokenRules;
use crate::domain::id::TokenId;
use crate::domain::quota::after;
use crate::domain::token::{AccessClaims, RefreshToken};
use crate::entropy;
use crate::keyring::Keyring;

/// What an access token says of its session.
#[derive(Debug)]
pub struct SessionFacts<'a> {
    /// When the person proved a code.
    pub signed_in: Timestamp,
    pub amr: &'a [String],
    /// Roles beyond the usual.
    pub roles: &'a [String],
    /// The absolute end of the session.
    pub end: Timestamp,
}

/// The tokens of a session.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = Tokens))]
pub struct TokenPair {
    /// A JWT for `Authorization: Bearer`.
    #[cfg_attr(feature = "document", schema(value_type = String))]
    access: Shown,
    /// Opaque; good for one refresh. Missing where it travels in the session cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "document",
        schema(value_type = Option<String>, nullable = false, pattern = "^rt_")
    )]
    refresh: Option<Shown>,
    /// Always.
    token_type: TokenType,
    /// Seconds for which the access token is valid.
    #[cfg_attr(feature = "document", schema(minimum = 0))]
    expires_in: i64,
    /// Seconds after which the session ends, however often it is refreshed.
    #[cfg_attr(feature = "document", schema(minimum = 0))]
    refresh_expires_in: i64,
}

/// How an access token is sent (RFC 6750).
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
enum TokenType {
    Bearer,
}

/// A token in an answer to its owner, the one place where it is written out.
struct Shown(SecretString);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl TokenPair {
    /// Takes the refresh token out, for a cookie that carries it, and says for how many seconds it lasts.
    pub fn take_refresh(&mut self) -> (SecretString, i64) {
        let token = self.refresh.take().map(|Shown(token)| token);
        (token.unwrap_or_default(), self.refresh_expires_in)
    }
}

/// Makes the tokens that belong to this refresh token.
///
/// # Errors
/// [`crate::Error::Internal`] when the key does not sign.
pub fn issue(
    keyring: &Keyring,
    rules: &TokenRules,
    facts: &SessionFacts<'_>,
    refresh: &RefreshToken,
    now: Timestamp,
) -> Result<TokenPair> {
    let ends = after(now, rules.access).min(facts.end);
    let claims = AccessClaims {
        iss: rules.issuer.clone(),
        aud: rules.audience.clone(),
        sub: refresh.user,
        sid: refresh.session,
        jti: TokenId::new(now, entropy::bytes()).to_string(),
        iat: now.as_second(),
        exp: ends.as_second(),
        auth_time: facts.signed_in.as_second(),
        amr: facts.amr.to_vec(),
        roles: facts.roles.to_vec(),
        client_id: rules.client_id.clone(),
    };
    Ok(TokenPair {
        access: Shown(keyring.signing.sign(&claims)?.into()),
        refresh: Some(Shown(refresh.encode().into())),
        token_type: TokenType::Bearer,
        expires_in: claims.exp - claims.iat,
        refresh_expires_in: (facts.end.as_millisecond() - now.as_millisecond()) / 1000,
    })
}
