//! What providers answer and report about messages, and what becomes of the messages here (I01–I12, N07–N11).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, House, Visitor, asking, steps};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const FORM: &str = "application/x-www-form-urlencoded";

/// A message on its way: its delivery id, and its number in the outbox.
struct Sent {
    delivery_id: String,
    outbox: u64,
}

async fn sent(house: &House, visitor: &Visitor<'_>) -> Sent {
    let answer = visitor.asks_for_a_code().await.is(200);
    let message = house.sent_to(&visitor.identifier).await.remove(0);
    Sent {
        delivery_id: answer.json()["delivery_id"].as_str().unwrap().to_owned(),
        outbox: message["id"].as_u64().unwrap(),
    }
}

/// Has the provider's twin report; gives the webhook's status and the request.
async fn report(house: &House, message: &Sent, order: Value) -> (u64, Value) {
    let path = format!("/_local/deliveries/{}/status", message.outbox);
    let body = house.post(&path, &order).send().await.is(200).json();
    (body["status"].as_u64().unwrap(), body["request"].clone())
}

async fn reported(house: &House, message: &Sent, status: &str) -> Value {
    let (answer, request) = report(house, message, json!({ "status": status })).await;
    assert!(matches!(answer, 200 | 204), "{status}: {answer}");
    request
}

/// Sends a callback again, as it was.
async fn again(house: &House, request: &Value) -> Answer {
    let url = request["url"].as_str().unwrap();
    let (_, path) = url.split_once("//").unwrap().1.split_once('/').unwrap();
    let mut call = house.call(Method::POST, &format!("/{path}"));
    for (name, value) in request["headers"].as_object().unwrap() {
        call = call.header(name, value.as_str().unwrap());
    }
    call.body_only(request["body"].as_str().unwrap().to_owned())
        .send()
        .await
}

async fn shown(house: &House, delivery_id: &str) -> Value {
    let path = format!("/api/auth/otp/deliveries/{delivery_id}/");
    house.get(&path).send().await.is(200).json()
}

