//! What HTTP itself may carry: bodies, media types, methods, paths and headers.

use local::Options;
use reqwest::Method;
use serde_json::json;
use tests::{House, REQUEST, VERIFY, asking};

const ROUTES: [&str; 2] = [REQUEST, VERIFY];

/// Every answer of these tests has its address from a pool, so that no limit is met.
async fn post(house: &House, path: &str, kind: &str, body: impl Into<Vec<u8>>) -> tests::Answer {
    let call = house.call(Method::POST, path).body(kind, body.into());
    call.from(&house.new_ip()).send().await
}

/// K01, J02, J10
#[tokio::test]
async fn http_body_that_is_no_json_object_is_malformed() {
    let house = House::open().await;
    let long = format!("{{\"identifier\": {}}}", "[".repeat(8_000));
    let deep = format!("{{\"identifier\": {}{}}}", "[".repeat(40), "]".repeat(40));
    let bodies: Vec<&[u8]> = vec![
        b"",
        b" ",
        b"{",
        b"{\"identifier\": \"jane@example.com\"",
        b"{\"identifier\": \"jane@example.com\"} x",
        b"{\"identifier\": \"jane@example.com\"}{}",
        b"{\"identifier\": \"jane@example.com\",}",
        b"{identifier: \"jane@example.com\"}",
        b"{\"identifier\": 'jane@example.com'}",
        b"{\"identifier\": \"jane@example.com\" /* who */}",
        b"{\"identifier\": NaN}",
        b"{\"identifier\": 1e400}",
        b"{\"identifier\": \"a\nb@example.com\"}",
        b"{\"identifier\": \"\\ud800@example.com\"}",
        b"\xef\xbb\xbf{\"identifier\": \"jane@example.com\"}",
        b"{\"identifier\": \"j\xe4ne@example.com\"}",
        b"[\"jane@example.com\", \"email\"]",
        b"[]",
        b"\"jane@example.com\"",
        b"1",
        b"null",
        b"true",
        // K02
        long.as_bytes(),
        deep.as_bytes(),
        // K03
        b"{\"identifier\": \"jane@example.com\", \"identifier\": \"eve@example.com\"}",
        b"{\"identifier\": \"jane@example.com\", \"\\u0069dentifier\": \"eve@example.com\"}",
        b"{\"identifier\": {\"a\": 1, \"a\": 2}}",
    ];
    for path in ROUTES {
        for body in &bodies {
            let answer = post(&house, path, "application/json", *body).await;
            assert_eq!(
                (answer.status, answer.json()["code"].as_str()),
                (400, Some("malformed_request")),
                "{path} {}: {}",
                String::from_utf8_lossy(body),
                answer.text
            );
        }
    }
    assert!(house.outbox().await.is_empty());
    assert!(house.is_sound().await.ephemeral.is_empty());
}

/// All wrong fields at once, and nothing is done.
#[tokio::test]
async fn http_body_with_wrong_fields_has_all_of_them_named() {
    let house = House::open().await;
    let ask = async |body: serde_json::Value| {
        post(&house, REQUEST, "application/json", body.to_string()).await
    };
    ask(json!({}))
        .await
        .wrong_fields(&[("/identifier", "required")]);
    ask(json!({"identifier": {}}))
        .await
        .wrong_fields(&[("/identifier", "invalid_type")]);
    ask(json!({"identifier": 1}))
        .await
        .wrong_fields(&[("/identifier", "invalid_type")]);
    ask(json!({"identifier": ["jane@example.com"]}))
        .await
        .wrong_fields(&[("/identifier", "invalid_type")]);
    ask(json!({
        "identifier": "jane@", "channel": 7, "source_url": "ftp://example.com", "locale": "english!",
        "is_staff": true, "a/b~c": 1,
    }))
    .await
    .wrong_fields(&[
        ("/identifier", "invalid_email"),
        ("/channel", "invalid_type"),
        ("/source_url", "invalid_url"),
        ("/locale", "invalid_language"),
        ("/is_staff", "unknown_field"),
        ("/a~1b~0c", "unknown_field"),
    ]);
    // A wrong header stands beside the wrong fields.
    let both = house
        .post(REQUEST, &json!({ "identifier": "jane@" }))
        .header("idempotency-key", "a b");
    both.send().await.wrong_fields(&[
        ("/identifier", "invalid_email"),
        ("/Idempotency-Key", "invalid_idempotency_key"),
    ]);
    let verify = json!({"otp_code": "12", "source_url": "javascript:alert(1)"});
    post(&house, VERIFY, "application/json", verify.to_string())
        .await
        .wrong_fields(&[
            ("/identifier", "required"),
            ("/otp_code", "invalid_otp_code"),
            ("/source_url", "invalid_url"),
        ]);
    assert!(house.is_sound().await.ephemeral.is_empty());
}

