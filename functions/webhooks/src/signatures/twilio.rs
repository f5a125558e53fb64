//! `X-Twilio-Signature`: a MAC over the URL as it was given to Twilio, and the decoded form fields.
//!
//! <https://www.twilio.com/docs/usage/security#validating-requests>. The scheme has no separators between names and
//! values and no time in it: the fields are checked after it, and a replay is harmless because states only go forward.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::{digest, hmac};
use secrecy::{ExposeSecret, SecretString};

use super::form::{self, Form};
use super::{Verdict, base64};

/// What callbacks are signed with.
#[derive(Clone, Debug)]
pub(crate) enum Keys {
    /// The account's auth tokens, the current one and the next: HMAC-SHA1.
    Tokens(Vec<SecretString>),
    /// Shared keys by their ids: HMAC-SHA256, and nothing else, so that no header can talk us down to SHA-1.
    Shared(BTreeMap<String, SecretString>),
}

/// A callback as it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callback<'a> {
    /// The URL that Twilio was given, with this callback's query: see [`signed_url`].
    pub(crate) url: &'a str,
    pub(crate) body: &'a [u8],
    /// What the body is.
    pub(crate) kind: BodyKind,
    /// Every `X-Twilio-Signature` header.
    pub(crate) signatures: &'a [&'a str],
    /// Every `X-Twilio-Webhooks-Signature-Settings` header.
    pub(crate) settings: &'a [&'a str],
}

/// What a body is, by its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// `application/x-www-form-urlencoded`: its fields are signed.
    Form,
    /// `application/json`: the signed URL contains its SHA-256.
    Json,
}

/// The URL that Twilio signed: the configured one, byte for byte, with the query that this callback came with. Nothing
/// of it is taken from the event but the raw query, which Twilio signed too.
#[must_use]
pub(crate) fn signed_url(configured: &str, raw_query: &str) -> String {
    if raw_query.is_empty() {
        return configured.to_owned();
    }
    let base = configured
        .split_once('?')
        .map_or(configured, |(base, _)| base);
    format!("{base}?{raw_query}")
}

/// Whether Twilio wrote this, and the fields that it holds (of a JSON body the texts of its top level).
#[must_use]
pub(crate) fn verify(callback: &Callback<'_>, keys: &Keys) -> Verdict<Form> {
    let (form, signed) = match callback.kind {
        BodyKind::Form => match form::decode(callback.body) {
            Verdict::Genuine(form) => {
                let signed = suffix(&form);
                (Some(form), signed)
            }
            other => return other,
        },
        BodyKind::Json if body_is_named(callback) => (None, String::new()),
        BodyKind::Json => return Verdict::Forged("the URL does not name this body"),
    };
    let [signature] = callback.signatures else {
        return Verdict::Forged("not exactly one signature");
    };
    let Some(signature) = base64(signature) else {
        return Verdict::Forged("the signature is not base64");
    };
    let Some(keys) = keys_for(callback.settings, keys) else {
        return Verdict::Forged("signed in a way that is not configured");
    };
    let held = url_spellings(callback.url).any(|url| {
        let text = format!("{url}{signed}");
        keys.iter()
            .any(|key| hmac::verify(key, text.as_bytes(), &signature).is_ok())
    });
    if !held {
        return Verdict::Forged("the signature does not hold");
    }
    match form {
        Some(form) => Verdict::Genuine(form),
        None => json_fields(callback.body),
    }
}

/// Names and values as they are signed: unique, sorted, without anything between them.
fn suffix(form: &Form) -> String {
    let unique: BTreeSet<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    unique
        .into_iter()
        .flat_map(|(name, value)| [name, value])
        .collect()
}

/// Whether the URL's one `bodySHA256` is the digest of this body, in lower-case hex.
fn body_is_named(callback: &Callback<'_>) -> bool {
    let query = callback.url.split_once('?').map_or("", |(_, query)| query);
    let mut named = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("bodySHA256="));
    let digest = digest::digest(&digest::SHA256, callback.body);
    let hex: String = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    named.next() == Some(&hex) && named.next().is_none()
}

