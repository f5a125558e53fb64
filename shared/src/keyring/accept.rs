//! When an access token is accepted: RFC 8725 and RFC 9068, and the profile of `tests/vectors/jwt.json`.
//!
//! Nothing is taken from a token but the claims, and of its header nothing but `kid`: the key says which algorithm
//! counts, and a header that names anything else than `alg`, `typ` and `kid` is refused, so no key is ever fetched
//! from where a token points to.

use super::strict::{Object, Value, base64url};
use crate::config::TokenRules;
use crate::domain::id::{SessionId, UserId};
use crate::domain::token::AccessClaims;

/// The longest token that is read, in bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// How far the clocks of two of our machines may differ, in seconds.
pub const LEEWAY_SECONDS: i64 = 60;

/// The longest `kid`, in bytes.
const MAX_KID_BYTES: usize = 128;

/// Why a token is not accepted; callers outside see one and the same 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// Not a token of ours, or not valid now.
    Invalid,
    /// Well-formed, but by a key that is not in the ring: it may have joined the ring since the ring was read.
    UnknownKey,
}

/// Claims that passed every check which does not depend on what our ids look like.
pub(super) struct Checked<'a> {
    object: Object<'a>,
    iat: i64,
    exp: i64,
}

/// Whether `kid` can name a key: 1 to 128 letters, digits, `-`, `_`, `.` and `:`.
pub(super) fn well_formed_kid(kid: &str) -> bool {
    (1..=MAX_KID_BYTES).contains(&kid.len())
        && kid
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

/// Checks form, header and signature; the claims' bytes, for [`Checked::parse`].
///
/// `verifies` says of a `kid`, an algorithm, the signed bytes and the signature whether they fit; `None` where the ring
/// has no such key.
pub(super) fn signed_claims(
    token: &str,
    verifies: impl FnOnce(&str, &str, &[u8], &str) -> Option<bool>,
) -> Result<Vec<u8>, TokenRefusal> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenRefusal::Invalid);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Invalid)?;
    let (header, claims) = message.split_once('.').ok_or(TokenRefusal::Invalid)?;
    let (header, claims) = base64url(header)
        .zip(base64url(claims)) // a dot in the claims is none of base64url's letters
        .ok_or(TokenRefusal::Invalid)?;
    base64url(signature).ok_or(TokenRefusal::Invalid)?;

    let header = Object::parse(&header).ok_or(TokenRefusal::Invalid)?;
    let plain = header.names().all(|n| matches!(n, "alg" | "typ" | "kid"));
    let (Some(alg), Some("at+jwt"), Some(kid), true) = (
        header.text("alg"),
        header.text("typ"),
        header.text("kid").filter(|kid| well_formed_kid(kid)),
        plain,
    ) else {
        return Err(TokenRefusal::Invalid);
    };
    match verifies(kid, alg, message.as_bytes(), signature) {
        Some(true) => Ok(claims),
        Some(false) => Err(TokenRefusal::Invalid),
        None => Err(TokenRefusal::UnknownKey),
    }
}

impl<'a> Checked<'a> {
    /// Checks the claims against the rules, at the Unix second `now`.
    pub(super) fn parse(claims: &'a [u8], rules: &TokenRules, now: i64) -> Option<Self> {
        let object = Object::parse(claims)?;
        let for_us = match object.get("aud")? {
            Value::Text(aud) => *aud == rules.audience,
            Value::Texts(list) => list.iter().any(|aud| *aud == rules.audience),
            _ => false,
        };
        let (iat, exp) = (object.whole("iat")?, object.whole("exp")?);
        let nbf = match object.get("nbf") {
            None => iat,
            Some(Value::Whole(nbf)) => *nbf,
            Some(_) => return None,
        };
        let lifetime = i64::try_from(rules.access.as_secs()).unwrap_or(i64::MAX);
        let latest = now.saturating_add(LEEWAY_SECONDS);
        let in_time = now < exp.saturating_add(LEEWAY_SECONDS)
            && iat <= latest
            && nbf <= latest
            && (0..=lifetime).contains(&exp.saturating_sub(iat));
        let named = ["sub", "sid", "jti"]
            .iter()
            .all(|name| object.text(name).is_some_and(|text| !text.is_empty()));
        let ours = object.text("iss") == Some(&rules.issuer);
        (ours && for_us && named && in_time).then_some(Self { object, iat, exp })
    }

    /// The claims as this service makes them; `None` where `sub` or `sid` is no id of ours, or where a claim that
    /// other issuers leave out is here and of another type.
    pub(super) fn access(&self, rules: &TokenRules) -> Option<AccessClaims> {
        let texts = |name| match self.object.get(name) {
            None => Some(Vec::new()),
            Some(Value::Texts(list)) => Some(list.iter().map(|t| t.clone().into_owned()).collect()),
            Some(_) => None,
        };
        Some(AccessClaims {
            iss: rules.issuer.clone(),
            aud: rules.audience.clone(),
            sub: UserId::parse(self.object.text("sub")?)?,
            sid: SessionId::parse(self.object.text("sid")?)?,
            jti: self.object.text("jti")?.to_owned(),
            iat: self.iat,
            exp: self.exp,
            // A token that does not say when its person signed in counts as an old sign-in.
            auth_time: match self.object.get("auth_time") {
                None => 0,
                Some(Value::Whole(time)) => *time,
                Some(_) => return None,
            },
            amr: texts("amr")?,
            roles: texts("roles")?,
            client_id: match self.object.get("client_id") {
                None => String::new(),
                Some(Value::Text(id)) => id.clone().into_owned(),
                Some(_) => return None,
            },
        })
    }
}
