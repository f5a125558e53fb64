//! The ring of keys that sign access tokens: one signs, all verify, the public halves are published.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::accept::{self, Checked, TokenRefusal};
use super::jwk::PublicKey;
use super::pem;
use super::reloading::FromSettings;
use super::signer::Signer;
use crate::config::settings::SIGNING_KEYS;
use crate::config::{Reader, TokenRules};
use crate::domain::token::AccessClaims;
use crate::entropy;
use crate::{Error, Result};

/// The fewest bytes of an HS256 secret (RFC 7518 section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// What a key is for at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Signs and verifies.
    Current,
    /// Is published, so that everybody knows it before it signs; verifies.
    Next,
    /// Signed until the last rotation; verifies until the last of its tokens is over.
    Previous,
}

/// One key: its name, the one algorithm that counts for it, and both halves.
pub(super) struct Key {
    kid: String,
    state: KeyState,
    algorithm: Algorithm,
    /// `None` only for a key of which no more than the public half is known.
    signing: Option<Signer>,
    verifying: DecodingKey,
    /// `None` where the key is a shared secret, which has no public half.
    public: Option<PublicKey>,
}

impl Key {
    /// Whether the signature (base64url) is by this key, by this key's algorithm, and says so.
    pub(super) fn verifies(&self, alg: &str, message: &[u8], signature: &str) -> bool {
        name(self.algorithm) == alg
            && jsonwebtoken::crypto::verify(signature, message, &self.verifying, self.algorithm)
                .unwrap_or(false)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}, {:?})",
            self.kid,
            name(self.algorithm),
            self.state
        )
    }
}

/// The name of an algorithm in a header (RFC 7518 section 3.1).
fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::ES256 => "ES256",
        Algorithm::EdDSA => "EdDSA",
        Algorithm::HS256 => "HS256",
        _ => "", // no key of the ring has another
    }
}

/// The ring: exactly one current key.
#[derive(Debug)]
pub struct SigningKeys(Vec<Key>);

impl SigningKeys {
    /// Reads `SIGNING_KEYS`: a JSON list of `{kid, pem | secret, state}`, exactly one of them current.
    ///
    /// `pem` is a private key (RS256 from 2048 bits, ES256 on P-256, EdDSA by Ed25519); `secret` is a text of 32
    /// bytes or more, whose bytes are the key of HS256.
    pub fn read(reader: &mut Reader) -> Self {
        let found: Option<SecretString> =
            reader.required(&SIGNING_KEYS, || None, |text| Some(Some(text.into())));
        let ring = match found.map(|text| parse(text.expose_secret())) {
            Some(Ok(ring)) => Some(ring),
            Some(Err(reason)) => {
                reader.refuse(&SIGNING_KEYS, &reason);
                None
            }
            None => None,
        };
        // The start is refused then; until it is, nothing may be signed by a key that anybody knows.
        ring.unwrap_or_else(|| Self(vec![shared_secret("none", &entropy::bytes::<32>())]))
    }

    /// Signs an access token with the current key: `typ` is `at+jwt` (RFC 9068 section 2.1), `kid` names the key.
    ///
    /// # Errors
    /// [`Error::Internal`] if the key cannot sign, which reading it has ruled out.
    pub fn sign(&self, claims: &AccessClaims) -> Result<String> {
        let key = self
            .0
            .iter()
            .find(|key| key.state == KeyState::Current)
            .and_then(|key| Some((key, key.signing.as_ref()?)));
        let (key, signing) = key.ok_or_else(|| Error::internal("no key signs"))?;
        let header = JoseHeader {
            typ: "at+jwt",
            alg: name(key.algorithm),
            kid: &key.kid,
        };
        let header = serde_json::to_vec(&header).map_err(Error::internal)?;
        let claims = serde_json::to_vec(claims).map_err(Error::internal)?;
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = signing.sign(token.as_bytes()).map_err(Error::internal)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The claims of an access token that counts `now`; `None` for every other text.
    ///
    /// Whether its session still counts is for the store to say.
    #[must_use]
    pub fn verify(&self, token: &str, rules: &TokenRules, now: Timestamp) -> Option<AccessClaims> {
        self.check(token, rules, now).ok()
    }

    /// Like [`SigningKeys::verify`], and tells a token by an unknown key from the others.
    ///
    /// # Errors
    /// Why the token is refused.
    pub fn check(
        &self,
        token: &str,
        rules: &TokenRules,
        now: Timestamp,
    ) -> Result<AccessClaims, TokenRefusal> {
        let claims = self.signed_claims(token)?;
        Checked::parse(&claims, rules, now.as_second())
            .and_then(|checked| checked.access(rules))
            .ok_or(TokenRefusal::Invalid)
    }

    /// The claims' bytes of a token that a key of this ring signed.
    fn signed_claims(&self, token: &str) -> Result<Vec<u8>, TokenRefusal> {
        accept::signed_claims(token, |kid, alg, message, signature| {
            Some(self.by_kid(kid)?.verifies(alg, message, signature))
        })
    }

    /// The published key set (RFC 7517 section 5): public members only, shared secrets left out.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys = self.0.iter();
        let keys: Vec<_> = keys
            .filter_map(|key| Some(key.public.as_ref()?.jwk(&key.kid)))
            .collect();
        json!({"keys": keys})
    }

