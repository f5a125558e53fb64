//! The local cloud from outside: its start, its faults on the wire, its limits, its memory.

use std::time::Instant;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use local::{Cloud, Options};
use serde_json::{Value, json};

type Answer = Result<(StatusCode, Value), String>;

async fn call(request: http::request::Builder, body: impl Into<Bytes>) -> Answer {
    let request = request.body(Full::new(body.into())).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client
        .request(request)
        .await
        .map_err(|e| format!("{e:?}"))?;
    let status = response.status();
    let body = response.into_body().collect().await;
    let body = body.map_err(|e| format!("{e:?}"))?.to_bytes();
    let value = serde_json::from_slice(&body)
        .unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned().into());
    Ok((status, value))
}

async fn get(url: String) -> Value {
    call(Request::get(url), "").await.unwrap().1
}

async fn post(url: String, body: Value) -> (StatusCode, Value) {
    let request = Request::post(url).header("content-type", "application/json");
    call(request, body.to_string()).await.unwrap()
}

/// A call to the cloud's DynamoDB.
async fn dynamodb(cloud: &Cloud, operation: &str, body: Value) -> Answer {
    let scope = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=x";
    let request = Request::post(cloud.endpoint("dynamodb").unwrap())
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20260101T000000Z")
        .header("x-latchkey-request-id", "r1")
        .header("authorization", scope);
    call(request, body.to_string()).await
}

async fn put(cloud: &Cloud, pk: &str) -> Answer {
    let item = json!({ "pk": { "S": pk }, "sk": { "S": "A" } });
    let put = json!({ "TableName": "latchkey-accounts", "Item": item, "ReturnConsumedCapacity": "TOTAL" });
    dynamodb(cloud, "PutItem", put).await
}

async fn exists(cloud: &Cloud, pk: &str) -> bool {
    let key = json!({ "pk": { "S": pk }, "sk": { "S": "A" } });
    let get = json!({ "TableName": "latchkey-accounts", "Key": key });
    let (_, answer) = dynamodb(cloud, "GetItem", get).await.unwrap();
    answer.get("Item").is_some()
}

async fn order(cloud: &Cloud, fault: Value) {
    let mut order = json!({ "service": "dynamodb", "operation": "PutItem", "times": 1 });
    for (name, value) in fault.as_object().unwrap() {
        order[name] = value.clone();
    }
    let (status, answer) = post(format!("{}/_local/faults", cloud.url()), order).await;
    assert_eq!(status, 201, "{answer}");
}

async fn cloud() -> Cloud {
    Cloud::start(Options::memory()).await.unwrap()
}

#[tokio::test]
async fn each_fault_shows_on_the_wire_and_says_whether_the_call_took_effect() {
    let cloud = cloud().await;

    order(&cloud, json!({ "fault": "throttle" })).await;
    let (status, answer) = put(&cloud, "throttled").await.unwrap();
    assert_eq!(status, 400);
    assert!(
        answer["__type"]
            .as_str()
            .unwrap()
            .ends_with("#ThrottlingException")
    );

    order(&cloud, json!({ "fault": "error" })).await;
    assert_eq!(put(&cloud, "failed").await.unwrap().0, 500);

    order(&cloud, json!({ "fault": "reset" })).await;
    let reset = put(&cloud, "reset").await.unwrap_err();
    assert!(
        reset.contains("ConnectionReset") || reset.contains("closed"),
        "{reset}"
    );

    order(&cloud, json!({ "fault": "lost_reply" })).await;
    assert!(put(&cloud, "lost").await.is_err());

    order(&cloud, json!({ "fault": "delay", "delay_ms": 300 })).await;
    let started = Instant::now();
    assert_eq!(put(&cloud, "late").await.unwrap().0, 200);
    assert!(started.elapsed().as_millis() >= 300);

    order(&cloud, json!({ "fault": "timeout" })).await;
    let never = tokio::time::timeout(std::time::Duration::from_millis(300), put(&cloud, "never"));
    assert!(never.await.is_err());

    for (pk, there) in [
        ("throttled", false),
        ("failed", false),
        ("reset", false),
        ("lost", true),
        ("late", true),
        ("never", false),
    ] {
        assert_eq!(exists(&cloud, pk).await, there, "{pk}");
    }
    let faults = get(format!("{}/_local/faults", cloud.url())).await;
    let hits: Vec<_> = faults
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["hits"])
        .collect();
    assert_eq!(
        hits,
        [1, 1, 1, 1, 1, 1]
            .map(Value::from)
            .iter()
            .collect::<Vec<_>>()
    );
    cloud.shutdown().await;
}

