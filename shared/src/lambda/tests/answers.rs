//! How answers look: headers, problems, CORS, pages.

use rstest::rstest;

use super::*;

#[tokio::test]
async fn a_good_request_is_answered() {
    let answer = send(&greeting(r#"{"name": "Jane"}"#)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.json(),
        json!({"hello": "Jane", "from": "203.0.113.7", "ip": "203.0.113.7"})
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.0["headers"]).unwrap(), @r#"
    {
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "content-type": "application/json",
      "referrer-policy": "no-referrer",
      "strict-transport-security": "max-age=63072000; includeSubDomains",
      "vary": "Origin",
      "x-content-type-options": "nosniff",
      "x-request-id": "Req-1="
    }
    "#);
}

#[tokio::test]
async fn a_problem_says_what_is_wrong() {
    let answer = send(&greeting(r#"{"name": "", "id": 1, "identifer": {}}"#)).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).unwrap(), @r#"
    {
      "code": "invalid_request",
      "detail": "The member errors lists all wrong fields.",
      "errors": [
        {
          "code": "read_only",
          "detail": "This field cannot be set.",
          "pointer": "/id"
        },
        {
          "code": "too_short",
          "detail": "Expected a name.",
          "pointer": "/name"
        },
        {
          "code": "unknown_field",
          "detail": "There is no such field.",
          "pointer": "/identifer"
        }
      ],
      "instance": "Req-1=",
      "status": 422,
      "success": false,
      "title": "Some fields are wrong",
      "type": "https://auth.example.com/problems/invalid_request"
    }
    "#);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("x-request-id"), "Req-1=");
}

#[tokio::test]
async fn only_origins_on_the_list_may_read() {
    for origin in [
        "null",
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://xapp.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://APP.example.com",
        "",
    ] {
        let mut event = event("GET", "/api/list/");
        event["headers"]["origin"] = origin.into();
        let answer = send(&event).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(answer.header("vary"), "Origin");
        event["requestContext"]["http"]["method"] = "OPTIONS".into();
        event["headers"]["access-control-request-method"] = "GET".into();
        let answer = send(&event).await;
        assert_eq!(
            (
                answer.status(),
                answer.header("access-control-allow-origin")
            ),
            (405, "")
        );
    }

    let mut event = greeting("{}");
    event["headers"]["origin"] = "https://app.example.com".into();
    let answer = send(&event).await;
    assert_eq!(answer.status(), 422);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://app.example.com"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let exposed = answer.header("access-control-expose-headers");
    assert!(exposed.contains("Retry-After") && exposed.contains("X-Request-Id"));
}

#[tokio::test]
async fn a_preflight_is_answered_before_anything_else() {
    let mut event = event("OPTIONS", "/api/guarded/");
    event["headers"]["origin"] = "https://app.example.com".into();
    event["headers"]["access-control-request-method"] = "POST".into();
    let answer = send(&event).await;
    assert_eq!((answer.status(), answer.text()), (204, ""));
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://app.example.com"
    );
    let headers = answer.header("access-control-allow-headers");
    for name in [
        "authorization",
        "content-type",
        "idempotency-key",
        "if-match",
        "x-device-token",
        "traceparent",
        "tracestate",
        "baggage",
        "sentry-trace",
    ] {
        assert!(headers.contains(name), "{name}");
    }
}

#[tokio::test]
async fn html_is_asked_for_and_a_problem_is_given() {
    let mut event = event("GET", "/api/nothing/");
    event["headers"]["accept"] = "text/html".into();
    let answer = send(&event).await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.outcome(), "404 not_found");
}

#[tokio::test]
async fn a_panic_is_one_500() {
    let entry = entry();
    let answer = send_to(&entry, &event("GET", "/api/fail/panic/")).await;
    assert_eq!(answer.outcome(), "500 internal");
    assert_eq!(answer.json()["instance"], "Req-1=");
    assert!(!answer.text().contains("jane"));
    assert_eq!(
        send_to(&entry, &event("GET", "/api/list/")).await.status(),
        200
    );
}

#[rstest]
#[case("limit", "429 rate_limited", "17")]
#[case("store", "503 unavailable", "1")]
#[case("bug", "500 internal", "")]
#[case("code", "401 otp_invalid", "")]
#[tokio::test]
async fn failures_say_when_to_try_again_and_nothing_of_ours(
    #[case] how: &str,
    #[case] outcome: &str,
    #[case] retry_after: &str,
) {
    let answer = send(&event("GET", &format!("/api/fail/{how}/"))).await;
    assert_eq!(answer.outcome(), outcome);
    assert_eq!(answer.header("retry-after"), retry_after);
    assert_eq!(
        answer.json()["retry_after"].as_u64(),
        retry_after.parse().ok()
    );
    assert_eq!(answer.header("www-authenticate"), "");
    assert!(!answer.text().contains("Accounts") && !answer.text().contains("jane"));
}

#[tokio::test]
async fn headers_beside_an_error_stay() {
    let answer = send(&event("GET", "/api/fail/limited/")).await;
    assert_eq!(answer.outcome(), "429 rate_limited");
    assert_eq!(answer.header("ratelimit"), "\"ip\";r=0;t=17");
    assert_eq!(answer.header("retry-after"), "17");
}
