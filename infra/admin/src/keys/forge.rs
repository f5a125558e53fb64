//! Makes keys.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::entropy;

use super::Kind;
use crate::failure::Failure;

/// An entry of `SIGNING_KEYS` with a fresh key; its name tells the day.
pub(super) fn key(kind: Kind, state: &str, now: Timestamp) -> Result<Value, Failure> {
    let [a, b, c] = entropy::bytes::<3>();
    let day = now.strftime("%Y-%m-%d");
    let pem = pem(&pkcs8(kind)
        .ok_or_else(|| Failure::Other("a key cannot be made on this machine".to_owned()))?);
    Ok(json!({"kid": format!("{day}-{a:02x}{b:02x}{c:02x}"), "pem": pem, "state": state}))
}

/// The secret of a pepper: 32 random bytes in base64.
pub(super) fn pepper() -> String {
    STANDARD.encode(entropy::bytes::<32>())
}

fn pkcs8(kind: Kind) -> Option<Vec<u8>> {
    let random = aws_lc_rs::rand::SystemRandom::new();
    Some(match kind {
        Kind::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
            let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
            der.as_ref().to_vec()
        }
        Kind::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .ok()?
            .as_ref()
            .to_vec(),
        Kind::Eddsa => Ed25519KeyPair::generate_pkcs8(&random)
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
