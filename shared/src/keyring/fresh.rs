//! Makes keys and peppers, as the secret's document holds them.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::entropy;

/// What a signing key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with 2048 bits.
    Rs256,
    /// ECDSA on P-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// An entry of `SIGNING_KEYS` with a fresh key, whose name tells the day; `None` where this machine cannot make one.
#[must_use]
pub fn signing_key(algorithm: Algorithm, state: &str, now: Timestamp) -> Option<Value> {
    let [a, b, c] = entropy::bytes::<3>();
    let day = now.strftime("%Y-%m-%d");
    let pem = pem(&pkcs8(algorithm)?);
    Some(json!({"kid": format!("{day}-{a:02x}{b:02x}{c:02x}"), "pem": pem, "state": state}))
}

/// The secret of a pepper: 32 random bytes in base64.
#[must_use]
pub fn pepper() -> String {
    STANDARD.encode(entropy::bytes::<32>())
}

fn pkcs8(algorithm: Algorithm) -> Option<Vec<u8>> {
    let random = aws_lc_rs::rand::SystemRandom::new();
    Some(match algorithm {
        Algorithm::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
            let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
            der.as_ref().to_vec()
        }
        Algorithm::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .ok()?
            .as_ref()
            .to_vec(),
        Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random)
            .ok()?
            .as_ref()
            .to_vec(),
    })
}

/// RFC 7468, 64 characters a line.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    )
}