#[tokio::test]
async fn calls_are_recorded_with_their_request_and_capacity() {
    let cloud = cloud().await;
    put(&cloud, "a").await.unwrap();
    let calls = get(format!("{}/_local/calls?request_id=r1", cloud.url())).await;
    let call = &calls[0];
    assert_eq!(call["service"], "dynamodb");
    assert_eq!(call["operation"], "PutItem");
    assert_eq!(call["capacity_units"], 1.0);
    assert!(call["ended_us"].as_u64() > call["started_us"].as_u64());
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_reset_empties_everything_and_the_clock_follows_the_machine_again() {
    let cloud = cloud().await;
    put(&cloud, "a").await.unwrap();
    cloud.clock().advance(86_400).unwrap();
    let (status, _) = post(format!("{}/_local/reset", cloud.url()), json!({})).await;
    assert_eq!(status, 200);
    assert!(!exists(&cloud, "a").await);
    let now = get(format!("{}/_local/clock", cloud.url())).await;
    let now: jiff::Timestamp = now["now"].as_str().unwrap().parse().unwrap();
    let machine = shared::clock::Clock::now(&shared::clock::SystemClock);
    assert!(machine.duration_since(now).as_secs().abs() < 60);
    cloud.shutdown().await;
}

#[tokio::test]
async fn what_the_gateway_refuses_is_a_problem_like_any_other() {
    let cloud = Cloud::start(Options::memory().set("PUBLIC_URL", "https://id.example.com"));
    let cloud = cloud.await.unwrap();
    let url = format!("{}/api/profile/", cloud.url());
    for (header, value, status) in [
        ("x-much", "a".repeat(10_240), 431),
        ("x-local-source-ip", "home".to_owned(), 400),
    ] {
        let request = Request::get(&url).header(header, value);
        let request = request.body(Full::new(Bytes::new())).unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        assert_eq!(parts.status, status);
        let said = |name: &str| parts.headers[name].to_str().unwrap();
        assert_eq!(said("content-type"), "application/problem+json");
        assert_eq!(said("x-content-type-options"), "nosniff");
        assert!(said("strict-transport-security").starts_with("max-age="));
        let body = body.collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["code"], "malformed_request");
        assert_eq!(body["status"], status);
        assert_eq!(
            body["type"],
            "https://id.example.com/problems/malformed_request"
        );
        assert_eq!(body["instance"], said("x-request-id"));
    }
    cloud.shutdown().await;
}

#[tokio::test]
async fn dev_api_refuses_nonsense_with_a_sentence() {
    let cloud = cloud().await;
    for (path, body, status) in [
        ("clock", json!({ "advance_seconds": "1" }), 422),
        ("clock", json!({ "advance_seconds": 1, "set": "x" }), 422),
        ("clock", json!({ "set": "tomorrow" }), 422),
        ("clock", json!([]), 422),
        ("faults", json!({ "service": "dynamodb" }), 422),
        ("deliveries/1/status", json!({ "status": "delivered" }), 404),
        ("deliveries/1/status", json!({ "status": "lost" }), 422),
        ("nothing", json!({}), 404),
    ] {
        let (found, answer) = post(format!("{}/_local/{path}", cloud.url()), body.clone()).await;
        assert_eq!(found, status, "{path} {body}");
        assert!(answer["error"].is_string(), "{path} {body}: {answer}");
    }
    let no_json = call(Request::post(format!("{}/_local/clock", cloud.url())), "{").await;
    assert_eq!(no_json.unwrap().0, 400);
    cloud.shutdown().await;
}