/// E11
#[tokio::test]
async fn http_source_url_is_a_web_origin() {
    let house = House::open().await;
    let long = format!("https://example.com/{}", "a".repeat(2_048));
    let long_host = format!("https://{}com/", "a.".repeat(600));
    for url in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "ftp://example.com/",
        "https://",
        "https:///path",
        "example.com",
        "//example.com",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "",
        " ",
        long.as_str(),
        long_host.as_str(),
    ] {
        let body = json!({ "identifier": "jane@example.com", "source_url": url });
        let answer = post(&house, REQUEST, "application/json", body.to_string()).await;
        assert_eq!(answer.status, 422, "{url}: {}", answer.text);
        assert_eq!(
            answer.json()["errors"][0]["pointer"],
            "/source_url",
            "{}",
            answer.text
        );
    }
    let body = json!({ "identifier": "jane@example.com", "source_url": "HTTPS://Dashboard.Example.COM:443/x?y#z" });
    assert_eq!(
        post(&house, REQUEST, "application/json", body.to_string())
            .await
            .status,
        200
    );
    let jane = house.visitor("jane@example.com");
    let code = jane.reads_the_code().await;
    jane.is_let_in_with(&code).await;
    let accounts = house.tables().accounts().await;
    assert!(
        accounts
            .iter()
            .any(|item| item["sk"] == "SOURCE#https://dashboard.example.com"),
        "{accounts:#?}"
    );
}

/// K04, K12, K14
#[tokio::test]
async fn http_body_is_json_in_utf8() {
    let house = House::open().await;
    let body = asking("jane@example.com").to_string();
    for path in ROUTES {
        for kind in [
            "text/plain",
            "text/plain;charset=UTF-8",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "application/json; charset=iso-8859-1",
            "application/jsonp",
            "application/xml",
            "json",
            "",
        ] {
            let answer = post(&house, path, kind, body.clone()).await;
            assert_eq!(answer.status, 415, "{kind:?}: {}", answer.text);
            answer.problem(415, "unsupported_media_type");
        }
        let bare = house
            .call(Method::POST, path)
            .body_only(body.clone())
            .send()
            .await;
        bare.problem(415, "unsupported_media_type");
        for encoding in ["gzip", "br", "identity, gzip", "identity"] {
            let call = house
                .call(Method::POST, path)
                .body("application/json", body.clone());
            let answer = call.header("content-encoding", encoding).send().await;
            answer.problem(415, "unsupported_media_type");
        }
    }
    assert!(house.outbox().await.is_empty());
    for (n, kind) in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
    ]
    .iter()
    .enumerate()
    {
        let body = asking(&format!("jane{n}@example.com")).to_string();
        let answer = post(&house, REQUEST, kind, body).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
    }
}

