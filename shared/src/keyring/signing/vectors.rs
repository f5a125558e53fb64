//! `tests/vectors/jwt.json`: tokens of other makers, each accepted or refused as the file says.

use std::time::Duration;

use super::super::accept::Checked;
use super::*;

#[derive(serde::Deserialize)]
struct Vectors {
    verifier_clock: i64,
    issuer: String,
    audience: String,
    leeway_seconds: i64,
    jwks: Jwks,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(serde::Deserialize)]
struct Jwk {
    kid: String,
    x: String,
    y: String,
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    title: String,
    expected: String,
    token: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../tests/vectors/jwt.json")).unwrap()
}

/// The generic layer: the vectors' ids are not shaped like ours.
fn accepts(keys: &SigningKeys, rules: &TokenRules, token: &str, now: i64) -> bool {
    keys.signed_claims(token)
        .is_ok_and(|claims| Checked::parse(&claims, rules, now).is_some())
}

fn ring(vectors: &Vectors) -> SigningKeys {
    let key = |jwk: &Jwk| Key {
        kid: jwk.kid.clone(),
        state: KeyState::Next,
        algorithm: Algorithm::ES256,
        signing: None,
        verifying: DecodingKey::from_ec_components(&jwk.x, &jwk.y).unwrap(),
        public: None,
    };
    SigningKeys(vectors.jwks.keys.iter().map(key).collect())
}

fn rules(vectors: &Vectors) -> TokenRules {
    TokenRules {
        issuer: vectors.issuer.clone(),
        audience: vectors.audience.clone(),
        access: Duration::from_mins(15),
        ..super::tests::rules()
    }
}

#[test]
fn every_vector_is_decided_as_it_says() {
    let vectors = vectors();
    let (keys, rules) = (ring(&vectors), rules(&vectors));
    let wrong: Vec<_> = vectors
        .cases
        .iter()
        .filter(|case| {
            accepts(&keys, &rules, &case.token, vectors.verifier_clock)
                != (case.expected == "accept")
        })
        .map(|case| format!("{} {} should {}", case.id, case.title, case.expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(vectors.cases.len(), 53);
    assert_eq!(accept::LEEWAY_SECONDS, vectors.leeway_seconds);
}

#[test]
fn a_valid_vector_ends_with_its_leeway() {
    let vectors = vectors();
    let (keys, rules) = (ring(&vectors), rules(&vectors));
    let token = &vectors.cases[0].token; // iat is ten seconds before the clock, exp 590 after it
    let at = |offset| accepts(&keys, &rules, token, vectors.verifier_clock + offset);
    assert_eq!(
        [at(-71), at(-70), at(649), at(650)],
        [false, true, true, false]
    );
}
