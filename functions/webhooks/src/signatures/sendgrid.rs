//! SendGrid's signed event webhook: ECDSA P-256 with SHA-256 over the timestamp header and the raw body.
//!
//! <https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features>

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use jiff::Timestamp;
use serde_json::Value;

use super::{Verdict, base64};

/// How many whole seconds the timestamp may be behind our clock: SendGrid repeats a batch for a day, and whether it signs it
/// anew nobody says. A repetition changes nothing.
pub(crate) const BEHIND: i64 = 24 * 60 * 60 + 300;
/// How many it may be ahead.
pub(crate) const AHEAD: i64 = 300;

/// What stands before the point in the SPKI of every uncompressed P-256 key (RFC 5480).
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A key from SendGrid's console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey([u8; 65]);

impl PublicKey {
    /// Reads the base64 of the key's SPKI; `None` for anything that is no uncompressed P-256 key.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let spki = base64(text)?;
        let point = spki.strip_prefix(&SPKI_PREFIX)?;
        let uncompressed = point.first() == Some(&4);
        uncompressed.then(|| point.try_into().ok().map(Self))?
    }
}

/// A batch as it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    /// Every `X-Twilio-Email-Event-Webhook-Signature` header.
    pub(crate) signatures: &'a [&'a str],
    /// Every `X-Twilio-Email-Event-Webhook-Timestamp` header.
    pub(crate) timestamps: &'a [&'a str],
    /// The raw body, with the line end that SendGrid puts after it.
    pub(crate) body: &'a [u8],
}

/// Whether SendGrid wrote this just now, and the events that it holds, unread: one bad event must not cost the batch.
#[must_use]
pub(crate) fn verify(batch: &Batch<'_>, keys: &[PublicKey], now: Timestamp) -> Verdict<Vec<Value>> {
    let ([signature], [timestamp]) = (batch.signatures, batch.timestamps) else {
        return Verdict::Forged("not exactly one signature and one timestamp");
    };
    // Nothing separates the timestamp from the body: only one of a fixed length cannot reach into it.
    let Some(sent) = moment(timestamp) else {
        return Verdict::Forged("the timestamp is not ten digits");
    };
    if !(-AHEAD..=BEHIND).contains(&(now.as_second() - sent.as_second())) {
        return Verdict::Forged("the timestamp is outside the window");
    }
    let Some(signature) = base64(signature) else {
        return Verdict::Forged("the signature is not base64");
    };
    let signed = [timestamp.as_bytes(), batch.body].concat();
    let held = keys.iter().any(|PublicKey(point)| {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
            .verify(&signed, &signature)
            .is_ok()
    });
    if !held {
        return Verdict::Forged("the signature does not hold");
    }
    match serde_json::from_slice(batch.body) {
        Ok(events) => Verdict::Genuine(events),
        Err(_) => Verdict::Malformed("Expected a JSON list."),
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    let ten_digits = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    ten_digits.then(|| Timestamp::from_second(text.parse().ok()?).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vector_gets_its_answer() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../../tests/vectors/sendgrid.json")).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        for case in cases {
            let key = PublicKey::parse(case["public_key_base64_spki"].as_str().unwrap()).unwrap();
            let header = |name: &str| {
                let header = &case["headers"][format!("X-Twilio-Email-Event-Webhook-{name}")];
                Vec::from_iter(header.as_str().filter(|value| !value.is_empty()))
            };
            let body = base64(case["raw_body_base64"].as_str().unwrap()).unwrap();
            let verdict = |clock: i64| {
                let batch = Batch {
                    signatures: &header("Signature"),
                    timestamps: &header("Timestamp"),
                    body: &body,
                };
                match verify(
                    &batch,
                    std::slice::from_ref(&key),
                    Timestamp::from_second(clock).unwrap(),
                ) {
                    Verdict::Genuine(_) => 204,
                    Verdict::Forged(_) => 403,
                    Verdict::Malformed(_) => 400,
                }
            };
            let id = case["id"].as_str().unwrap();
            let expected = case["expected_http"].as_u64().unwrap();
            assert_eq!(verdict(clock_of(case)), expected, "{id}");
            if case["expected"] == "signature-valid" {
                let signed_at = header("Timestamp")[0].parse().unwrap();
                assert_eq!(verdict(signed_at), 204, "{id} at its own time");
            }
        }
        assert_eq!(cases.len(), 20, "as many as were handed over");
    }

    /// The clock of a case. One shows that a day is too old: it is within our window, so it is shown beyond that.
    fn clock_of(case: &Value) -> i64 {
        let beyond = if case["id"] == "sg-21" { 301 } else { 0 };
        case["verifier_clock"].as_i64().unwrap() + beyond
    }

    #[test]
    fn sendgrid_s_window_is_a_day_and_five_minutes_back_and_five_minutes_ahead() {
        let within = |ahead: i64| (-AHEAD..=BEHIND).contains(&-ahead);
        assert!(within(300) && !within(301));
        assert!(within(-86_700) && !within(-86_701));
    }

    #[test]
    fn only_a_p256_key_is_a_key() {
        let key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
        assert!(PublicKey::parse(key).is_some());
        for wrong in [
            "",
            "MFkw",
            &key[4..],
            &format!(" {key}"),
            &format!("{key}AAAA"),
        ] {
            assert_eq!(PublicKey::parse(wrong), None, "{wrong}");
        }
    }
}