/// K05
#[tokio::test]
async fn http_body_has_at_most_sixteen_kilobytes() {
    let house = House::open().await;
    let padded = |identifier: &str, size: usize| {
        let body = asking(identifier).to_string();
        format!("{}{}", " ".repeat(size - body.len()), body)
    };
    for path in ROUTES {
        for size in [16 * 1024 + 1, 1 << 20] {
            post(
                &house,
                path,
                "application/json",
                padded("jane@example.com", size),
            )
            .await
            .problem(413, "payload_too_large");
        }
    }
    let full = post(
        &house,
        REQUEST,
        "application/json",
        padded("jane@example.com", 16 * 1024),
    )
    .await;
    assert_eq!(full.status, 200, "{}", full.text);
}

/// K05: what is too much for the gateway and for Lambda is refused by the route, in the same order and the same words.
#[tokio::test]
async fn http_body_too_large_for_the_gateway_is_refused_like_any_other() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let picture = "/api/profile/avatar/";
    // In base64 the first is more than Lambda takes; the second is so as text; the third is more than the gateway
    // takes.
    for size in [5 << 20, 7 << 20, 11 << 20] {
        let body = vec![b' '; size];
        for (path, kind) in [
            (REQUEST, "application/json"),
            (VERIFY, "application/json"),
            ("/api/webhooks/twilio/", "application/x-www-form-urlencoded"),
            ("/api/webhooks/sendgrid/", "application/json"),
            ("/api/webhooks/ses/", "text/plain"),
        ] {
            let answer = post(&house, path, kind, body.clone()).await;
            answer.problem(413, "payload_too_large");
            let other = post(&house, path, "image/png", body.clone()).await;
            other.problem(415, "unsupported_media_type");
        }
        let nowhere = post(&house, "/api/nothing/", "image/png", body.clone()).await;
        nowhere.problem(404, "not_found");
        let stranger = post(&house, picture, "image/png", body.clone()).await;
        stranger.problem(401, "unauthenticated");
        for (kind, status, code) in [
            ("image/png", 413, "payload_too_large"),
            ("multipart/form-data; boundary=x", 413, "payload_too_large"),
            ("text/plain", 415, "unsupported_media_type"),
        ] {
            let call = house.call(Method::POST, picture).bearer(&jane.access);
            let answer = call.body(kind, body.clone()).send().await;
            answer.problem(status, code);
        }
    }
    let chunk = 11 << 20;
    let head = format!(
        "POST {REQUEST} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{chunk:x}\r\n"
    );
    let without_length = [
        head.into_bytes(),
        vec![b' '; chunk],
        b"\r\n0\r\n\r\n".to_vec(),
    ]
    .concat();
    let answer = house.raw(without_length).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("payload_too_large"), "{answer}");
}

/// K06
#[tokio::test]
async fn http_route_takes_its_own_methods_only() {
    let house = House::open().await;
    for (path, own) in [
        (REQUEST, "POST"),
        (VERIFY, "POST"),
        ("/api/auth/token/refresh/", "POST"),
        ("/api/auth/token/revoke/", "POST"),
        ("/api/auth/token/verify/", "POST"),
        ("/api/webhooks/twilio/", "POST"),
        ("/api/webhooks/sendgrid/", "POST"),
        ("/api/webhooks/ses/", "POST"),
        ("/.well-known/jwks.json", "GET"),
        ("/.well-known/openid-configuration", "GET"),
        ("/api/profile/", "GET"),
        ("/api/auth/sessions/", "GET"),
        ("/api/auth/otp/deliveries/dlv_x/", "GET"),
    ] {
        for method in ["GET", "HEAD", "POST", "TRACE", "OPTIONS", "BREW", "get"] {
            if method == own || (method == "HEAD" && own == "GET") {
                continue;
            }
            let call = house.call(Method::from_bytes(method.as_bytes()).unwrap(), path);
            let answer = call.send().await;
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
            let allow = answer.header("allow").unwrap_or_default().to_owned();
            assert!(allow.contains(own), "{method} {path}: Allow: {allow}");
            if method != "HEAD" {
                answer.problem(405, "method_not_allowed");
            }
        }
    }
    for path in [REQUEST, VERIFY] {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            house
                .call(method, path)
                .send()
                .await
                .problem(405, "method_not_allowed");
        }
    }
}

