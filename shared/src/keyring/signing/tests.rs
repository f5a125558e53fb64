//! The ring from outside: what it signs, what it takes, what it shows.

use std::time::Duration;

use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{EncodingKey, Header};
use proptest::prelude::*;

use super::*;
use crate::config::{SecretDocument, Variables};
use crate::domain::id::{SessionId, UserId};

pub(in crate::keyring) fn rules() -> TokenRules {
    TokenRules {
        issuer: "https://auth.example.com".into(),
        audience: "https://api.example.com".into(),
        client_id: "web".into(),
        access: Duration::from_mins(15),
        absolute: Duration::from_hours(30 * 24),
        idle: Duration::from_hours(14 * 24),
        grace: Duration::from_secs(10),
        sessions_per_user: 20,
    }
}

pub(in crate::keyring) fn claims() -> AccessClaims {
    AccessClaims {
        iss: rules().issuer,
        aud: rules().audience,
        sub: UserId::from_bytes([1; 16]),
        sid: SessionId::from_bytes([2; 16]),
        jti: "jti_1".into(),
        iat: 1_000,
        exp: 1_900,
        auth_time: 1_000,
        amr: vec!["otp".into(), "email".into()],
        roles: vec![],
        client_id: "web".into(),
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn rsa(size: KeySize) -> String {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    let key = PrivateDecryptingKey::generate(size).unwrap();
    let der: Pkcs8V1Der = key.as_der().unwrap();
    pem("PRIVATE KEY", der.as_ref())
}

fn p256() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

fn p256_pem() -> String {
    pem("PRIVATE KEY", p256().to_pkcs8v1().unwrap().as_ref())
}

fn ed25519() -> String {
    pem(
        "PRIVATE KEY",
        Ed25519KeyPair::generate()
            .unwrap()
            .to_pkcs8()
            .unwrap()
            .as_ref(),
    )
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn read(text: &str) -> Result<SigningKeys, String> {
    let variables: Variables = [("SIGNING_KEYS", text)].into_iter().collect();
    let nothing = SecretDocument::default();
    let mut reader = Reader::new(&variables, &nothing);
    let ring = SigningKeys::read(&mut reader);
    reader.finish(ring).map_err(|c| c.to_string())
}

pub(in crate::keyring) fn entry(kid: &str, state: &str, pem: &str) -> Value {
    json!({"kid": kid, "state": state, "pem": pem})
}

fn mixed() -> SigningKeys {
    let secret = "a text of at least thirty-two bytes";
    let ring = json!([
        entry("r", "current", &rsa(KeySize::Rsa2048)),
        entry("e", "next", &p256_pem()),
        entry("d", "previous", &ed25519()),
        {"kid": "h", "state": "previous", "secret": secret},
    ]);
    read(&ring.to_string()).unwrap()
}

/// The same keys, with another one current.
fn with_current(mut ring: SigningKeys, kid: &str) -> SigningKeys {
    for key in &mut ring.0 {
        key.state = if key.kid == kid {
            KeyState::Current
        } else {
            KeyState::Next
        };
    }
    ring
}

#[test]
fn every_kind_of_key_signs_by_its_one_algorithm() {
    let mut ring = mixed();
    for (kid, alg) in [
        ("r", "RS256"),
        ("e", "ES256"),
        ("d", "EdDSA"),
        ("h", "HS256"),
    ] {
        ring = with_current(ring, kid);
        let token = ring.sign(&claims()).unwrap();
        let header = URL_SAFE_NO_PAD
            .decode(token.split('.').next().unwrap())
            .unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header, json!({"typ": "at+jwt", "alg": alg, "kid": kid}));
        assert_eq!(
            ring.verify(&token, &rules(), at(1_000)),
            Some(claims()),
            "{alg}"
        );
    }
}

#[test]
fn older_spellings_of_a_key_are_read() {
    let pair = p256();
    let sec1 = sec1(&pair);
    let ring = read(&json!([entry("e", "current", &pem("EC PRIVATE KEY", &sec1))]).to_string());
    let ring = ring.unwrap();
    let token = ring.sign(&claims()).unwrap();
    assert!(ring.verify(&token, &rules(), at(1_000)).is_some());
}

/// RFC 5915: version 1, the private key, the curve.
fn sec1(pair: &EcdsaKeyPair) -> Vec<u8> {
    use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
    let scalar: EcPrivateKeyBin = pair.private_key().as_be_bytes().unwrap();
    let mut der = vec![0x30, 49, 2, 1, 1, 4, 32];
    der.extend_from_slice(scalar.as_ref());
    der.extend_from_slice(&[0xA0, 10, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]);
    der
}

#[test]
fn only_public_members_are_published() {
    let jwks = mixed().jwks();
    let keys = jwks["keys"].as_array().unwrap();
    let shape = |key: &Value| {
        let members: Vec<_> = key.as_object().unwrap().keys().cloned().collect();
        (key["kid"].as_str().unwrap().to_owned(), members.join(" "))
    };
    let expected = [
        ("r", "alg e kid kty n use"),
        ("e", "alg crv kid kty use x y"),
        ("d", "alg crv kid kty use x"),
    ];
    let shapes: Vec<_> = keys.iter().map(shape).collect();
    assert_eq!(
        shapes,
        expected.map(|(kid, members)| (kid.to_owned(), members.to_owned()))
    );
    assert_eq!(mixed().algorithms(), ["RS256", "ES256", "EdDSA"]);
    assert!(!format!("{:?}", mixed()).contains("thirty"));
}

#[test]
fn a_wrong_ring_is_a_sentence_without_a_key() {
    let good = p256_pem();
    let public = pem("PUBLIC KEY", b"x");
    let cases = [
        (json!([]), "0 of 0 keys are current"),
        (
            json!([entry("a", "next", &good)]),
            "0 of 1 keys are current",
        ),
        (
            json!([entry("a", "current", &good), entry("b", "current", &good)]),
            "2 of 2 keys are current",
        ),
        (
            json!([entry("a", "current", &good), entry("a", "next", &good)]),
            "two keys are called `a`",
        ),
        (json!([entry("../a", "current", &good)]), "a kid is not"),
        (json!([entry("a", "retired", &good)]), "line 1"),
        (
            json!([{"kid": "a", "state": "current"}]),
            "exactly one of pem and secret",
        ),
        (
            json!([{"kid": "a", "state": "current", "secret": "too short, says the RFC"}]),
            "shorter than 32 bytes",
        ),
        (
            json!([{"kid": "a", "state": "current", "pem": good, "alg": "none"}]),
            "line 1",
        ),
        (
            json!([entry("a", "current", &public)]),
            "the key `a` is not a private key",
        ),
        (
            json!([entry("a", "current", "hello")]),
            "the key `a` is no PEM block",
        ),
        (
            json!([entry("a", "current", &pem("PRIVATE KEY", b"x"))]),
            "the key `a` is neither RSA",
        ),
        (
            json!([entry("a", "current", &pem("ENCRYPTED PRIVATE KEY", b"x"))]),
            "the key `a` is encrypted",
        ),
    ];
    for (ring, reason) in cases {
        let complaint = read(&ring.to_string()).unwrap_err();
        assert!(complaint.starts_with("SIGNING_KEYS: "), "{complaint}");
        assert!(
            complaint.contains(reason),
            "{complaint} should say {reason}"
        );
        assert!(complaint.contains("expected a JSON list"), "{complaint}");
        assert!(
            !complaint.contains("MIG") && !complaint.contains("RFC"),
            "{complaint}"
        );
    }
}

#[test]
fn what_differs_from_the_profile_is_refused() {
    let ring = with_current(mixed(), "h");
    let now = at(1_000);
    let changed = |name: &str, value: Value| {
        let mut claims = serde_json::to_value(claims()).unwrap();
        claims[name] = value;
        claims
    };
    let secret = EncodingKey::from_secret(b"a text of at least thirty-two bytes");
    let sign = |claims: &Value| {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".into());
        header.kid = Some("h".into());
        jsonwebtoken::encode(&header, claims, &secret).unwrap()
    };
    assert!(
        ring.verify(&sign(&changed("x", json!({"deep": [1]}))), &rules(), now)
            .is_some()
    );
    for (name, value) in [
        ("iss", json!("https://auth.example.com/")),
        ("iss", json!(["https://auth.example.com"])),
        ("aud", json!("https://api.example.com/")),
        ("aud", json!("HTTPS://API.EXAMPLE.COM")),
        ("aud", json!([])),
        ("aud", json!(["https://api.example.com", 1])),
        ("sub", json!("ses_00000000000000000000000000000000")),
        ("sub", json!("")),
        ("sid", json!(null)),
        ("jti", json!("")),
        ("iat", json!("1000")),
        ("iat", json!(1000.0)),
        ("iat", json!(1061)),
        ("exp", json!("1900")),
        ("exp", json!(999)),
        ("exp", json!(1901)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(i64::MIN)),
        ("nbf", json!(1061)),
        ("nbf", json!("0")),
        ("auth_time", json!("1000")),
        ("amr", json!("otp")),
        ("roles", json!([{}])),
        ("client_id", json!(1)),
    ] {
        let token = sign(&changed(name, value.clone()));
        assert_eq!(
            ring.check(&token, &rules(), now),
            Err(TokenRefusal::Invalid),
            "{name}: {value}"
        );
    }
    for name in ["iss", "aud", "sub", "sid", "jti", "iat", "exp"] {
        let mut claims = serde_json::to_value(claims()).unwrap();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(
            ring.check(&sign(&claims), &rules(), now),
            Err(TokenRefusal::Invalid),
            "{name}"
        );
    }
}

#[test]
fn a_key_counts_for_its_own_algorithm_only() {
    let ring = with_current(mixed(), "r");
    let token = ring.sign(&claims()).unwrap();
    let (_, rest) = token.split_once('.').unwrap();
    for (alg, kid) in [
        ("none", "r"),
        ("RS512", "r"),
        ("PS256", "r"),
        ("HS256", "r"),
        ("RS256", "e"),
        ("RS256", "h"),
    ] {
        let header = json!({"alg": alg, "typ": "at+jwt", "kid": kid}).to_string();
        let token = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
        assert_eq!(
            ring.check(&token, &rules(), at(1_000)),
            Err(TokenRefusal::Invalid),
            "{alg} {kid}"
        );
    }
    let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": "other"}).to_string();
    let token = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
    assert_eq!(
        ring.check(&token, &rules(), at(1_000)),
        Err(TokenRefusal::UnknownKey)
    );
}

#[test]
fn depth_and_length_cost_nothing() {
    let ring = mixed();
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"at+jwt","kid":"r"}"#);
    for depth in [1_500, 10_000, 1_000_000] {
        let claims = URL_SAFE_NO_PAD.encode("[".repeat(depth));
        for token in [
            format!("{header}.{claims}.AA"),
            format!("{claims}.{claims}.AA"),
        ] {
            assert_eq!(ring.verify(&token, &rules(), at(1_000)), None);
        }
    }
}

proptest! {
    #[test]
    fn any_changed_character_is_refused(pick: prop::sample::Index, to in "[A-Za-z0-9_.=+/ -]") {
        let secret = "a text of at least thirty-two bytes";
        let ring = json!([{"kid": "h", "state": "current", "secret": secret}]);
        let ring = read(&ring.to_string()).unwrap();
        let mut token = ring.sign(&claims()).unwrap();
        let at_char = pick.index(token.len());
        prop_assume!(token[at_char..=at_char] != to);
        token.replace_range(at_char..=at_char, &to);
        prop_assert_eq!(ring.verify(&token, &rules(), at(1_000)), None);
    }

    #[test]
    fn any_text_is_refused(text: String) {
        let ring = json!([{"kid": "h", "state": "current", "secret": "a text of at least thirty-two bytes"}]);
        let ring = read(&ring.to_string()).unwrap();
        prop_assert_eq!(ring.verify(&text, &rules(), at(1_000)), None);
    }
}