fn keys_for(settings: &[&str], keys: &Keys) -> Option<Vec<hmac::Key>> {
    let settings = match settings {
        [] => None,
        [one] => Some(Settings::parse(one)?),
        _ => return None,
    };
    let key = |algorithm, secret: &SecretString| {
        hmac::Key::new(algorithm, secret.expose_secret().as_bytes())
    };
    match (keys, settings) {
        (Keys::Shared(shared), Some(settings)) if settings.algorithm == "HMAC_SHA256" => {
            Some(vec![key(hmac::HMAC_SHA256, shared.get(settings.key)?)])
        }
        (Keys::Tokens(tokens), settings)
            if settings
                .as_ref()
                .is_none_or(|settings| settings.algorithm == "HMAC_SHA1") =>
        {
            let legacy = hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
            Some(tokens.iter().map(|token| key(legacy, token)).collect())
        }
        _ => None,
    }
}

/// `key=<id>,algorithm=<name>`
struct Settings<'a> {
    key: &'a str,
    algorithm: &'a str,
}

impl<'a> Settings<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let (mut key, mut algorithm) = (None, None);
        for part in header.split(',') {
            let (name, value) = part.trim().split_once('=')?;
            let place = match name {
                "key" => &mut key,
                "algorithm" => &mut algorithm,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return None;
            }
        }
        Some(Self {
            key: key.unwrap_or_default(),
            algorithm: algorithm?,
        })
    }
}

/// The URL as it is, and with the default port written out or left out: Twilio signs either.
fn url_spellings(url: &str) -> impl Iterator<Item = String> {
    let (start, authority, rest) = parts(url);
    let port = match start {
        "https://" => ":443",
        "http://" => ":80",
        _ => "",
    };
    // A colon in the user information, or within an IPv6 literal, begins no port.
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = host.rsplit_once(']').map_or(host, |(_, after)| after);
    let other = match (port, host.contains(':')) {
        ("", _) => None,
        (port, false) => Some(format!("{start}{authority}{port}{rest}")),
        (port, true) => authority
            .strip_suffix(port)
            .map(|authority| format!("{start}{authority}{rest}")),
    };
    std::iter::once(url.to_owned()).chain(other)
}

/// Scheme with its slashes, authority, and everything after it.
fn parts(url: &str) -> (&str, &str, &str) {
    let after_scheme = url.find("://").map_or(0, |colon| colon + 3);
    let (start, rest) = url.split_at(after_scheme);
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    (start, authority, rest)
}