/// HEAD is GET without the body.
#[tokio::test]
async fn http_head_is_get_without_a_body() {
    let house = House::open().await;
    let path = "/.well-known/jwks.json";
    let get = house.get(path).send().await.is(200);
    let head = house.call(Method::HEAD, path).send().await;
    assert!(matches!(head.status, 200 | 405), "{head:?}");
    assert_eq!(head.text, "");
    assert!(!get.text.is_empty());
    // Another length than a GET's would be wrong; none is not.
    let length = head.header("content-length");
    assert!(
        length.is_none() || length == get.header("content-length"),
        "{head:?}"
    );
}

/// The last slash may be missing; deployed and locally alike.
#[tokio::test]
async fn http_path_may_lack_its_last_slash() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let body = asking(&jane.identifier);
    let _ = jane
        .posts(REQUEST.trim_end_matches('/'), &body)
        .await
        .is(200);
    let code = jane.reads_the_code().await;
    let body = tests::entering(&jane.identifier, &code);
    let welcome = jane
        .posts(VERIFY.trim_end_matches('/'), &body)
        .await
        .is(200);
    let access = tests::SignedIn::read(&welcome).access;
    let _ = house
        .get("/api/profile")
        .bearer(&access)
        .send()
        .await
        .is(200);
}

/// K07: a client would tidy these paths, so they are written by hand.
#[tokio::test]
async fn http_path_in_another_spelling_is_another_path() {
    let house = House::open().await;
    let body = asking("jane@example.com").to_string();
    for path in [
        "/api/auth/otp/request//",
        "//api/auth/otp/request/",
        "/api//auth/otp/request/",
        "/./api/auth/otp/request/",
        "/api/auth/otp/./request/",
        "/api/auth/otp/verify/../request/",
        "/api/auth/otp%252frequest/",
        "/api/auth/otp/%2e%2e/otp/request/",
        "/api/auth/otp/r%c3%a9quest/",
        "/api/auth/otp/request/;x",
        "/api/auth/otp/request;x/",
        "/API/auth/otp/request/",
        "/api/auth/otp/Request/",
        "/api/auth/otp/request/x",
        "/api/auth/otp/",
        "/api/",
        "/nowhere/",
        "/api/auth/otp/request%00/",
        "/api/auth/otp/request\\",
    ] {
        let answer = house
            .raw(format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            ))
            .await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(
            answer.contains("\"code\":\"not_found\""),
            "{path}: {answer}"
        );
    }
    assert!(house.outbox().await.is_empty());
}

/// An HTTP API decodes a path before it looks for the route, so these are the path itself.
#[tokio::test]
async fn http_path_encoded_is_the_path_that_it_decodes_to() {
    let house = House::open().await;
    for path in ["/api/auth/otp%2frequest/", "/api/auth/otp/%72equest/"] {
        let answer = house
            .raw(format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
            ))
            .await;
        assert!(answer.starts_with("HTTP/1.1 422 "), "{path}: {answer}");
    }
}

/// K09
#[tokio::test]
async fn http_host_headers_change_nothing() {
    let house = House::open().await;
    let public = house.cloud().url();
    for host in [
        "evil.example",
        "[",
        "a b",
        "x:99999999",
        "",
        "xn--",
        "evil.example/../x?y",
    ] {
        let answer = house
            .raw(format!(
                "POST {REQUEST} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: {host}\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Port: 0\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
            ))
            .await;
        assert!(answer.starts_with("HTTP/1.1 422 "), "{host}: {answer}");
        assert!(
            answer.contains(&format!("{public}/problems/invalid_request")),
            "{host}: {answer}"
        );
        assert!(
            host.is_empty() || host == "[" || !answer.contains(host),
            "{host}: {answer}"
        );
    }
}