/// Any service with any fault, and seconds as any number.
#[tokio::test]
async fn dev_api_takes_whatever_its_grammar_allows() {
    let cloud = cloud().await;
    let url = |path: &str| format!("{}/_local/{path}", cloud.url());
    for service in ["dynamodb", "s3", "ses", "twilio", "sendgrid", "eventbridge"] {
        for fault in [
            "throttle",
            "conflict",
            "error",
            "timeout",
            "reset",
            "lost_reply",
            "delay",
        ] {
            let order = json!({ "service": service, "fault": fault, "times": 1 });
            let (status, answer) = post(url("faults"), order.clone()).await;
            assert_eq!(status, 201, "{order}: {answer}");
        }
    }
    let cleared = call(http::Request::delete(url("faults")), "").await;
    assert_eq!(cleared.unwrap().0, 204);
    let conflict = json!({ "service": "ses", "fault": "conflict", "times": 9 });
    let _ = post(url("faults"), conflict).await;
    let person = json!({ "identifier": "jane@example.com" });
    let (status, answer) = post(format!("{}/api/auth/otp/request/", cloud.url()), person).await;
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (503, &json!("delivery_failed"))
    );

    let now = async || -> jiff::Timestamp {
        let clock = get(url("clock")).await;
        clock["now"].as_str().unwrap().parse().unwrap()
    };
    let before = now().await;
    for seconds in [json!(3600.0), json!(0.5), json!(1e3)] {
        let order = json!({ "advance_seconds": seconds });
        let (status, answer) = post(url("clock"), order.clone()).await;
        assert_eq!(status, 200, "{order}: {answer}");
    }
    let moved = now().await.duration_since(before).as_secs_f64();
    assert!((4600.5..4660.5).contains(&moved), "{moved}");
    cloud.shutdown().await;
}

/// A page of another site, open in the developer's browser, neither reads codes nor moves the clock.
#[tokio::test]
async fn dev_api_is_for_this_machine_alone() {
    let cloud = Cloud::start(Options::memory().set("PUBLIC_URL", "https://id.example.com"));
    let cloud = cloud.await.unwrap();
    let own = cloud.url();
    let port = cloud.address().port();
    let ask = async |method: &str, path: &str, headers: &[(&str, String)]| {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{own}{path}"));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        call(request, "{\"advance_seconds\": 1}").await.unwrap()
    };
    let local = |name: &str| format!("{name}:{port}");
    for host in [
        local("127.0.0.1"),
        local("localhost"),
        local("LOCALHOST"),
        local("latchkey.localhost"),
        local("127.3.2.1"),
        local("[::1]"),
        "localhost".to_owned(),
        "id.example.com".to_owned(),
    ] {
        let headers = [("host", host.clone())];
        assert_eq!(
            ask("GET", "/_local/outbox", &headers).await.0,
            200,
            "{host}"
        );
    }
    for host in [
        local("evil.example"),
        local("localhost.evil.example"),
        local("127.0.0.1.evil.example"),
        local("192.0.2.1"),
        local("[2001:db8::1]"),
        "evil.example".to_owned(),
    ] {
        let headers = [("host", host.clone())];
        for path in ["/_local/outbox", "/_local/", "/_local/nothing"] {
            let (status, answer) = ask("GET", path, &headers).await;
            assert_eq!(status, 403, "{host} {path}");
            assert!(answer["error"].is_string(), "{answer}");
        }
        let (status, _) = ask("POST", "/_local/clock", &headers).await;
        assert_eq!(status, 403, "{host}");
        // The routes of the API are open to the world, and believe no host.
        let (status, _) = ask("GET", "/.well-known/jwks.json", &headers).await;
        assert_eq!(status, 200, "{host}");
    }
    let from = async |host: &str, origin: &str| {
        let headers = [("host", host.to_owned()), ("origin", origin.to_owned())];
        ask("POST", "/_local/clock", &headers).await.0
    };
    let here = local("127.0.0.1");
    assert_eq!(from(&here, &format!("http://{here}")).await, 200);
    let named = local("localhost");
    assert_eq!(from(&named, &format!("http://{named}")).await, 200);
    assert_eq!(from(&here, "https://id.example.com").await, 200);
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost:1",
        "http://127.0.0.1",
        "https://id.example.com:8443",
        "",
    ] {
        assert_eq!(from(&here, origin).await, 403, "{origin}");
    }
    cloud.shutdown().await;
}

/// Whether this machine has `[::1]` at all.
fn has_ipv6() -> bool {
    std::net::TcpListener::bind("[::1]:0").is_ok()
}

