//! The desk as a black box: v2 events in, answers out (ATTACKS section 11).

use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::{get, post};
use lambda_runtime::Context;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::Entry;
use crate::clock::SystemClock;
use crate::config::Public;
use crate::domain::Fault;
use crate::http::{self, Caller, JsonBody, Listing, Page};
use crate::{Error, telemetry};

/// A guard that lets nobody in, as the real one stands before the body.
struct Nobody;

impl<S: Sync> FromRequestParts<S> for Nobody {
    type Rejection = Error;
    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Error> {
        Err(Error::Unauthenticated)
    }
}

async fn greet(caller: Caller, body: JsonBody) -> Result<axum::Json<Value>, Error> {
    telemetry::subject(&[0xab; 32]);
    telemetry::note("channel", "email");
    let mut fields = body.fields();
    fields.read_only(&["id"]);
    let name = fields.required("name", |text| match text {
        "" => Err(Fault::new("too_short", "Expected a name.")),
        _ => Ok(text.to_owned()),
    });
    let name = fields.finish(|| name)?;
    Ok(axum::Json(
        json!({"hello": name, "from": caller.subject, "ip": caller.ip}),
    ))
}

async fn fail(axum::extract::Path(how): axum::extract::Path<String>) -> Result<(), Error> {
    Err(match how.as_str() {
        "limit" => Error::RateLimited { retry_after: 17 },
        "store" => Error::Unavailable("table Accounts-prod throttled".into()),
        "bug" => Error::Internal("jane@example.com had no version".into()),
        "panic" => panic!("jane@example.com"),
        _ => Error::OtpInvalid,
    })
}

fn entry() -> Entry {
    let public = Public {
        url: "https://auth.example.com".into(),
        service_name: "Latchkey".into(),
        service_domain: "example.com".into(),
        cors_origins: vec!["https://app.example.com".into()],
    };
    let router = Router::new()
        .route("/api/greet/", post(greet))
        .route(
            "/api/list/",
            get(async |page: Page| Listing {
                results: vec![page.limit],
                next: None,
            }),
        )
        .route("/api/guarded/", post(async |_: Nobody, _: JsonBody| ()))
        .route("/api/fail/{how}/", get(fail))
        .route("/.well-known/jwks.json", get(async || "{}"))
        .merge(http::commons());
    Entry::http(http::desk(router, &public, Arc::new(SystemClock)))
}

fn event(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "auth.example.com"},
        "requestContext": {
            "accountId": "1", "apiId": "x", "domainName": "auth.example.com", "stage": "$default",
            "requestId": "Req-1=", "timeEpoch": 1, "time": "now",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "test"},
        },
        "isBase64Encoded": false,
    })
}

fn greeting(body: &str) -> Value {
    let mut event = event("POST", "/api/greet/");
    event["body"] = body.into();
    event
}

struct Answer(Value);

impl Answer {
    fn status(&self) -> u64 {
        self.0["statusCode"].as_u64().unwrap()
    }
    fn header(&self, name: &str) -> &str {
        self.0["headers"][name].as_str().unwrap_or("")
    }
    fn text(&self) -> &str {
        self.0["body"].as_str().unwrap_or("")
    }
    fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }
    fn outcome(&self) -> String {
        format!(
            "{} {}",
            self.status(),
            self.json()["code"].as_str().unwrap_or("ok")
        )
    }
}

async fn send_to(entry: &Entry, event: &Value) -> Answer {
    let raw = serde_json::value::to_raw_value(event).unwrap();
    Answer(entry.handle(&raw, Context::default()).await.unwrap())
}

async fn send(event: &Value) -> Answer {
    send_to(&entry(), event).await
}

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
    assert_eq!(answer.header("access-control-allow-credentials"), "");
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
async fn every_problem_has_its_page() {
    for problem in http::problem::explanations() {
        let mut event = event("GET", &format!("/problems/{}", problem.code));
        let answer = send(&event).await;
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(answer.text().contains(problem.explanation));
        event["headers"]["accept"] = "text/html,*/*;q=0.8".into();
        let answer = send(&event).await;
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("vary"), "Accept, Origin");
    }
    let answer = send(&event("GET", "/problems/nothing")).await;
    assert_eq!(answer.outcome(), "404 not_found");
}

