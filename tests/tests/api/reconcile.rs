//! Texts whose callbacks are lost: an hour later Twilio is asked.

use serde_json::{Value, json};
use tests::{House, asking};

/// A text on its way: its delivery id, and its number in the outbox.
struct Text {
    delivery_id: String,
    outbox: Value,
}

async fn text(house: &House, number: &str, channel: &str) -> Text {
    let mut body = asking(number);
    body["channel"] = json!(channel);
    let answer = house.visitor(number).asks(&body).await.is(200).json();
    Text {
        delivery_id: answer["delivery_id"].as_str().unwrap().to_owned(),
        outbox: house.sent_to(number).await[0]["id"].clone(),
    }
}

/// What only Twilio knows of a message in the outbox.
async fn becomes(house: &House, outbox: &Value, status: &str) {
    let path = format!("/_local/deliveries/{outbox}/status");
    let lost = json!({ "status": status, "callback": false });
    let _ = house.post(&path, &lost).send().await.is(200);
}

async fn shown(house: &House, text: &Text) -> Value {
    let path = format!("/api/auth/otp/deliveries/{}/", text.delivery_id);
    house.get(&path).send().await.is(200).json()
}

#[tokio::test]
async fn reconcile_asks_what_became_of_texts_after_an_hour() {
    let house = House::open().await;
    let mut texts = Vec::new();
    for (area, channel, status, expected) in [
        (201, "sms", "delivered", "delivered"),
        (202, "sms", "undelivered", "failed"),
        (203, "sms", "sent", "queued"),
        (205, "whatsapp", "read", "read"),
        (206, "whatsapp", "undelivered", "failed"),
    ] {
        let text = text(&house, &format!("+1{area}5552671"), channel).await;
        becomes(&house, &text.outbox, status).await;
        texts.push((text, expected));
    }
    house.advance(50 * 60).await;
    for (text, _) in &texts {
        assert_eq!(
            shown(&house, text).await["status"],
            "queued",
            "callbacks have an hour"
        );
    }
    house.advance(15 * 60).await;
    for (text, expected) in &texts {
        assert_eq!(shown(&house, text).await["status"], *expected);
    }
    let before = house.tables().ephemeral().await;
    house.advance(60 * 60).await;
    assert_eq!(house.tables().ephemeral().await, before, "once");
}

/// The same number twice, and the SMS that took WhatsApp's place: each message is its own delivery's.
#[tokio::test]
async fn reconcile_tells_the_messages_to_one_number_apart() {
    let house = House::open().await;
    let number = "+14155552671";
    let first = text(&house, number, "whatsapp").await;
    house.advance(31).await;
    let second = text(&house, number, "sms").await;
    becomes(&house, &second.outbox, "undelivered").await;
    house.advance(60).await;
    let path = format!("/_local/deliveries/{}/status", first.outbox);
    let fell = json!({ "status": "undelivered" });
    let _ = house.post(&path, &fell).send().await.is(200);
    let sent = house.sent_to(number).await;
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[0]["delivery_id"], json!(first.delivery_id));
    becomes(&house, &sent[0]["id"], "delivered").await;

    house.advance(65 * 60).await;
    let found = [&first, &second].map(|text| shown(&house, text));
    let found = futures_util::future::join_all(found).await;
    let found: Vec<_> = found.iter().map(|shown| &shown["status"]).collect();
    assert_eq!(found, ["delivered", "failed"]);
}

/// More texts than a page holds, and a provider that does not answer for an hour: the next hour makes up for it.
#[tokio::test]
async fn reconcile_goes_through_all_pages_and_makes_up_for_a_lost_hour() {
    let house = House::open().await;
    let mut texts = Vec::new();
    for n in 0..35 {
        let number = format!(
            "+1{}5552671",
            [
                201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218,
                219, 224, 225, 228, 229, 231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260,
                262, 267, 269
            ][n]
        );
        let text = text(&house, &number, "sms").await;
        becomes(&house, &text.outbox, "delivered").await;
        texts.push(text);
    }
    house
        .fault(json!({ "service": "twilio", "fault": "error", "times": 1000, "background": true }))
        .await;
    house.advance(62 * 60).await;
    assert_eq!(shown(&house, &texts[0]).await["status"], "queued");
    house.end_faults().await;
    house.advance(60 * 60).await;
    for text in &texts {
        assert_eq!(shown(&house, text).await["status"], "delivered");
    }
}