/// Browsers take `localhost` for either address.
#[tokio::test]
async fn both_loopback_addresses_answer_and_are_one_origin() {
    let cloud = cloud().await;
    let port = cloud.address().port();
    assert_eq!(cloud.url(), format!("http://localhost:{port}"));
    assert_eq!(cloud.address().to_string(), format!("127.0.0.1:{port}"));
    let mut hosts = vec!["127.0.0.1", "localhost"];
    if has_ipv6() {
        hosts.push("[::1]");
    }
    for host in hosts {
        let discovery = get(format!(
            "http://{host}:{port}/.well-known/openid-configuration"
        ));
        assert_eq!(discovery.await["issuer"], cloud.url(), "{host}");
        for page in ["localhost", "127.0.0.1", "[::1]"] {
            let clock = Request::post(format!("http://{host}:{port}/_local/clock"))
                .header("origin", format!("http://{page}:{port}"));
            let answer = call(clock, "{\"advance_seconds\": 1}").await.unwrap();
            assert_eq!(answer.0, 200, "{page} to {host}: {}", answer.1);
        }
    }
    cloud.shutdown().await;
}

/// Somebody who comes by `[::1]` is a caller like any other, with limits of their own.
#[tokio::test]
async fn a_caller_by_ipv6_is_counted_apart_from_one_by_ipv4() {
    if !has_ipv6() {
        return;
    }
    let cloud = Cloud::start(
        Options::memory()
            .set("IP_SENDS_BURST", "2")
            .set("IP_SENDS_PER_MINUTE", "1"),
    );
    let cloud = cloud.await.unwrap();
    let port = cloud.address().port();
    let ask = async |host: &str, name: &str| {
        let url = format!("http://{host}:{port}/api/auth/otp/request/");
        let person = json!({ "identifier": format!("{name}@example.com") });
        post(url, person).await.0.as_u16()
    };
    assert_eq!(ask("[::1]", "a").await, 200);
    assert_eq!(ask("[::1]", "b").await, 200);
    assert_eq!(ask("[::1]", "c").await, 429);
    assert_eq!(ask("127.0.0.1", "d").await, 200);
    cloud.shutdown().await;
}

#[tokio::test]
async fn wrong_settings_stop_the_start_by_name() {
    let refusal = |options: Options| async {
        match Cloud::start(options).await {
            Ok(_) => panic!("it started"),
            Err(error) => error.to_string(),
        }
    };
    let unknown = refusal(Options::memory().set("OTP_LENGTH", "6")).await;
    assert!(unknown.starts_with("OTP_LENGTH: "), "{unknown}");
    let wrong = Options::memory()
        .set("OTP_CODE_LENGTH", "5")
        .set("OTP_EXPIRY_MINUTES", "soon");
    let wrong = refusal(wrong).await;
    for name in ["OTP_CODE_LENGTH: ", "OTP_EXPIRY_MINUTES: "] {
        assert_eq!(wrong.matches(name).count(), 1, "{wrong}");
    }
    let cloud = cloud().await;
    let port = cloud.address().port();
    let busy = refusal(Options {
        port,
        ..Options::memory()
    });
    let busy = busy.await;
    assert!(
        busy.contains(&format!("port {port} on 127.0.0.1 cannot be taken")),
        "{busy}"
    );
    cloud.shutdown().await;
}

