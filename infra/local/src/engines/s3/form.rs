//! Forms by which a browser puts an object itself: what they say, as far as browsers and SDKs write them.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

/// The key and the file's size.
pub(super) fn key_and_size(body: &[u8]) -> Option<(String, usize)> {
    let key = String::from_utf8(body.get(value(body, "key")?)?.to_vec()).ok()?;
    Some((key, value(body, "file")?.len()))
}

/// Whether the form's policy is over by this clock.
pub(super) fn expired(body: &[u8], now: Timestamp) -> bool {
    let policy = value(body, "policy").and_then(|place| STANDARD.decode(body.get(place)?).ok());
    let policy: Option<Value> = policy.and_then(|policy| serde_json::from_slice(&policy).ok());
    let expires = policy.and_then(|policy| policy["expiration"].as_str()?.parse().ok());
    expires.is_some_and(|expires: Timestamp| expires <= now)
}

/// Whether the engine's answer says that a field is not as the policy wants it: it calls that a wrong document, S3
/// itself a denied access.
pub(super) fn breaks_its_policy(status: StatusCode, answer: &[u8]) -> bool {
    status == StatusCode::BAD_REQUEST && find(answer, 0, b"InvalidPolicyDocument").is_some()
}

/// Where the value of a field is.
fn value(body: &[u8], name: &str) -> Option<Range<usize>> {
    let start = find(body, 0, format!("name=\"{name}\"").as_bytes())?;
    let start = find(body, start, b"\r\n\r\n")? + 4;
    let end = find(body, start, b"\r\n--")?;
    Some(start..end)
}

fn find(body: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    body.get(from..)?
        .windows(what.len())
        .position(|window| window == what)
        .map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_tells_its_key_and_size() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nuploads/a/b\r\n--b\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"x\"\r\nContent-Type: image/png\r\n\r\n12345\r\n--b--\r\n";
        assert_eq!(key_and_size(body), Some(("uploads/a/b".to_owned(), 5)));
        assert_eq!(key_and_size(b"nothing"), None);
    }

    #[test]
    fn a_form_is_over_by_the_clock_that_is_given() {
        let policy =
            STANDARD.encode(r#"{"expiration": "2026-01-01T00:10:00.000Z", "conditions": []}"#);
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"policy\"\r\n\r\n{policy}\r\n--b--\r\n"
        );
        let over = |now: &str| expired(body.as_bytes(), now.parse().unwrap());
        assert!(!over("2026-01-01T00:09:59Z"));
        assert!(over("2026-01-01T00:10:00Z"));
        assert!(!expired(b"no form", Timestamp::MAX));
    }
}