async fn state(house: &House, message: &Sent) -> String {
    shown(house, &message.delivery_id).await["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A number in an area of its own, so that no prefix is asked too often.
fn number(n: usize) -> String {
    const AREAS: [u16; 30] = [
        201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224,
        225, 228, 229, 231, 234, 239, 240, 248, 251, 252, 253, 254,
    ];
    format!("+1{}5552671", AREAS[n])
}

fn permutations(of: &[&'static str]) -> Vec<Vec<&'static str>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    (0..of.len())
        .flat_map(|n| {
            let mut rest = of.to_vec();
            let first = rest.remove(n);
            permutations(&rest).into_iter().map(move |mut tail| {
                tail.insert(0, first);
                tail
            })
        })
        .collect()
}

/// I03, I8.
#[tokio::test]
async fn delivery_reports_in_every_order_end_in_the_same_state() {
    let house = House::open().await;
    for (n, order) in permutations(&["sent", "delivered", "failed", "read"])
        .into_iter()
        .enumerate()
    {
        let message = sent(&house, &house.visitor(number(n))).await;
        for status in &order {
            let request = reported(&house, &message, status).await;
            assert_eq!(again(&house, &request).await.status, 204, "a duplicate");
        }
        let found = shown(&house, &message.delivery_id).await;
        assert_eq!(found["status"], "read", "{order:?}");
        let rank = |state: &Value| match state.as_str().unwrap() {
            "queued" => 0,
            "sent" => 1,
            "delivered" | "failed" => 2,
            _ => 3,
        };
        let ranks: Vec<_> = found["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| rank(&step["status"]))
            .collect();
        assert!(ranks.is_sorted_by(|a, b| a < b), "{order:?}: {found}");
    }
}

/// THREATS I02; docs/PERFORMANCE.md has the steps.
#[tokio::test]
async fn delivery_report_is_one_step_and_its_repetition_changes_nothing() {
    let house = House::open().await;
    for identifier in ["jane@example.com", "+14155552671"] {
        let message = sent(&house, &house.visitor(identifier)).await;
        let request = reported(&house, &message, "delivered").await;
        let before = shown(&house, &message.delivery_id).await;
        assert_eq!(before["status"], "delivered");
        for _ in 0..20 {
            let answer = again(&house, &request).await;
            assert!(matches!(answer.status, 200 | 204), "{answer:?}");
            let calls = house.calls_of(&answer.request_id()).await;
            assert_eq!(steps(&calls), 1, "{calls:?}");
        }
        assert_eq!(shown(&house, &message.delivery_id).await, before);
    }
}

#[tokio::test]
async fn delivery_report_that_is_forged_is_refused_and_changes_nothing() {
    let house = House::open().await;
    for identifier in ["jane@example.com", "+14155552671"] {
        let message = sent(&house, &house.visitor(identifier)).await;
        let genuine = reported(&house, &message, "sent").await;
        let before = house.tables().ephemeral().await;
        let mut tampered = genuine.clone();
        let body = genuine["body"].as_str().unwrap();
        tampered["body"] = body
            .replace("sent", "read")
            .replace("\"Send", "\"Delivery")
            .replace("Send\\", "Delivery\\")
            .into();
        assert_ne!(tampered["body"], genuine["body"]);
        again(&house, &tampered)
            .await
            .problem(403, "signature_invalid");
        let mut other_url = genuine.clone();
        other_url["url"] = format!("{}&x=1", genuine["url"].as_str().unwrap()).into();
        if identifier.starts_with('+') {
            again(&house, &other_url)
                .await
                .problem(403, "signature_invalid");
        }
        assert_eq!(house.tables().ephemeral().await, before);
    }
}

/// I04, I05.
#[tokio::test]
async fn delivery_report_that_comes_first_makes_the_record() {
    let house = House::open().await;
    let message = sent(&house, &house.visitor("+14155552671")).await;
    let early = reported(&house, &message, "sent").await;
    for record in noted(&house).await {
        house
            .tables()
            .delete("latchkey-ephemeral", &record, "DELIVERY")
            .await;
    }
    assert_eq!(again(&house, &early).await.status, 204);
    assert_eq!(state(&house, &message).await, "sent");
}

/// I06, L07: a report about a person who was erased brings nothing back.
#[tokio::test]
async fn delivery_report_about_an_erased_person_is_taken_and_forgotten() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let jane = house.visitor("+14155552671");
    let message = sent(&house, &jane).await;
    let report = reported(&house, &message, "sent").await;
    let code = jane.reads_the_code().await;
    let jane = jane.is_let_in_with(&code).await;
    let left = house
        .call(Method::DELETE, "/api/profile/")
        .bearer(&jane.access);
    let _ = left.send().await.is(202);
    assert_eq!(noted(&house).await, Vec::<String>::new());
    // Longer than any request of ours lives: nothing can be overtaken any more.
    house.advance(21).await;
    assert_eq!(again(&house, &report).await.status, 204);
    assert_eq!(noted(&house).await, Vec::<String>::new());
    assert_eq!(state(&house, &message).await, "queued");
}

/// The keys of the records of deliveries.
async fn noted(house: &House) -> Vec<String> {
    let items = house.tables().ephemeral().await;
    let keys = items.iter().filter_map(|item| item["pk"].as_str());
    let records = keys.filter(|key| key.starts_with("DELIVERY#"));
    records.map(str::to_owned).collect()
}

/// Signs as Twilio does, with a token that the test knows.
async fn from_twilio(house: &House, delivery_id: &str, fields: &[(&str, &str)]) -> Answer {
    let url = format!(
        "{}/api/webhooks/twilio/?d={delivery_id}",
        house.cloud().url()
    );
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let text = sorted
        .iter()
        .fold(url.clone(), |text, (name, value)| text + name + value);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, TOKEN.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
    let body = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", value.replace('+', "%2B")));
    let body = body.collect::<Vec<_>>().join("&");
    house
        .call(
            Method::POST,
            &format!("/api/webhooks/twilio/?d={delivery_id}"),
        )
        .body(FORM, body)
        .header("x-twilio-signature", signature)
        .send()
        .await
}

/// I04, I07, I10.
#[tokio::test]
async fn delivery_report_of_unknown_content_is_acknowledged_and_ignored() {
    let house = House::with(Options::memory().set("TWILIO_AUTH_TOKEN", TOKEN)).await;
    let jane = house.visitor("+14155552671");
    let message = sent(&house, &jane).await;
    let sid = ("MessageSid", "SM00000000000000000000000000000001");
    let long = "x".repeat(1024);
    let forged_id = format!("dlv_{}", "0".repeat(48));
    let before = house.tables().ephemeral().await;
    for (id, fields) in [
        (
            message.delivery_id.as_str(),
            &[sid, ("MessageStatus", "exploded")][..],
        ),
        (&message.delivery_id, &[sid, ("MessageStatus", &long)]),
        (&message.delivery_id, &[sid]),
        (
            &message.delivery_id,
            &[("MessageSid", "x"), ("MessageStatus", "read")],
        ),
        (&forged_id, &[sid, ("MessageStatus", "read")]),
        ("", &[sid, ("MessageStatus", "read")]),
    ] {
        let _ = from_twilio(&house, id, fields).await.is(204);
        assert_eq!(house.tables().ephemeral().await, before, "{id} {fields:?}");
    }
    // It did not go to that number, so it cannot suppress it; the delivery has failed all the same.
    let elsewhere = [
        sid,
        ("MessageStatus", "failed"),
        ("ErrorCode", "21610"),
        ("To", "+12125552671"),
    ];
    let _ = from_twilio(&house, &message.delivery_id, &elsewhere)
        .await
        .is(204);
    assert_eq!(state(&house, &message).await, "failed");
    let items = house.tables().ephemeral().await;
    assert!(items.iter().all(|item| item["sk"] != "SUPPRESSED"));
    let stopped = [
        sid,
        ("MessageStatus", "failed"),
        ("ErrorCode", "21610"),
        ("To", "+14155552671"),
    ];
    let _ = from_twilio(&house, &message.delivery_id, &stopped)
        .await
        .is(204);
    assert_eq!(state(&house, &message).await, "failed");
    is_suppressed(&house, &jane).await;
}

/// The ordinary answer, no message, and a delivery that shows what sending would have led to.
async fn is_suppressed(house: &House, visitor: &Visitor<'_>) {
    house.advance(31).await;
    let before = house.outbox().await.len();
    let answer = visitor.asks_for_a_code().await.is(200);
    assert_eq!(house.outbox().await.len(), before, "nothing is sent");
    let id = answer.json()["delivery_id"].as_str().unwrap().to_owned();
    assert_eq!(shown(house, &id).await["status"], "bounced");
}

#[tokio::test]
async fn suppression_follows_a_permanent_bounce_and_a_complaint_in_any_order() {
    for (before, status, expected) in [
        (None, "bounce", "bounced"),
        (Some("delivered"), "bounce", "delivered"),
        (Some("delivered"), "complaint", "complained"),
    ] {
        for provider in ["ses", "sendgrid"] {
            let house = House::with(Options::memory().set("MAIL_PROVIDER", provider)).await;
            let jane = house.visitor("jane@example.com");
            let message = sent(&house, &jane).await;
            if let Some(before) = before {
                reported(&house, &message, before).await;
            }
            reported(&house, &message, status).await;
            assert_eq!(
                state(&house, &message).await,
                expected,
                "{provider} {before:?} {status}"
            );
            is_suppressed(&house, &jane).await;
            let dump = house.tables().ephemeral().await;
            let kept = dump.iter().find(|item| item["sk"] == "SUPPRESSED").unwrap();
            assert!(
                !json!(kept).to_string().contains("jane@example.com"),
                "{kept:?}"
            );
        }
    }
}

/// `bounce` is a permanent one, of a text as well.
#[tokio::test]
async fn suppression_follows_a_permanent_bounce_of_a_text() {
    for channel in ["sms", "whatsapp"] {
        let house = House::open().await;
        let tom = house.visitor("+14155552671");
        let body = json!({ "identifier": tom.identifier, "channel": channel });
        let answer = tom.asks(&body).await.is(200).json();
        let message = Sent {
            delivery_id: answer["delivery_id"].as_str().unwrap().to_owned(),
            outbox: house.sent_to(&tom.identifier).await[0]["id"]
                .as_u64()
                .unwrap(),
        };
        reported(&house, &message, "bounce").await;
        assert_eq!(state(&house, &message).await, "failed", "{channel}");
        is_suppressed(&house, &tom).await;
        assert_eq!(house.sent_to(&tom.identifier).await.len(), 1, "{channel}");
    }
}

#[tokio::test]
async fn suppression_does_not_follow_a_transient_bounce() {
    for (provider, identifier) in [
        ("ses", "jane@example.com"),
        ("sendgrid", "jane@example.com"),
        ("ses", "+14155552671"),
    ] {
        let house = House::with(Options::memory().set("MAIL_PROVIDER", provider)).await;
        let jane = house.visitor(identifier);
        let message = sent(&house, &jane).await;
        reported(&house, &message, "undelivered").await;
        let state = state(&house, &message).await;
        assert_eq!(state, "failed", "{provider} {identifier}");
        house.advance(31).await;
        let _ = jane.gets_a_code().await;
        assert_eq!(house.sent_to(identifier).await.len(), 2);
    }
}

/// I12.
#[tokio::test]
async fn delivery_report_is_asked_for_again_while_the_store_is_down() {
    let house = House::open().await;
    for identifier in ["jane@example.com", "+14155552671"] {
        let message = sent(&house, &house.visitor(identifier)).await;
        house
            .fault(json!({"service": "dynamodb", "fault": "error", "times": 20}))
            .await;
        let (status, request) = report(&house, &message, json!({"status": "delivered"})).await;
        assert_eq!(status, 503, "{identifier}");
        house.end_faults().await;
        assert_eq!(state(&house, &message).await, "queued");
        assert!(again(&house, &request).await.status < 300);
        assert_eq!(state(&house, &message).await, "delivered");
    }
}

/// N07, N09.
#[tokio::test]
async fn delivery_that_is_refused_costs_the_person_nothing() {
    let house = House::open().await;
    for (n, code) in [21211, 21408, 20429].into_iter().enumerate() {
        let jane = house.visitor(number(n));
        house
            .fault(json!({"service": "twilio", "fault": "error", "error_code": code, "times": 1}))
            .await;
        let refused = jane.asks_for_a_code().await;
        refused.problem(503, "delivery_failed");
        // No wait: the next request goes through at once.
        let _ = jane.gets_a_code().await;
    }
    for service in ["ses", "twilio"] {
        let jane = house.visitor(if service == "ses" {
            "jane@example.com"
        } else {
            "+12545552671"
        });
        house
            .fault(json!({"service": service, "fault": "throttle", "times": 1}))
            .await;
        jane.asks_for_a_code().await.problem(503, "delivery_failed");
        let code = jane.gets_a_code().await;
        let _ = jane.enters(&code).await.is(200);
    }
    house.is_sound().await;
}

/// N09: the number has answered STOP before.
#[tokio::test]
async fn suppression_follows_an_opt_out_behind_an_ordinary_answer() {
    let house = House::open().await;
    let jane = house.visitor("+14155552671");
    house
        .fault(json!({"service": "twilio", "fault": "error", "error_code": 21610, "times": 1}))
        .await;
    let answer = jane.asks_for_a_code().await.is(200);
    let id = answer.json()["delivery_id"].as_str().unwrap().to_owned();
    assert_eq!(shown(&house, &id).await["status"], "bounced");
    is_suppressed(&house, &jane).await;
}

/// N08, N11: it may arrive, so its code opens, and a resend carries the same one.
#[tokio::test]
async fn delivery_with_a_lost_reply_leaves_one_code_that_opens() {
    for (service, identifier) in [("ses", "jane@example.com"), ("twilio", "+14155552671")] {
        let house = House::open().await;
        let jane = house.visitor(identifier);
        house
            .fault(json!({"service": service, "fault": "lost_reply", "times": 1}))
            .await;
        jane.asks_for_a_code().await.problem(503, "delivery_failed");
        let code = jane.reads_the_code().await;
        assert_eq!(
            house.sent_to(identifier).await.len(),
            1,
            "it is not repeated"
        );
        jane.asks_for_a_code().await.limited();
        house.advance(31).await;
        assert_eq!(
            jane.gets_a_code().await,
            code,
            "a resend carries the same code"
        );
        let _ = jane.enters(&code).await.is(200);
        house.is_sound().await;
    }
}

/// WhatsApp says no, and the same code goes by SMS.
#[tokio::test]
async fn delivery_that_whatsapp_refuses_goes_by_sms() {
    let house = House::open().await;
    let jane = house.visitor("+14155552671");
    house
        .fault(json!({"service": "twilio", "fault": "error", "error_code": 63024, "times": 1}))
        .await;
    let mut body = asking("+14155552671");
    body["channel"] = "whatsapp".into();
    let _ = jane.asks(&body).await.is(200);
    let message = house.sent_to("+14155552671").await.remove(0);
    assert_eq!(message["channel"], "phone");
    let code = jane.reads_the_code().await;
    let _ = jane.enters(&code).await.is(200);
}

/// Reports a second.
const RATE: u32 = 500;

/// I13: a minute of 500 callbacks a second, in which every message is sent, delivered and read; none is lost.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a minute of load, for an optimised build: cargo test --profile load --workspace --test api -- --ignored --nocapture callbacks_a_second"]
#[expect(
    clippy::print_stdout,
    reason = "a measurement that is read by the person who asked for it"
)]
async fn five_hundred_callbacks_a_second_for_a_minute() {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    const SECONDS: u32 = 60;
    let peppers = json!([{"version": 1, "secret": STANDARD.encode([7; 32])}]).to_string();
    let options = Options::memory()
        .set("TWILIO_AUTH_TOKEN", TOKEN)
        .set("PEPPERS", &peppers);
    let house = Arc::new(House::with(options).await);
    let ids: Vec<String> = delivery_ids(&peppers, house.now(), RATE * SECONDS / 3);
    let orders = ["sent", "delivered", "read"]
        .into_iter()
        .flat_map(|status| ids.iter().map(move |id| (id.clone(), status)));

    let started = Instant::now();
    let mut running = Vec::new();
    for (n, (id, status)) in (0_u32..).zip(orders) {
        tokio::time::sleep_until((started + Duration::from_secs(1) * n / RATE).into()).await;
        let house = house.clone();
        running.push(tokio::spawn(async move {
            let begun = Instant::now();
            let sid = ("MessageSid", "SM00000000000000000000000000000001");
            let fields = [sid, ("MessageStatus", status), ("To", "+14155552671")];
            let mut refused = 0;
            // What gets a 5xx comes again, as a provider would have it.
            while from_twilio(&house, &id, &fields).await.status != 204 {
                refused += 1;
                assert!(refused < 20, "{id} {status}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            (begun.elapsed(), refused)
        }));
    }
    let (mut waits, mut refused) = (Vec::new(), 0);
    for task in running {
        let (wait, times) = task.await.unwrap();
        waits.push(wait);
        refused += times;
    }
    let took = started.elapsed();
    waits.sort_unstable();
    let items = house.tables().ephemeral().await;
    let read = items
        .iter()
        .filter(|item| item.get("st") == Some(&json!("read")))
        .count();
    let steps: usize = items
        .iter()
        .filter_map(|item| item.get("hist")?.as_array())
        .map(Vec::len)
        .sum();
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
    println!(
        "{} callbacks in {took:.1?}, {:.0} a second; p50 {:.1?}, p99 {:.1?}, longest {:.1?}; {refused} came again; {read} of {} messages read, {steps} steps",
        waits.len(),
        waits.len() as f64 / took.as_secs_f64(),
        at(50),
        at(99),
        at(100),
        ids.len(),
    );
    assert_eq!(read, ids.len(), "none is lost");
}

fn delivery_ids(peppers: &str, now: jiff::Timestamp, count: u32) -> Vec<String> {
    use shared::config::{Reader, SecretDocument, Variables};
    use shared::domain::id::DeliveryId;
    use shared::keyring::Peppers;
    use shared::keyring::derive::AddressKeys;

    let variables: Variables = [("PEPPERS", peppers)].into_iter().collect();
    let secrets = SecretDocument::default();
    let mut reader = Reader::new(&variables, &secrets);
    let peppers = Peppers::read(&mut reader);
    let peppers = reader.finish(peppers).unwrap();
    let marks = AddressKeys::new(&peppers);
    // Each is made when its first report comes: one that is older makes no record.
    (0..count)
        .map(|n| {
            let made = now + std::time::Duration::from_secs(1) * n / RATE;
            marks
                .seal(DeliveryId::new(made, shared::entropy::bytes()))
                .to_string()
        })
        .collect()
}