/// K10
#[tokio::test]
async fn http_headers_beyond_the_gateways_limit_are_refused() {
    let house = House::open().await;
    let call = house.post(REQUEST, &asking("jane@example.com"));
    let answer = call.header("x-long", "a".repeat(11_000)).send().await;
    answer.problem(431, "malformed_request");
    assert!(house.outbox().await.is_empty());
}

/// K11
#[tokio::test]
async fn http_cors_lets_only_listed_origins_read() {
    let origins = "https://app.example.com,http://localhost:5173";
    let house = House::with(Options::memory().set("CORS_ORIGINS", origins)).await;
    let ask = |origin: &str| {
        let call = house.post(REQUEST, &json!({})).header("origin", origin);
        call.send()
    };
    let allowed = ask("https://app.example.com").await;
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        Some("https://app.example.com")
    );
    let exposed = allowed
        .header("access-control-expose-headers")
        .unwrap()
        .to_ascii_lowercase();
    assert!(
        exposed.contains("retry-after") && exposed.contains("x-request-id"),
        "{exposed}"
    );
    assert_eq!(
        allowed.header("access-control-allow-credentials"),
        Some("true")
    );
    for origin in [
        "null",
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://evilapp.example.com",
        "https://sub.app.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com/",
        "https://APP.example.com",
        "*",
    ] {
        let answer = ask(origin).await;
        assert!(
            answer.header("access-control-allow-origin").is_none(),
            "{origin}: {answer:?}"
        );
        assert!(
            answer.header("access-control-allow-credentials").is_none(),
            "{origin}"
        );
    }
    let preflight = |origin: &str| {
        house
            .call(Method::OPTIONS, REQUEST)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
            .send()
    };
    let allowed = preflight("https://app.example.com").await;
    assert_eq!(allowed.status, 204, "{allowed:?}");
    assert!(
        allowed
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
    let refused = preflight("https://evil.example").await;
    assert!(refused.header("access-control-allow-origin").is_none());
}

/// K13
#[tokio::test]
async fn http_errors_are_problems_whatever_is_accepted() {
    let house = House::open().await;
    for accept in ["text/html", "image/*", "application/xml", ""] {
        let call = house.post(REQUEST, &json!({})).header("accept", accept);
        call.send().await.problem(422, "invalid_request");
    }
}

/// F14, and 401 comes before the body is read.
#[tokio::test]
async fn http_unauthenticated_is_answered_before_the_body_is_read() {
    let house = House::open().await;
    let access = house.visitor("jane@example.com").signs_in().await.access;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let call = house
            .get("/api/profile/")
            .header("authorization", format!("{scheme} {access}"));
        let _ = call.send().await.is(200);
    }
    for wrong in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        access.clone(),
        format!("Basic {access}"),
        format!("Bearer {access},Bearer {access}"),
        format!("Bearer {access} {access}"),
        format!("Bearer {}", &access[..access.len() - 1]),
        "Bearer null".to_owned(),
    ] {
        let call = house.get("/api/profile/").header("authorization", &wrong);
        call.send().await.problem(401, "unauthenticated");
    }
    let twice = house.get("/api/profile/").bearer(&access).bearer(&access);
    twice.send().await.problem(401, "unauthenticated");
    let query = format!("/api/profile/?access_token={access}");
    house
        .get(&query)
        .send()
        .await
        .problem(401, "unauthenticated");
    let unread = house
        .call(Method::GET, "/api/profile/")
        .body("text/plain", "x".repeat(100_000));
    unread.send().await.problem(401, "unauthenticated");
}

/// `type` is an address that explains the problem.
#[tokio::test]
async fn http_problems_explain_themselves() {
    let house = House::open().await;
    for kind in shared::http::problem::explanations() {
        let answer = house
            .get(&format!("/problems/{}", kind.code))
            .send()
            .await
            .is(200);
        assert!(
            answer.text.contains(kind.title),
            "{}: {}",
            kind.code,
            answer.text
        );
    }
    house
        .get("/problems/made-up")
        .send()
        .await
        .problem(404, "not_found");
}