#[rstest]
#[case("/api/profile/", "", "/api/profile")]
#[case("/api/profile/sources/", "limit=5", "/api/profile/sources?limit=5")]
#[case("/api/auth/otp/request/", "", "/api/auth/otp/request")]
#[tokio::test]
async fn a_path_of_another_function_is_sent_there(
    #[case] path: &str,
    #[case] query: &str,
    #[case] location: &str,
) {
    let mut event = event("POST", path);
    event["rawQueryString"] = query.into();
    let answer = send(&event).await;
    assert_eq!(
        (answer.status(), answer.header("location")),
        (308, location)
    );
    for wrong in [
        "/api/profile",
        "/api/profiles/",
        "/api/profile//",
        "/api/Profile/",
    ] {
        assert_eq!(
            send(&self::event("POST", wrong)).await.status(),
            404,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn other_events_go_to_their_handler() {
    let sns =
        serde_json::value::to_raw_value(&json!({"Records": [{"EventSource": "aws:sns"}]})).unwrap();
    let error = entry().handle(&sns, Context::default()).await.unwrap_err();
    assert!(error.to_string().contains("Records"), "{error}");

    let entry = entry().with_events(|event| {
        Box::pin(async move {
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
    let schedule = serde_json::value::to_raw_value(&json!({"source": "aws.events"})).unwrap();
    assert!(entry.handle(&schedule, Context::default()).await.is_err());
    assert_eq!(
        send_to(&entry, &event("GET", "/api/list/")).await.status(),
        200
    );
}

/// What is written to a log, kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn one_line_is_logged_and_nothing_personal_in_it() {
    // Without a subscriber on the other tests' threads, tracing may cache that nobody listens to the desk's line.
    let nowhere = tracing_subscriber::fmt().with_writer(io::sink).finish();
    let _ = tracing::subscriber::set_global_default(nowhere);
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let entry = entry();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            send_to(&entry, &greeting(r#"{"name": "jane@example.com"}"#)).await;
            let mut secret = event("GET", "/api/fail/jane@example.com/");
            secret["rawQueryString"] = "token=eyJhbGciOi".into();
            send_to(&entry, &secret).await;
            send_to(&entry, &event("JANE", "/api/fail/otp-123456/")).await;
            send_to(&entry, &event("GET", "/api/fail/store/")).await;
        });
    });
    let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    for personal in ["jane", "JANE", "123456", "eyJ", "203.0.113.7"] {
        assert!(!log.contains(personal), "{personal} in {log}");
    }
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seen: Vec<String> = lines
        .iter()
        .map(|l| {
            format!(
                "{} {} {} {} {} cold={} subject={} [{}]",
                l["level"].as_str().unwrap(),
                l["method"].as_str().unwrap(),
                l["route"].as_str().unwrap(),
                l["status"],
                l["code"].as_str().unwrap(),
                l["cold_start"],
                l["subject"].as_str().unwrap(),
                l["notes"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(seen.join("\n"), @r"
    INFO POST /api/greet/ 200 ok cold=true subject=abababababababab [channel=email]
    INFO GET - 404 not_found cold=false subject=- []
    INFO other /api/fail/{how}/ 405 method_not_allowed cold=false subject=- []
    ERROR GET /api/fail/{how}/ 503 unavailable cold=false subject=- [cause=table Accounts-prod throttled]
    ");
}

proptest! {
    #[test]
    fn whatever_a_caller_writes_gets_an_answer(
        method: String, path: String, query: String, name in "[a-z-]{1,20}|host|x-forwarded-proto|content-type",
        value: String, body: String, ip: String, agent: String, stage: String, id: String,
    ) {
        let mut event = event(&method, &path);
        event["rawQueryString"] = query.into();
        event["headers"][name] = value.into();
        event["body"] = body.into();
        event["requestContext"]["stage"] = stage.into();
        event["requestContext"]["requestId"] = id.into();
        event["requestContext"]["http"]["sourceIp"] = ip.into();
        event["requestContext"]["http"]["userAgent"] = agent.into();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(send(&event));
        prop_assert!(matches!(answer.status(), 404 | 405), "{}", answer.0);
    }

    #[test]
    fn and_on_a_route_too(query: String, value: String, body: String, ip: String) {
        let mut event = greeting(&body);
        event["rawQueryString"] = query.into();
        event["headers"]["accept-language"] = value.clone().into();
        event["headers"]["user-agent"] = value.into();
        event["requestContext"]["http"]["sourceIp"] = ip.into();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(send(&event));
        prop_assert!(matches!(answer.status(), 200 | 400 | 422), "{}", answer.0);
    }
}
