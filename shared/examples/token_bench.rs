//! What it costs to sign and to check an access token, by kind of key: `cargo run --release -p shared --example
//! token_bench`.

use std::io::Write as _;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;
use shared::config::{Public, Reader, SecretDocument, TokenRules, Variables};
use shared::domain::id::{SessionId, UserId};
use shared::domain::token::AccessClaims;
use shared::keyring::SigningKeys;

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

fn rsa(size: KeySize) -> String {
    let key = RsaKeyPair::generate(size).expect("a key");
    let der: Pkcs8V1Der = key.as_der().expect("its DER");
    pem(der.as_ref())
}

fn keys(entry: serde_json::Value) -> (SigningKeys, TokenRules) {
    let ring = json!([entry]).to_string();
    let variables: Variables = [
        ("SIGNING_KEYS", ring.as_str()),
        ("PUBLIC_URL", "https://auth.example.com"),
    ]
    .into_iter()
    .collect();
    let secrets = SecretDocument::default();
    let mut reader = Reader::new(&variables, &secrets);
    let public = Public::read(&mut reader);
    let read = (
        SigningKeys::read(&mut reader),
        TokenRules::read(&mut reader, &public),
    );
    reader.finish(read).expect("the settings are right")
}

fn average(times: u32, mut work: impl FnMut()) -> Duration {
    work();
    let start = Instant::now();
    for _ in 0..times {
        work();
    }
    start.elapsed() / times
}

fn main() {
    let entry = |pem: String| json!({"kid": "k", "state": "current", "pem": pem});
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let p256 = p256.to_pkcs8v1().expect("its DER");
    let ed25519 = Ed25519KeyPair::generate().expect("a key");
    let ed25519 = ed25519.to_pkcs8v1().expect("its DER");
    let rings = [
        ("RS256, 2048 bits", entry(rsa(KeySize::Rsa2048))),
        ("RS256, 3072 bits", entry(rsa(KeySize::Rsa3072))),
        ("ES256", entry(pem(p256.as_ref()))),
        ("EdDSA", entry(pem(ed25519.as_ref()))),
        (
            "HS256",
            json!({"kid": "k", "state": "current", "secret": "x".repeat(32)}),
        ),
    ];
    let now = Timestamp::from_second(1_800_000_000).expect("a moment");
    let mut out = std::io::stdout();
    for (name, ring) in rings {
        let (keys, rules) = keys(ring);
        let claims = AccessClaims {
            iss: rules.issuer.clone(),
            aud: rules.audience.clone(),
            sub: UserId::from_bytes([1; 16]),
            sid: SessionId::from_bytes([2; 16]),
            jti: "jti_00000000000000000000000000000000".into(),
            iat: 1_800_000_000,
            exp: 1_800_000_900,
            auth_time: 1_800_000_000,
            amr: vec!["otp".into(), "email".into()],
            roles: vec![],
            client_id: "web".into(),
        };
        let token = keys.sign(&claims).expect("it signs");
        let sign = average(300, || drop(keys.sign(&claims)));
        let check = average(3000, || {
            assert!(keys.verify(&token, &rules, now).is_some());
        });
        let forged = format!("{}AAAA", &token[..token.len() - 4]);
        let refuse = average(3000, || {
            assert!(keys.verify(&forged, &rules, now).is_none());
        });
        let signing = measure(|| drop(keys.sign(&claims)));
        let checking = measure(|| drop(keys.verify(&token, &rules, now)));
        let _ = writeln!(
            out,
            "{name:17} {} bytes; sign {sign:>9.1?} ({} allocations); check {check:>8.1?} ({} allocations, {} bytes); \
             refuse {refuse:>8.1?}",
            token.len(),
            signing.count_total,
            checking.count_total,
            checking.bytes_total,
        );
    }
}
