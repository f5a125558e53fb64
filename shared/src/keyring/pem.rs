//! Private keys as operators' tools write them: PKCS#8, and the older PKCS#1 and SEC1.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use jsonwebtoken::DecodingKey;
use secrecy::zeroize::Zeroizing;

use super::jwk::PublicKey;
use super::signer::Signer;

/// The smallest RSA modulus, in bits (RFC 7518 section 3.3).
const MIN_RSA_BITS: usize = 2048;

/// A private key and what follows from its kind.
pub(super) struct PrivateKey {
    pub(super) signing: Signer,
    pub(super) verifying: DecodingKey,
    pub(super) public: PublicKey,
}

/// Reads a private key in PEM form (RFC 7468): RSA of 2048 bits or more, P-256, or Ed25519.
///
/// # Errors
/// What is wrong with it, as the end of the sentence "the key …".
pub(super) fn private_key(pem: &str) -> Result<PrivateKey, &'static str> {
    let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes())
        .map_err(|_| "is no PEM block that begins with -----BEGIN and ends with -----END")?;
    let der = Zeroizing::new(block.contents);
    match block.label.as_str() {
        "RSA PRIVATE KEY" => rsa(RsaKeyPair::from_der(&der).map_err(|_| "is no valid RSA key")?),
        "EC PRIVATE KEY" => p256(&der),
        "PRIVATE KEY" => {
            if let Ok(pair) = RsaKeyPair::from_pkcs8(&der) {
                rsa(pair)
            } else if let Ok(pair) = Ed25519KeyPair::from_pkcs8(&der) {
                Ok(ed25519(pair))
            } else {
                p256(&der)
            }
        }
        "ENCRYPTED PRIVATE KEY" => Err("is encrypted"),
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => Err("is not a private key"),
        _ => Err("is of a kind that this service does not sign with"),
    }
}

fn rsa(pair: RsaKeyPair) -> Result<PrivateKey, &'static str> {
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    if bits < MIN_RSA_BITS {
        return Err("is an RSA key of fewer than 2048 bits");
    }
    Ok(PrivateKey {
        verifying: DecodingKey::from_rsa_der(pair.public_key().as_ref()),
        public: PublicKey::Rsa { n, e },
        signing: Signer::Rsa(pair),
    })
}

fn p256(der: &[u8]) -> Result<PrivateKey, &'static str> {
    let wrong = "is neither RSA, nor P-256, nor Ed25519, or is damaged";
    let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
        .map_err(|_| wrong)?;
    let point = pair.public_key().as_ref();
    // SEC 1 section 2.3.3: 04 and both coordinates
    let (x, y) = point
        .strip_prefix(&[4])
        .and_then(|xy| xy.split_at_checked(32))
        .ok_or(wrong)?;
    Ok(PrivateKey {
        verifying: DecodingKey::from_ec_der(point),
        public: PublicKey::P256 {
            x: x.to_vec(),
            y: y.to_vec(),
        },
        signing: Signer::P256(pair),
    })
}

fn ed25519(pair: Ed25519KeyPair) -> PrivateKey {
    let x = pair.public_key().as_ref().to_vec();
    PrivateKey {
        verifying: DecodingKey::from_ed_der(&x),
        public: PublicKey::Ed25519 { x },
        signing: Signer::Ed25519(pair),
    }
}