fn json_fields(body: &[u8]) -> Verdict<Form> {
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body) {
        Ok(fields) => Verdict::Genuine(
            fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
                .collect(),
        ),
        Err(_) => Verdict::Malformed("Expected a JSON object."),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../../tests/vectors/twilio.json")).unwrap()
    }

    fn check(url: &str, body: &[u8], kind: BodyKind, headers: &[(&str, &str)], keys: &Keys) -> u16 {
        let all = |wanted: &str| -> Vec<&str> {
            headers
                .iter()
                .filter(|(name, value)| name.eq_ignore_ascii_case(wanted) && !value.is_empty())
                .map(|(_, value)| *value)
                .collect()
        };
        let callback = Callback {
            url,
            body,
            kind,
            signatures: &all("X-Twilio-Signature"),
            settings: &all("X-Twilio-Webhooks-Signature-Settings"),
        };
        match verify(&callback, keys) {
            Verdict::Genuine(_) => 204,
            Verdict::Forged(_) => 403,
            Verdict::Malformed(_) => 400,
        }
    }

    fn headers(value: &Value) -> Vec<(&str, &str)> {
        let headers = value.as_object().unwrap().iter();
        headers
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect()
    }

    #[test]
    fn every_vector_gets_its_answer() {
        let vectors = vectors();
        let cases = vectors["cases"].as_array().unwrap();
        for case in cases {
            let id = case["id"].as_str().unwrap();
            let secrets = case["key_ring"].as_array().unwrap().iter();
            let secrets = secrets.map(|secret| SecretString::from(secret.as_str().unwrap()));
            let headers = headers(&case["headers"]);
            let keys = if headers.iter().any(|(name, _)| name.ends_with("Settings")) {
                Keys::Shared(
                    secrets
                        .map(|secret| ("webhooks_sharedkey_01example".to_owned(), secret))
                        .collect(),
                )
            } else {
                Keys::Tokens(secrets.collect())
            };
            let request = &case["request"];
            let kind = match request["content_type"].as_str().unwrap() {
                "application/json" => BodyKind::Json,
                _ => BodyKind::Form,
            };
            let body = base64(request["raw_body_base64"].as_str().unwrap()).unwrap();
            let status = check(
                case["verify_url"].as_str().unwrap(),
                &body,
                kind,
                &headers,
                &keys,
            );
            assert_eq!(
                u64::from(status),
                case["expected_http"].as_u64().unwrap(),
                "{id}"
            );
        }
        assert_eq!(cases.len(), 35, "as many as were handed over");
    }

    #[test]
    fn every_event_vector_gets_its_answer() {
        let keys = Keys::Tokens(vec!["0123456789abcdef0123456789abcdef".into()]);
        let vectors = vectors();
        let events = vectors["apigw_v2_events"].as_array().unwrap();
        for case in events {
            let event = &case["event"];
            let query = event["rawQueryString"].as_str().unwrap();
            // As in the function: what is configured, and the raw query of the event.
            let url = signed_url(case["configured_url"].as_str().unwrap(), query);
            let headers = headers(&event["headers"]);
            let body = event["body"].as_str().unwrap().as_bytes();
            let status = check(&url, body, BodyKind::Form, &headers, &keys);
            let expected = if case["expected"] == "accept" {
                204
            } else {
                403
            };
            assert_eq!(status, expected, "{}", case["id"]);
        }
        assert_eq!(events.len(), 5);
    }

    #[test]
    fn the_default_port_may_be_written_or_not() {
        let spell = |url: &str| url_spellings(url).skip(1).collect::<Vec<_>>();
        assert_eq!(
            spell("https://a.example/x?y"),
            ["https://a.example:443/x?y"]
        );
        assert_eq!(spell("https://a.example:443/x"), ["https://a.example/x"]);
        assert_eq!(spell("http://a.example?y"), ["http://a.example:80?y"]);
        assert_eq!(spell("https://a.example:8443/x"), [""; 0]);
        assert_eq!(spell("https://a.example:1443/x"), [""; 0]);
        assert_eq!(
            spell("https://u:p@a.example/x"),
            ["https://u:p@a.example:443/x"]
        );
        assert_eq!(
            spell("https://u:443@a.example:443/x"),
            ["https://u:443@a.example/x"]
        );
        assert_eq!(spell("https://[::1]/x"), ["https://[::1]:443/x"]);
        assert_eq!(spell("https://[::1]:443/x"), ["https://[::1]/x"]);
        assert_eq!(spell("nonsense"), [""; 0]);
    }

    #[test]
    fn a_header_cannot_choose_a_weaker_way() {
        let shared = |id: &str| Keys::Shared([(id.to_owned(), "secret".into())].into());
        let tokens = Keys::Tokens(vec!["secret".into()]);
        let allowed = |header: &[&str], keys: &Keys| keys_for(header, keys).is_some();
        assert!(allowed(&["key=a,algorithm=HMAC_SHA256"], &shared("a")));
        for header in [
            &[][..],
            &["key=b,algorithm=HMAC_SHA256"],
            &["key=a,algorithm=HMAC_SHA1"],
            &["key=a,algorithm=none"],
            &["key=a"],
            &["key=a,algorithm=HMAC_SHA256,algorithm=HMAC_SHA256"],
            &["key=a,algorithm=HMAC_SHA256", "key=a,algorithm=HMAC_SHA256"],
            &["nonsense"],
        ] {
            assert!(!allowed(header, &shared("a")), "{header:?}");
        }
        assert!(allowed(&[], &tokens));
        assert!(!allowed(&["key=a,algorithm=HMAC_SHA256"], &tokens));
    }

    #[test]
    fn two_signatures_are_none() {
        let keys = Keys::Tokens(vec!["0123456789abcdef0123456789abcdef".into()]);
        let vectors = vectors();
        let good = vectors["cases"]
            .as_array()
            .unwrap()
            .iter()
            .find(|case| case["id"] == "tw-03")
            .unwrap();
        let (url, signature) = (
            good["verify_url"].as_str().unwrap(),
            good["headers"]["X-Twilio-Signature"].as_str().unwrap(),
        );
        let body = good["request"]["raw_body"].as_str().unwrap().as_bytes();
        let with =
            |signatures: &[(&str, &str)]| check(url, body, BodyKind::Form, signatures, &keys);
        let name = "x-twilio-signature";
        assert_eq!(with(&[(name, signature)]), 204);
        assert_eq!(with(&[(name, signature), (name, signature)]), 403);
        assert_eq!(with(&[(name, &format!("{signature},{signature}"))]), 403);
        assert_eq!(with(&[(name, &format!(" {signature}"))]), 403);
    }
}
