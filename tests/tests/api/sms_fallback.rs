//! A code by WhatsApp that does not arrive goes by SMS, once, and is the same code.

use futures_util::future::join_all;
use local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{House, SignedIn, asking};

const NUMBER: &str = "+14155552671";

struct Sent {
    delivery_id: String,
    outbox: u64,
}

async fn by_whatsapp(house: &House) -> Sent {
    let mut body = asking(NUMBER);
    body["channel"] = json!("whatsapp");
    let answer = house.visitor(NUMBER).asks(&body).await.is(200).json();
    assert_eq!(answer["channel"], "whatsapp");
    let message = house.sent_to(NUMBER).await.remove(0);
    assert_eq!(message["channel"], "whatsapp");
    Sent {
        delivery_id: answer["delivery_id"].as_str().unwrap().to_owned(),
        outbox: message["id"].as_u64().unwrap(),
    }
}

async fn reports(house: &House, outbox: u64, status: &str) -> Value {
    let path = format!("/_local/deliveries/{outbox}/status");
    let answer = house.post(&path, &json!({ "status": status })).send().await;
    let answer = answer.is(200).json();
    assert_eq!(answer["status"], 204);
    answer["request"].clone()
}

async fn shown(house: &House, sent: &Sent) -> Value {
    let path = format!("/api/auth/otp/deliveries/{}/", sent.delivery_id);
    house.get(&path).send().await.is(200).json()
}

#[tokio::test]
async fn sms_fallback_brings_an_undelivered_code_that_signs_in() {
    let house = House::open().await;
    let sent = by_whatsapp(&house).await;
    let code = house.codes_sent_to(NUMBER).await.remove(0);
    reports(&house, sent.outbox, "undelivered").await;

    let texts = house.sent_to(NUMBER).await;
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert_eq!(texts[0]["channel"], "phone");
    assert_eq!(texts[0]["delivery_id"], json!(sent.delivery_id));
    assert_eq!(
        house.codes_sent_to(NUMBER).await,
        [code.clone(), code.clone()]
    );
    // It is on its way, not lost; the second way's own report says how it ended.
    assert_eq!(shown(&house, &sent).await["status"], "queued");
    reports(&house, texts[0]["id"].as_u64().unwrap(), "delivered").await;
    let shown = shown(&house, &sent).await;
    assert_eq!(
        (&shown["status"], &shown["channel"]),
        (&json!("delivered"), &json!("phone"))
    );

    let person = SignedIn::read(&house.visitor(NUMBER).enters(&code).await.is(200));
    let claims = house
        .post(
            "/api/auth/token/verify/",
            &json!({ "token": person.access }),
        )
        .send()
        .await
        .is(200)
        .json();
    assert_eq!(claims["amr"], json!(["otp", "sms"]));
    house.is_sound().await;
}

/// The report comes sixty times at once, and the stream may bring it twice: one SMS goes.
#[tokio::test]
async fn sms_fallback_sends_one_text_however_often_it_is_reported() {
    let house = House::open().await;
    let sent = by_whatsapp(&house).await;
    let request = reports(&house, sent.outbox, "failed").await;
    let (_, path) = request["url"]
        .as_str()
        .unwrap()
        .split_once("/api/")
        .unwrap();
    let repeats = (0..60).map(|_| {
        let mut call = house.call(Method::POST, &format!("/api/{path}"));
        for (name, value) in request["headers"].as_object().unwrap() {
            call = call.header(name, value.as_str().unwrap());
        }
        call.body_only(request["body"].as_str().unwrap().to_owned())
            .send()
    });
    for answer in join_all(repeats).await {
        assert!(matches!(answer.status, 204 | 503), "{answer:?}");
    }
    assert_eq!(house.sent_to(NUMBER).await.len(), 2);
    assert_eq!(shown(&house, &sent).await["status"], "queued");
    house.is_sound().await;
}