#[tokio::test]
async fn data_and_keys_outlive_a_restart() {
    let folder = std::env::temp_dir().join(format!("latchkey-test-{}", std::process::id()));
    let options = || Options {
        data: Some(folder.clone()),
        ..Options::memory().set("PUBLIC_URL", "http://localhost:3000")
    };
    let person = json!({ "identifier": "jane@example.com" });

    let cloud = Cloud::start(options()).await.unwrap();
    let (status, _) = post(format!("{}/api/auth/otp/request/", cloud.url()), person).await;
    assert_eq!(status, 200);
    let outbox = get(format!("{}/_local/outbox?to=jane@example.com", cloud.url())).await;
    let code: String = outbox[0]["text"]
        .as_str()
        .unwrap()
        .split(|c: char| !c.is_ascii_digit())
        .find(|digits| digits.len() == 6)
        .unwrap()
        .to_owned();
    cloud.shutdown().await;

    let cloud = Cloud::start(options()).await.unwrap();
    let second = Cloud::start(options()).await.err().unwrap().to_string();
    assert!(second.contains("another local cloud"), "{second}");
    let proof = json!({ "identifier": "jane@example.com", "otp_code": code });
    let (status, answer) = post(format!("{}/api/auth/otp/verify/", cloud.url()), proof).await;
    assert_eq!(status, 200, "{answer}");
    let access = answer["tokens"]["access"].as_str().unwrap().to_owned();
    let refresh = answer["tokens"]["refresh"].as_str().unwrap().to_owned();
    cloud.shutdown().await;

    let cloud = Cloud::start(options()).await.unwrap();
    let profile = Request::get(format!("{}/api/profile/", cloud.url()))
        .header("authorization", format!("Bearer {access}"));
    let (status, profile) = call(profile, "").await.unwrap();
    assert_eq!(
        (status.as_u16(), &profile["email"]),
        (200, &json!("jane@example.com"))
    );
    assert_eq!(cloud.notice(), None);
    cloud.shutdown().await;

    // Another issuer: the data stay, its access tokens end, and the start says so.
    let moved = options().set("PUBLIC_URL", "http://127.0.0.1:3000");
    let cloud = Cloud::start(moved).await.unwrap();
    let notice = cloud.notice().unwrap();
    assert!(
        notice
            .starts_with("PUBLIC_URL was http://localhost:3000 and is http://127.0.0.1:3000 now."),
        "{notice}"
    );
    let profile = Request::get(format!("{}/api/profile/", cloud.url()))
        .header("authorization", format!("Bearer {access}"));
    assert_eq!(call(profile, "").await.unwrap().0, 401);
    let renewed = post(
        format!("{}/api/auth/token/refresh/", cloud.url()),
        json!({ "refresh": refresh }),
    );
    assert_eq!(renewed.await.0, 200);
    cloud.shutdown().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_crash_ends_the_function_after_the_call_took_effect() {
    let cloud = cloud().await;
    let crash = json!({ "service": "ses", "fault": "crash" });
    post(format!("{}/_local/faults", cloud.url()), crash).await;
    let ask = || {
        let person = json!({ "identifier": "jane@example.com" });
        post(format!("{}/api/auth/otp/request/", cloud.url()), person)
    };
    let (status, answer) = ask().await;
    assert_eq!(status, 500);
    assert_eq!(answer["code"], "internal", "{answer}");
    let outbox = get(format!("{}/_local/outbox", cloud.url())).await;
    assert_eq!(outbox.as_array().unwrap().len(), 1);
    cloud.clock().advance(31).unwrap();
    assert_eq!(ask().await.0, 200);
    cloud.shutdown().await;
}

#[tokio::test]
async fn pages_come_with_a_policy_and_the_files_they_name() {
    let cloud = cloud().await;
    for page in ["/", "/account/", "/admin/", "/_local/", "/docs/", "/docs"] {
        let text = get(format!("{}{page}", cloud.url())).await;
        let text = text.as_str().unwrap();
        let files = text
            .split('"')
            .filter(|part| part.starts_with("/_local/pages/") || part.starts_with("/assets/"));
        for file in files {
            let found = call(Request::get(format!("{}{file}", cloud.url())), "").await;
            assert_eq!(found.unwrap().0, 200, "{file}");
        }
        assert!(
            !text.contains("<style") && !text.contains("onclick"),
            "{page}"
        );
    }
    cloud.shutdown().await;
}

#[tokio::test]
async fn pages_lead_back_to_listed_origins_of_the_public_urls_site() {
    let listed = "https://app.example.com,https://example.org,http://app.example.com";
    let options = Options::memory().set("PUBLIC_URL", "https://id.example.com");
    let cloud = Cloud::start(options.set("CORS_ORIGINS", listed))
        .await
        .unwrap();
    let page = get(format!("http://{}/", cloud.address())).await;
    let page = page.as_str().unwrap().replace("&#x2f;", "/");
    let named = "data-origins=\"https://id.example.com https://app.example.com\"";
    assert!(page.contains(named), "{page}");
    assert!(!page.contains("data-loopback"), "{page}");
    cloud.shutdown().await;
}

#[tokio::test]
async fn the_document_names_this_gateway_and_only_its_paths_are_taken() {
    let cloud = cloud().await;
    let document = get(format!("{}/openapi.json", cloud.url())).await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], cloud.url());
    let status = async |request: http::request::Builder| call(request, "").await.unwrap().0;
    for path in ["/openapi.json", "/docs/"] {
        let posted = status(Request::post(format!("{}{path}", cloud.url()))).await;
        assert_eq!(posted, 405, "{path}");
    }
    for path in ["/docs/x", "/openapi.yaml"] {
        let found = status(Request::get(format!("{}{path}", cloud.url()))).await;
        assert_eq!(found, 404, "{path}");
    }
    cloud.shutdown().await;
}
