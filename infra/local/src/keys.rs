//! Keys that a local cloud makes for itself: the secret's document, and what the emulators sign with.

use std::path::Path;
use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::emulators::hex;

/// Everything secret in one local cloud.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Keys {
    /// The document in Secrets Manager: settings by name.
    pub(crate) document: Map<String, Value>,
    /// The key that SNS signs with, PKCS #8 in base64.
    sns_key: String,
    /// The certificate of that key.
    pub(crate) sns_certificate: String,
    /// The key that SendGrid signs with, PKCS #8 in base64.
    sendgrid_key: String,
}

impl Keys {
    /// The keys of a cloud in memory: made once in this process, but for the peppers.
    pub(crate) fn in_memory() -> Result<Self, String> {
        static MADE: OnceLock<Result<Keys, String>> = OnceLock::new();
        let mut keys = MADE.get_or_init(Self::generate).clone()?;
        keys.document.insert("PEPPERS".to_owned(), peppers());
        Ok(keys)
    }

    /// The keys kept in this folder, and whether they were there; made and kept on the first start.
    pub(crate) fn on_disk(folder: &Path) -> Result<(Self, bool), String> {
        let path = folder.join("keys.json");
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        match std::fs::read(&path) {
            Ok(bytes) => {
                let keys = serde_json::from_slice(&bytes).map_err(|error| told(&error))?;
                Ok((keys, true))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let keys = Self::generate()?;
                let text = serde_json::to_vec_pretty(&keys).map_err(|error| told(&error))?;
                write_privately(&path, &text).map_err(|error| told(&error))?;
                Ok((keys, false))
            }
            Err(error) => Err(told(&error)),
        }
    }

    fn generate() -> Result<Self, String> {
        let failed = |_| "a key cannot be made on this machine".to_owned();
        let signing = rsa()?;
        let sns = rsa()?;
        let sendgrid = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
        let public = sendgrid.public_key();
        let public: aws_lc_rs::encoding::PublicKeyX509Der = public.as_der().map_err(failed)?;
        let document = json!({
            "SIGNING_KEYS": [{
                "kid": format!("local-{}", hex::<4>()),
                "pem": pem("PRIVATE KEY", &signing),
                "state": "current",
            }],
            "PEPPERS": peppers(),
            "EDGE_SECRETS": hex::<32>(),
            "TWILIO_AUTH_TOKEN": hex::<16>(),
            "SENDGRID_API_KEY": format!("SG.{}", hex::<24>()),
            "SENDGRID_WEBHOOK_KEYS": STANDARD.encode(public.as_ref()),
        });
        let Value::Object(document) = document else {
            return Err("the document is an object".to_owned());
        };
        Ok(Self {
            document,
            sns_certificate: certificate(&sns)?,
            sns_key: STANDARD.encode(&sns),
            sendgrid_key: STANDARD.encode(sendgrid.to_pkcs8v1().map_err(failed)?.as_ref()),
        })
    }

    /// A text of the document.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.document
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Puts a setting into the document, in the form that it has there: JSON where it was JSON.
    pub(crate) fn replace(&mut self, name: &str, text: &str) {
        let was_json = self.document.get(name).is_some_and(Value::is_array);
        let json = serde_json::from_str(text).ok().filter(|_| was_json);
        let value = json.unwrap_or_else(|| Value::String(text.to_owned()));
        self.document.insert(name.to_owned(), value);
    }

    /// The key that SNS signs with.
    pub(crate) fn sns(&self) -> Result<RsaKeyPair, String> {
        let der = STANDARD.decode(&self.sns_key).map_err(|e| e.to_string())?;
        RsaKeyPair::from_pkcs8(&der).map_err(|error| error.to_string())
    }

    /// The key that SendGrid signs with.
    pub(crate) fn sendgrid(&self) -> Result<EcdsaKeyPair, String> {
        let der = STANDARD
            .decode(&self.sendgrid_key)
            .map_err(|e| e.to_string())?;
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der)
            .map_err(|error| error.to_string())
    }
}

fn peppers() -> Value {
    json!([{ "version": 1, "secret": STANDARD.encode(shared::entropy::bytes::<32>()) }])
}

fn rsa() -> Result<Vec<u8>, String> {
    let failed = |_| "an RSA key cannot be made on this machine".to_owned();
    let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let der: Pkcs8V1Der = key.as_der().map_err(failed)?;
    Ok(der.as_ref().to_vec())
}

/// A certificate for the key, signed by itself, as `SNS_CERT_PEM` pins it.
fn certificate(pkcs8: &[u8]) -> Result<String, String> {
    let told = |error: rcgen::Error| error.to_string();
    let key = rcgen::KeyPair::try_from(pkcs8).map_err(told)?;
    let params =
        rcgen::CertificateParams::new(vec!["sns.amazonaws.com".to_owned()]).map_err(told)?;
    Ok(params.self_signed(&key).map_err(told)?.pem())
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text + "-----END " + label + "-----\n"
}

/// Writes a file that only its owner may read.
fn write_privately(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_can_be_written_read_and_used() {
        let keys = Keys::in_memory().unwrap();
        let text = serde_json::to_vec(&keys).unwrap();
        let read: Keys = serde_json::from_slice(&text).unwrap();
        assert_eq!(read.document, keys.document);
        read.sns().unwrap();
        read.sendgrid().unwrap();
        assert!(
            read.sns_certificate
                .starts_with("-----BEGIN CERTIFICATE-----")
        );
    }

    #[test]
    fn each_cloud_in_memory_has_a_pepper_of_its_own() {
        let pepper = || Keys::in_memory().unwrap().document["PEPPERS"].clone();
        assert_ne!(pepper(), pepper());
    }
}