    /// Name, algorithm and state of every key, for an operator's list.
    #[must_use]
    pub fn overview(&self) -> Vec<(&str, &'static str, &'static str)> {
        let state = |key: &Key| match key.state {
            KeyState::Current => "current",
            KeyState::Next => "next",
            KeyState::Previous => "previous",
        };
        self.0
            .iter()
            .map(|key| (key.kid.as_str(), name(key.algorithm), state(key)))
            .collect()
    }

    /// The algorithms of the published keys, each once, for the discovery document.
    #[must_use]
    pub fn algorithms(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for key in self.0.iter().filter(|key| key.public.is_some()) {
            if !names.contains(&name(key.algorithm)) {
                names.push(name(key.algorithm));
            }
        }
        names
    }

    /// The key of this name.
    pub(super) fn by_kid(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid)
    }
}

impl FromSettings for SigningKeys {
    fn read(reader: &mut Reader) -> Self {
        Self::read(reader)
    }
}

/// The header of a token (RFC 7515 section 4.1).
#[derive(serde::Serialize)]
struct JoseHeader<'a> {
    typ: &'static str,
    alg: &'static str,
    kid: &'a str,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kid: String,
    pem: Option<SecretString>,
    secret: Option<SecretString>,
    state: KeyState,
}

fn parse(text: &str) -> Result<SigningKeys, String> {
    // serde_json's own words may repeat a value.
    let entries: Vec<Entry> = serde_json::from_str(text).map_err(|e| {
        format!(
            "line {}, column {} is not as expected",
            e.line(),
            e.column()
        )
    })?;
    let mut keys: Vec<Key> = Vec::with_capacity(entries.len());
    for entry in entries {
        if !accept::well_formed_kid(&entry.kid) {
            return Err("a kid is not 1 to 128 letters, digits, `-`, `_`, `.` or `:`".into());
        }
        if keys.iter().any(|key| key.kid == entry.kid) {
            return Err(format!("two keys are called `{}`", entry.kid));
        }
        let mut key = match (&entry.pem, &entry.secret) {
            (Some(pem), None) => private_key(&entry.kid, pem.expose_secret())?,
            (None, Some(secret)) if secret.expose_secret().len() >= MIN_SECRET_BYTES => {
                shared_secret(&entry.kid, secret.expose_secret().as_bytes())
            }
            (None, Some(_)) => {
                return Err(format!(
                    "the secret of `{}` is shorter than 32 bytes",
                    entry.kid
                ));
            }
            _ => {
                return Err(format!(
                    "`{}` has not exactly one of pem and secret",
                    entry.kid
                ));
            }
        };
        key.state = entry.state;
        keys.push(key);
    }
    match keys.iter().filter(|k| k.state == KeyState::Current).count() {
        1 => Ok(SigningKeys(keys)),
        n => Err(format!("{n} of {} keys are current", keys.len())),
    }
}

fn private_key(kid: &str, text: &str) -> Result<Key, String> {
    let key = pem::private_key(text).map_err(|reason| format!("the key `{kid}` {reason}"))?;
    Ok(Key {
        kid: kid.to_owned(),
        state: KeyState::Current,
        algorithm: key.signing.algorithm(),
        signing: Some(key.signing),
        verifying: key.verifying,
        public: Some(key.public),
    })
}

fn shared_secret(kid: &str, secret: &[u8]) -> Key {
    Key {
        kid: kid.to_owned(),
        state: KeyState::Current,
        algorithm: Algorithm::HS256,
        signing: Some(Signer::Shared(Box::new(hmac::Key::new(
            hmac::HMAC_SHA256,
            secret,
        )))),
        verifying: DecodingKey::from_secret(secret),
        public: None,
    }
}

#[cfg(test)]
pub(super) mod tests;
#[cfg(test)]
mod vectors;
