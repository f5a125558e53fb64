//! One way out to people: what holds for every message, whatever it says.

use local::Options;
use serde_json::{Value, json};
use tests::{House, SignedIn, another_code};

use crate::addresses::{asks, proves};

const NUMBER: &str = "+14155552671";
const MAIL: &str = "jane@example.com";

/// Somebody who signs in by text and links a mail address, of which the number is told; `refusal` is what Twilio says
/// to that notice.
async fn is_told_of_a_link(house: &House, refusal: u32) -> SignedIn {
    let jane = house.visitor(NUMBER).signs_in().await;
    let _ = asks(house, &jane, MAIL).await.is(200);
    let code = house.codes_sent_to(MAIL).await.remove(0);
    let fault = json!({"service": "twilio", "fault": "error", "error_code": refusal, "times": 1});
    house.fault(fault).await;
    let _ = proves(house, &jane, MAIL, &code).await.is(200);
    assert_eq!(house.end_faults().await, 1);
    jane
}

async fn pending_notices(house: &House) -> usize {
    let accounts = house.tables().accounts().await;
    let notices = accounts.iter().filter(|item| item["pk"] == "NOTICES");
    notices.count()
}

async fn texts(house: &House) -> usize {
    house.sent_to(NUMBER).await.len()
}

/// Jane's number has to wait after wrong codes of a stranger, and she is warned of it by text.
async fn is_guessed_at(house: &House) {
    let stranger = house.visitor(NUMBER).at("203.0.113.9");
    for _ in 0..2 {
        house.advance(31).await;
        let code = stranger.gets_a_code().await;
        for n in 0..3 {
            let _ = stranger.enters(&another_code(&code, n)).await;
        }
    }
}

#[tokio::test]
async fn send_suppresses_a_number_that_opted_out_of_a_notice() {
    let house = House::open().await;
    let _ = is_told_of_a_link(&house, 21610).await;
    assert_eq!(pending_notices(&house).await, 0, "nobody tries again");
    let sent = texts(&house).await;
    house.advance(31).await;
    let _ = house.visitor(NUMBER).asks_for_a_code().await.is(200);
    assert_eq!(texts(&house).await, sent, "the number is suppressed");
}

#[tokio::test]
async fn send_suppresses_a_number_that_opted_out_of_the_fallback() {
    let house = House::open().await;
    let body = json!({ "identifier": NUMBER, "channel": "whatsapp" });
    let sent = house.visitor(NUMBER).asks(&body).await.is(200).json();
    let message = house.sent_to(NUMBER).await.remove(0);
    let fault = json!({
        "service": "twilio", "fault": "error", "error_code": 21610, "times": 1, "background": true
    });
    house.fault(fault).await;
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let report = json!({ "status": "undelivered" });
    let _ = house.post(&path, &report).send().await.is(200);
    assert_eq!(texts(&house).await, 1);
    let path = format!(
        "/api/auth/otp/deliveries/{}/",
        sent["delivery_id"].as_str().unwrap()
    );
    let shown: Value = house.get(&path).send().await.is(200).json();
    assert_eq!(shown["status"], "bounced");
    house.advance(31).await;
    let _ = house.visitor(NUMBER).asks_for_a_code().await.is(200);
    assert_eq!(texts(&house).await, 1, "the number is suppressed");
    house.is_sound().await;
}

#[tokio::test]
async fn send_does_not_repeat_what_a_region_refuses() {
    let house = House::open().await;
    let _ = is_told_of_a_link(&house, 21408).await;
    assert_eq!(pending_notices(&house).await, 0, "nobody tries again");
    house.advance(31).await;
    let _ = house.visitor(NUMBER).gets_a_code().await;
}

#[tokio::test]
async fn send_repeats_what_was_refused_for_now() {
    let house = House::open().await;
    let _ = is_told_of_a_link(&house, 20429).await;
    assert_eq!(pending_notices(&house).await, 1);
    house.advance(24 * 60 * 60).await;
    assert_eq!(pending_notices(&house).await, 0);
}

/// A message that is no code is on record with its recipient, so that export and erasure find it.
#[tokio::test]
async fn send_records_a_warning_with_its_recipient() {
    let house = House::open().await;
    let jane = house.visitor(NUMBER).signs_in().await;
    is_guessed_at(&house).await;
    let warned = house.sent_to(NUMBER).await;
    assert_eq!(warned.len(), 4, "three codes and the warning: {warned:#?}");
    let deliveries = house.tables().ephemeral().await;
    let notices = deliveries
        .iter()
        .filter(|item| item.get("kind") == Some(&json!("notice")));
    assert_eq!(notices.count(), 1);
    let export = house.get("/api/profile/export/").bearer(&jane.access);
    let export = export.send().await.is(200).json();
    assert_eq!(export["deliveries"]["items"].as_array().unwrap().len(), 4);
    house.is_sound().await;
}

#[tokio::test]
async fn send_keeps_a_notice_for_the_next_day_and_drops_a_warning() {
    let house = House::with(Options::memory().set("SMS_DAILY_BUDGET", "3")).await;
    let jane = house.visitor(NUMBER).signs_in().await;
    is_guessed_at(&house).await;
    assert_eq!(
        texts(&house).await,
        3,
        "the day's texts are used up by codes"
    );
    let _ = asks(&house, &jane, MAIL).await.is(200);
    let code = house.codes_sent_to(MAIL).await.remove(0);
    let _ = proves(&house, &jane, MAIL, &code).await.is(200);
    assert_eq!(pending_notices(&house).await, 1);
    assert_eq!(texts(&house).await, 3);
    house.advance(24 * 60 * 60).await;
    assert_eq!(pending_notices(&house).await, 0);
    let texts = house.sent_to(NUMBER).await;
    assert_eq!(texts.len(), 4, "the notice went, the warning did not");
    let text = texts[0]["text"].as_str().unwrap();
    assert!(!text.contains("Wrong"), "{text}");
}
