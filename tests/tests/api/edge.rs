//! A CDN in front (docs/adr/0010-edge.md): who comes past it, and whose address counts.

use local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, House, REQUEST, asking};

/// A house behind an edge, and what the edge proves itself with.
struct Fenced {
    house: House,
    secret: String,
}

impl Fenced {
    async fn open(edge: &str) -> Self {
        // At one a minute a busy machine lets nobody have another meanwhile.
        let options = Options::memory().set("EDGE", edge);
        let house = House::with(options.set("IP_SENDS_PER_MINUTE", "1")).await;
        let secret = text(&house.secret().await["EDGE_SECRETS"]);
        Self { house, secret }
    }

    /// Asks for a code as the edge hands it on, for a viewer.
    async fn asks(&self, identifier: &str, secret: &str, viewer: &str) -> Answer {
        let call = self.house.post(REQUEST, &asking(identifier));
        let call = call.from("198.51.100.1").header("X-Origin-Secret", secret);
        let call = call.header("CloudFront-Viewer-Address", viewer);
        call.send().await
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The address that the newest session was opened from.
async fn address_of_a_sign_in(house: &House, headers: &[(&str, &str)]) -> String {
    let with = |mut call: tests::Call| {
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.from("198.51.100.1")
    };
    let _ = with(house.post(REQUEST, &asking("jane@example.com")))
        .send()
        .await
        .is(200);
    let code = house.codes_sent_to("jane@example.com").await.remove(0);
    let entering = tests::entering("jane@example.com", &code);
    let answer = with(house.post(tests::VERIFY, &entering)).send().await;
    let access = text(&answer.is(200).json()["tokens"]["access"]);
    let sessions = with(house.get("/api/auth/sessions/").bearer(&access));
    text(&sessions.send().await.is(200).json()["results"][0]["ip"])
}

/// B06: without an edge, nothing that a client sends changes anything.
#[tokio::test]
async fn edge_headers_without_an_edge_change_nothing() {
    let house = House::open().await;
    let secret = text(&house.secret().await["EDGE_SECRETS"]);
    let headers = [
        ("X-Origin-Secret", secret.as_str()),
        ("CloudFront-Viewer-Address", "203.0.113.7:1"),
        ("X-Forwarded-For", "203.0.113.8"),
        ("True-Client-IP", "203.0.113.9"),
    ];
    assert_eq!(address_of_a_sign_in(&house, &headers).await, "198.51.100.1");
}

#[tokio::test]
async fn edge_makes_the_viewer_the_caller() {
    for edge in ["required", "optional"] {
        let fenced = Fenced::open(edge).await;
        let viewer = [
            ("X-Origin-Secret", fenced.secret.as_str()),
            ("CloudFront-Viewer-Address", "2001:db8::9:9985"),
            ("X-Forwarded-For", "203.0.113.8"),
        ];
        let ip = address_of_a_sign_in(&fenced.house, &viewer).await;
        assert_eq!(ip, "2001:db8::9", "{edge}");
    }
}

/// While the domain moves to the edge, the old way is open, and as blind for its headers as without one.
#[tokio::test]
async fn edge_that_is_optional_believes_only_its_secret() {
    let fenced = Fenced::open("optional").await;
    let stranger = [
        ("X-Origin-Secret", "0123456789abcdef0123456789abcdef"),
        ("CloudFront-Viewer-Address", "203.0.113.7:1"),
    ];
    let ip = address_of_a_sign_in(&fenced.house, &stranger).await;
    assert_eq!(ip, "198.51.100.1");
}

#[tokio::test]
async fn edge_that_is_required_lets_nobody_past() {
    let fenced = Fenced::open("required").await;
    let (house, secret) = (&fenced.house, fenced.secret.as_str());
    // One path of every function, one that nobody has, and what browsers ask first.
    for (method, path) in [
        (Method::POST, REQUEST),
        (Method::POST, tests::VERIFY),
        (Method::POST, "/api/auth/token/refresh/"),
        (Method::GET, "/.well-known/jwks.json"),
        (Method::GET, "/api/profile/"),
        (Method::POST, "/api/profile/avatar/"),
        (Method::GET, "/api/analytics/otp/"),
        (Method::POST, "/api/webhooks/twilio/"),
        (Method::GET, "/nowhere"),
        (Method::OPTIONS, REQUEST),
    ] {
        let answer = house.call(method, path).send().await;
        answer.problem(403, "forbidden");
    }
    let doubled = format!("{secret},{secret}");
    let longer = format!("{secret}0");
    for wrong in [&secret[..63], &longer, &doubled, "", "x"] {
        let answer = fenced
            .asks("jane@example.com", wrong, "203.0.113.7:1")
            .await;
        let problem = answer.problem(403, "forbidden");
        assert!(text(&problem["detail"]).contains("public URL"), "{problem}");
    }
    assert_eq!(house.sent_to("jane@example.com").await.len(), 0);
    let _ = fenced
        .asks("jane@example.com", secret, "203.0.113.7:1")
        .await
        .is(200);
}

/// B05 behind an edge: limits count viewers, an IPv6 viewer as the /64, and those who cannot be told apart as one.
#[tokio::test]
async fn edge_limits_count_viewers() {
    let fenced = Fenced::open("required").await;
    let secret = fenced.secret.as_str();
    let spent = async |viewers: &[&str]| {
        for n in 0..20 {
            let viewer = viewers[n % viewers.len()];
            let person = format!("p{n}-{}@example.com", viewers[0].len());
            let _ = fenced.asks(&person, secret, viewer).await.is(200);
        }
        let _ = fenced
            .asks("late@example.com", secret, viewers[0])
            .await
            .limited();
    };
    spent(&["203.0.113.7:1", "203.0.113.7:2"]).await;
    spent(&["2001:db8::1:443", "2001:db8::ffff:1"]).await;
    spent(&["nonsense", "203.0.113.9", ""]).await;
    let _ = fenced
        .asks("other@example.com", secret, "203.0.113.8:1")
        .await
        .is(200);
}

/// M05: one secret replaces the other, and nobody is refused on the way.
#[tokio::test]
async fn edge_secret_is_rotated_under_load() {
    let fenced = Fenced::open("required").await;
    let (house, old) = (&fenced.house, fenced.secret.as_str());
    let new = "fedcba9876543210fedcba9876543210";
    let welcome = async |n: usize, secret: &str| {
        let viewer = format!("203.0.113.{n}:1");
        fenced
            .asks(&format!("p{n}@example.com"), secret, &viewer)
            .await
            .status
    };
    assert_eq!(welcome(1, new).await, 403);
    house
        .put_secret("EDGE_SECRETS", &format!("{new}, {old}"))
        .await;
    // The forged secret above used up the one look a minute that a request may wait for.
    house.advance(61).await;
    assert_eq!(welcome(2, new).await, 200);
    assert_eq!(welcome(3, old).await, 200);
    house.put_secret("EDGE_SECRETS", new).await;
    house.advance(61).await;
    // The first request after a minute still meets the old snapshot, and has the next one fetched.
    assert_eq!(welcome(4, new).await, 200);
    assert_eq!(welcome(5, new).await, 200);
    assert_eq!(welcome(6, old).await, 403);
}

/// Providers call the public URL and so come through; what AWS hands to a function itself never was at the edge.
#[tokio::test]
async fn edge_lets_providers_and_events_of_aws_through() {
    let fenced = Fenced::open("required").await;
    let house = &fenced.house;
    for identifier in ["jane@example.com", "+4915123456789"] {
        let _ = fenced
            .asks(identifier, &fenced.secret, "203.0.113.7:1")
            .await
            .is(200);
        let message = house.sent_to(identifier).await.remove(0);
        let path = format!("/_local/deliveries/{}/status", message["id"]);
        let told = house.post(&path, &json!({"status": "delivered"})).send();
        let told = told.await.is(200).json();
        assert!(
            [200, 204].contains(&told["status"].as_u64().expect("a status")),
            "{told}"
        );
    }
    // The tables' streams reach the function `events`, which publishes.
    let published = house.events().await;
    assert!(
        published
            .iter()
            .any(|event| event["detail-type"] == "delivery.updated"),
        "{published:?}"
    );
}

#[tokio::test]
async fn edge_secret_has_a_shortest_length() {
    for secrets in [
        "short",
        "0123456789abcdef0123456789abcde ",
        "0123456789abcdef0123456789abcdef,",
        "0123456789abcdef0123456789abcdef,0123456789abcdef0123456789abcdee,0123456789abcdef0123456789abcdea",
    ] {
        let options = Options::memory()
            .set("EDGE", "required")
            .set("EDGE_SECRETS", secrets);
        let refusal = match local::Cloud::start(options).await {
            Ok(_) => panic!("{secrets:?} was taken"),
            Err(error) => error.to_string(),
        };
        assert!(refusal.contains("EDGE_SECRETS: "), "{refusal}");
        assert!(!refusal.contains(secrets), "{refusal}");
    }
}
