//! Which path, method and event goes where.

use rstest::rstest;

use super::*;

#[rstest]
#[case("PUT")]
#[case("PATCH")]
#[case("DELETE")]
#[case("GET")]
#[case("HEAD")]
#[case("TRACE")]
#[case("OPTIONS")]
#[case("BREW")]
#[case("not a token")]
#[tokio::test]
async fn another_method_is_not_allowed(#[case] method: &str) {
    let answer = send(&event(method, "/api/greet/")).await;
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.header("allow"), "POST");
    if method == "HEAD" {
        assert_eq!(answer.text(), "");
    } else {
        assert_eq!(answer.outcome(), "405 method_not_allowed");
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let answer = send(&event("HEAD", "/api/list/")).await;
    assert_eq!((answer.status(), answer.text()), (200, ""));
    assert_eq!(answer.header("content-type"), "application/json");
    let answer = send(&event("POST", "/api/list/")).await;
    assert_eq!(answer.header("allow"), "GET,HEAD");
    let answer = send(&event("HEAD", "/api/nothing/")).await;
    assert_eq!((answer.status(), answer.text()), (404, ""));
}

#[rstest]
#[case("/api/list")]
#[case("/api/list/")]
#[case("/.well-known/jwks.json")]
#[case("/.well-known/jwks.json/")]
#[tokio::test]
async fn the_slash_at_the_end_does_not_matter(#[case] path: &str) {
    assert_eq!(send(&event("GET", path)).await.status(), 200);
}

#[rstest]
#[case("/api//list/")]
#[case("//api/list/")]
#[case("/api/list//")]
#[case("/api/./list/")]
#[case("/api/x/../list/")]
#[case("/../api/list/")]
#[case("/api%2flist/")]
#[case("/api/%6cist/")]
#[case("/api/list;x/")]
#[case("/api/list/;x")]
#[case("/API/list/")]
#[case("/api/List/")]
#[case("/api\\list/")]
#[case("/api/list/?limit=1")]
#[case("/api/list/#x")]
#[case("http://evil.example/api/list/")]
#[case("@evil.example/api/list/")]
#[case(".evil.example/api/list/")]
#[case("api/list/")]
#[case("")]
#[case("/")]
#[case("/.")]
#[case("/api/list/\u{0}")]
#[tokio::test]
async fn other_spellings_of_a_path_name_nothing(#[case] path: &str) {
    assert_eq!(
        send(&event("GET", path)).await.outcome(),
        "404 not_found",
        "{path}"
    );
}

#[tokio::test]
async fn a_named_stage_is_no_part_of_the_path() {
    for path in ["/prod/api/list/", "/api/list/"] {
        let mut event = event("GET", path);
        event["requestContext"]["stage"] = "prod".into();
        assert_eq!(send(&event).await.status(), 200, "{path}");
    }
}

#[rstest]
#[case("host", "evil.example")]
#[case("host", "a b\"<>{}|\\^`")]
#[case("host", "")]
#[case("host", ":::")]
#[case("x-forwarded-proto", "javascript")]
#[case("x-forwarded-proto", "")]
#[case("x-forwarded-proto", "ht tp://[")]
#[case("x-forwarded-host", "evil.example")]
#[case("x-forwarded-for", "198.51.100.1")]
#[case("forwarded", "for=198.51.100.1")]
#[case("x-amzn-trace-id", "Root=\u{fc}")]
#[tokio::test]
async fn hearsay_changes_nothing(#[case] name: &str, #[case] value: &str) {
    let mut event = greeting(r#"{"name": "Jane"}"#);
    let plain = send(&event).await;
    event["headers"][name] = value.into();
    event["requestContext"]["domainName"] = "".into();
    assert_eq!(send(&event).await.0, plain.0);
}

#[tokio::test]
async fn other_events_go_to_their_handler() {
    let sns =
        serde_json::value::to_raw_value(&json!({"Records": [{"EventSource": "aws:sns"}]})).unwrap();
    let error = entry().handle(&sns, Context::default()).await.unwrap_err();
    assert!(error.to_string().contains("Records"), "{error}");

    let entry = entry().with_events(|event| {
        Box::pin(async move {
            assert!(event["panic"].is_null(), "jane@example.com");
            match event["Records"].as_array() {
                Some(records) => {
                    Ok(json!({"records": records.len(), "in": telemetry::request_id()}))
                }
                None => Err(Error::Unavailable("nothing".into())),
            }
        })
    });
    let mut context = Context::default();
    context.request_id = "lambda-1".into();
    let answer = entry.handle(&sns, context).await.unwrap();
    assert_eq!(answer, json!({"records": 1, "in": "lambda-1"}));
    for other in [
        json!({"source": "aws.events"}),
        json!({"panic": true}),
        json!([]),
    ] {
        let other = serde_json::value::to_raw_value(&other).unwrap();
        let error = entry.handle(&other, Context::default()).await.unwrap_err();
        assert!(!error.to_string().contains("jane"));
    }
    assert_eq!(
        send_to(&entry, &event("GET", "/api/list/")).await.status(),
        200
    );
}

#[tokio::test]
async fn a_request_always_has_an_id() {
    for (given, kept) in [
        ("Req-1=", true),
        ("", false),
        ("a b", false),
        ("\u{e9}", false),
    ] {
        let mut event = event("GET", "/api/list/");
        event["requestContext"]["requestId"] = given.into();
        let answer = send(&event).await;
        let id = answer.header("x-request-id");
        assert_eq!(id == given, kept);
        assert!(!id.is_empty());
    }
}
