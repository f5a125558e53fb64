//! When an access token is accepted: RFC 8725 and RFC 9068, and the profile of `tests/vectors/jwt.json`.
//!
//! Nothing is taken from a token but the claims, and of its header nothing but `kid`: the key says which algorithm
//! counts, and a header that names anything else than `alg`, `typ` and `kid` is refused, so no key is ever fetched
//! from where a token points to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::config::TokenRules;
use crate::domain::id::{SessionId, UserId};
use crate::domain::json;
use crate::domain::token::AccessClaims;

/// The longest token that is read, in bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// How far the clocks of two of our machines may differ, in seconds.
pub const LEEWAY_SECONDS: i64 = 60;

/// The longest `kid`, in bytes.
const MAX_KID_BYTES: usize = 128;

/// The deepest nesting of a header or a claim set.
const DEPTH: usize = 16;

/// Why a token is not accepted; callers outside see one and the same 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// Not a token of ours, or not valid now.
    Invalid,
    /// Well-formed, but by a key that is not in the ring: it may have joined the ring since the ring was read.
    UnknownKey,
}

/// Claims that passed every check which does not depend on what our ids look like.
pub(super) struct Checked {
    claims: Map<String, Value>,
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

    let header = object(&header).ok_or(TokenRefusal::Invalid)?;
    let plain = header
        .keys()
        .all(|name| matches!(name.as_str(), "alg" | "typ" | "kid"));
    let text = |name| header.get(name).and_then(Value::as_str);
    let (Some(alg), Some("at+jwt"), Some(kid), true) = (
        text("alg"),
        text("typ"),
        text("kid").filter(|kid| well_formed_kid(kid)),
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

/// The bytes of a base64url text without padding (RFC 7515 section 2), in the one spelling that they have: other
/// alphabets, white space, padding and stray bits at the end are refused.
fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A header or claim set, of which no two readings exist.
fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    json::object(std::str::from_utf8(bytes).ok()?, DEPTH).ok()
}

/// A list of texts and nothing else.
fn texts(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

impl Checked {
    /// Checks the claims against the rules, at the Unix second `now`.
    pub(super) fn parse(claims: &[u8], rules: &TokenRules, now: i64) -> Option<Self> {
        let claims = object(claims)?;
        let aud = claims.get("aud")?;
        let for_us = match texts(aud) {
            Some(list) => list.contains(&rules.audience.as_str()),
            None => *aud == rules.audience.as_str(),
        };
        let whole = |name| claims.get(name)?.as_i64();
        let (iat, exp) = (whole("iat")?, whole("exp")?);
        let nbf = match claims.get("nbf") {
            None => iat,
            Some(nbf) => nbf.as_i64()?,
        };
        let lifetime = i64::try_from(rules.access.as_secs()).unwrap_or(i64::MAX);
        let latest = now.saturating_add(LEEWAY_SECONDS);
        let in_time = now < exp.saturating_add(LEEWAY_SECONDS)
            && iat <= latest
            && nbf <= latest
            && (0..=lifetime).contains(&exp.saturating_sub(iat));
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let named = ["sub", "sid", "jti"]
            .iter()
            .all(|name| text(name).is_some_and(|text| !text.is_empty()));
        let ours = text("iss") == Some(&rules.issuer);
        (ours && for_us && named && in_time).then_some(Self { claims, iat, exp })
    }

    /// The claims as this service makes them; `None` where `sub` or `sid` is no id of ours, or where a claim that
    /// other issuers leave out is here and of another type.
    pub(super) fn access(&self, rules: &TokenRules) -> Option<AccessClaims> {
        let text = |name| self.claims.get(name)?.as_str();
        let owned = |name| match self.claims.get(name) {
            None => Some(Vec::new()),
            Some(list) => Some(texts(list)?.into_iter().map(str::to_owned).collect()),
        };
        Some(AccessClaims {
            iss: rules.issuer.clone(),
            aud: rules.audience.clone(),
            sub: UserId::parse(text("sub")?)?,
            sid: SessionId::parse(text("sid")?)?,
            jti: text("jti")?.to_owned(),
            iat: self.iat,
            exp: self.exp,
            // A token that does not say when its person signed in counts as an old sign-in.
            auth_time: match self.claims.get("auth_time") {
                None => 0,
                Some(time) => time.as_i64()?,
            },
            amr: owned("amr")?,
            roles: owned("roles")?,
            client_id: match self.claims.get("client_id") {
                None => String::new(),
                Some(id) => id.as_str()?.to_owned(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_object_and_nothing_else() {
        for wrong in [
            "",
            "[]",
            "\"x\"",
            "1",
            "null",
            "{",
            "{} {}",
            "{\"a\":1,}",
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            "{\"a\":\u{1}}",
            "\u{feff}{}",
        ] {
            assert!(object(wrong.as_bytes()).is_none(), "{wrong}");
        }
        assert!(object(b" {\"a\" : {\"b\": [1]}} ").is_some());
        assert!(object(b"{\"a\": \"\xff\"}").is_none());
    }

    #[test]
    fn only_integers_are_whole() {
        let claims =
            object(br#"{"a":1,"b":1.0,"c":1e3,"d":"1","e":18446744073709551615,"f":-1}"#).unwrap();
        let whole = ["a", "b", "c", "d", "e", "f", "g"].map(|name| claims.get(name)?.as_i64());
        assert_eq!(whole, [Some(1), None, None, None, None, Some(-1), None]);
    }

    #[test]
    fn depth_is_bounded_and_texts_do_not_count() {
        let nested = |n: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(n), "]".repeat(n));
        assert!(object(nested(15).as_bytes()).is_some());
        assert!(object(nested(16).as_bytes()).is_none());
        assert!(object(nested(1_000_000).as_bytes()).is_none());
        assert!(object(format!(r#"{{"a":"\"{}"}}"#, "[".repeat(99)).as_bytes()).is_some());
    }

    proptest! {
        #[test]
        fn bytes_have_one_spelling(bytes: Vec<u8>, text in "[A-Za-z0-9_-]{0,40}") {
            prop_assert_eq!(base64url(&URL_SAFE_NO_PAD.encode(&bytes)), Some(bytes));
            if let Some(read) = base64url(&text) {
                prop_assert_eq!(URL_SAFE_NO_PAD.encode(read), text);
            }
        }
    }
}
