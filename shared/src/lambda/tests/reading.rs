//! Which bodies are read, and when.

use rstest::rstest;

use super::*;

#[rstest]
#[case::empty("", "400 malformed_request")]
#[case::list(r#"["a@example.com", "email"]"#, "400 malformed_request")]
#[case::deep(&"[".repeat(8_000), "400 malformed_request")]
#[case::duplicate(r#"{"name": "a", "\u006eame": "b"}"#, "400 malformed_request")]
#[case::huge_number(r#"{"name": 1e400}"#, "400 malformed_request")]
#[case::too_large(&format!(r#"{{"name": "{}"}}"#, "x".repeat(1 << 20)), "413 payload_too_large")]
#[case::just_too_large(&format!(r#"{{"name": "{}"}}"#, "x".repeat(16 * 1024 - 11)), "413 payload_too_large")]
#[case::just_fits(&format!(r#"{{"name": "{}"}}"#, "x".repeat(16 * 1024 - 12)), "200 ok")]
#[case::object_for_text(r#"{"name": {}}"#, "422 invalid_request")]
#[case::nul(r#"{"name": "a\u0000"}"#, "422 invalid_request")]
#[case::reserved_words(r#"{"name": "a", "pk": "x", "ttl": 1}"#, "422 invalid_request")]
#[tokio::test]
async fn bodies_are_read_strictly(#[case] body: &str, #[case] outcome: &str) {
    assert_eq!(send(&greeting(body)).await.outcome(), outcome);
}

#[rstest]
#[case::text("content-type", "text/plain")]
#[case::form("content-type", "application/x-www-form-urlencoded")]
#[case::utf_16("content-type", "application/json; charset=utf-16")]
#[case::multipart("content-type", "multipart/form-data; boundary=x")]
#[case::two("content-type", "application/json, text/plain")]
#[case::gzip("content-encoding", "gzip")]
#[tokio::test]
async fn other_media_types_are_refused(#[case] name: &str, #[case] value: &str) {
    // Even where the body is too large: what it is comes before how much of it there is.
    let mut event = greeting(&"x".repeat(20_000));
    event["headers"][name] = value.into();
    assert_eq!(send(&event).await.outcome(), "415 unsupported_media_type");
    let mut event = greeting(r#"{"name": "Jane"}"#);
    event["headers"]
        .as_object_mut()
        .unwrap()
        .remove("content-type");
    assert_eq!(send(&event).await.outcome(), "415 unsupported_media_type");
}

#[tokio::test]
async fn who_calls_is_decided_before_the_body_is_read() {
    let mut event = event("POST", "/api/guarded/");
    event["headers"]["content-type"] = "text/plain".into();
    event["body"] = "x".repeat(100_000).into();
    let answer = send(&event).await;
    assert_eq!(answer.outcome(), "401 unauthenticated");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_body_may_come_in_base64() {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let mut event = greeting(&encode(r#"{"name": "Jane"}"#));
    event["isBase64Encoded"] = true.into();
    assert_eq!(send(&event).await.outcome(), "200 ok");
    event["body"] = "%%%".into();
    let raw = serde_json::value::to_raw_value(&event).unwrap();
    assert!(entry().handle(&raw, Context::default()).await.is_err());
}