#[tokio::test]
async fn sms_fallback_that_cannot_go_has_failed() {
    // The day's budget is used up by the first way.
    let house = House::with(Options::memory().set("SMS_DAILY_BUDGET", "1")).await;
    let sent = by_whatsapp(&house).await;
    reports(&house, sent.outbox, "undelivered").await;
    assert_eq!(house.sent_to(NUMBER).await.len(), 1);
    assert_eq!(shown(&house, &sent).await["status"], "failed");

    // The code was used.
    let house = House::open().await;
    let sent = by_whatsapp(&house).await;
    let code = house.codes_sent_to(NUMBER).await.remove(0);
    house.visitor(NUMBER).is_let_in_with(&code).await;
    reports(&house, sent.outbox, "undelivered").await;
    assert_eq!(house.sent_to(NUMBER).await.len(), 1);
    assert_eq!(shown(&house, &sent).await["status"], "failed");

    // The provider refuses the text as well.
    let house = House::open().await;
    let sent = by_whatsapp(&house).await;
    let order = json!({
        "service": "twilio", "fault": "error", "error_code": 21211, "times": 1, "background": true
    });
    house.fault(order).await;
    reports(&house, sent.outbox, "undelivered").await;
    assert_eq!(house.sent_to(NUMBER).await.len(), 1);
    assert_eq!(shown(&house, &sent).await["status"], "failed");
    house.is_sound().await;
}

/// A late report about a code that was used meets a newer one: the old delivery has failed, the new one goes on.
#[tokio::test]
async fn sms_fallback_is_about_the_reported_code_alone() {
    let house = House::open().await;
    let old = by_whatsapp(&house).await;
    let code = house.codes_sent_to(NUMBER).await.remove(0);
    house.visitor(NUMBER).is_let_in_with(&code).await;
    house.advance(31).await;
    let new = by_whatsapp(&house).await;
    reports(&house, old.outbox, "undelivered").await;
    assert_eq!(shown(&house, &old).await["status"], "failed");
    assert_eq!(shown(&house, &new).await["status"], "queued");
    assert_eq!(house.sent_to(NUMBER).await.len(), 2);
    house.is_sound().await;
}

/// THREATS N09: whoever answered STOP in the meantime gets no text.
#[tokio::test]
async fn sms_fallback_spares_a_number_that_opted_out() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let sent = by_whatsapp(&house).await;
    house.advance(31).await;
    let link = house
        .post("/api/profile/identifiers/", &asking(NUMBER))
        .bearer(&jane.access);
    let _ = link.send().await.is(200);
    let text = house.sent_to(NUMBER).await[0]["id"].as_u64().unwrap();
    let path = format!("/_local/deliveries/{text}/status");
    let stop = json!({ "status": "failed", "error_code": 21610 });
    let _ = house.post(&path, &stop).send().await.is(200);

    reports(&house, sent.outbox, "undelivered").await;
    assert_eq!(house.sent_to(NUMBER).await.len(), 2);
    assert_eq!(shown(&house, &sent).await["status"], "bounced");
    house.is_sound().await;
}

/// The process dies after each call of the second way: never two texts, and the delivery does not hang for want of a
/// try.
#[tokio::test]
async fn sms_fallback_that_crashes_sends_no_second_text() {
    let mut arrived = 0;
    for after in 0..4 {
        let house = House::open().await;
        let sent = by_whatsapp(&house).await;
        let order = json!({
            "service": "dynamodb", "operation": "UpdateItem", "fault": "crash", "times": 1, "after": after,
            "background": true
        });
        house.fault(order).await;
        reports(&house, sent.outbox, "undelivered").await;
        let texts = house.sent_to(NUMBER).await.len();
        assert!((1..=2).contains(&texts), "after {after}: {texts}");
        arrived += texts - 1;
        house.is_sound().await;
    }
    assert!(arrived > 1, "a crash before it was taken costs nothing");
}
