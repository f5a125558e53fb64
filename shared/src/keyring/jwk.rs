//! The public half of a key, as JWKS publishes it (RFC 7517, RFC 7518 section 6, RFC 8037).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// The public members of a key; there is no room here for a private one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256 { x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

impl PublicKey {
    /// The JWK under the name `kid`.
    pub(super) fn jwk(&self, kid: &str) -> Value {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa { n, e } => {
                json!({"kty": "RSA", "n": b64(n), "e": b64(e), "kid": kid, "use": "sig", "alg": "RS256"})
            }
            Self::P256 { x, y } => {
                json!({"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y), "kid": kid, "use": "sig", "alg": "ES256"})
            }
            Self::Ed25519 { x } => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": b64(x), "kid": kid, "use": "sig", "alg": "EdDSA"})
            }
        }
    }
}
