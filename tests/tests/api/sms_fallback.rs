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
    by_whatsapp_to(house, NUMBER).await
}

async fn by_whatsapp_to(house: &House, number: &str) -> Sent {
    let mut body = asking(number);
    body["channel"] = json!("whatsapp");
    let answer = house.visitor(number).asks(&body).await.is(200).json();
    assert_eq!(answer["channel"], "whatsapp");
    let message = house.sent_to(number).await.remove(0);
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
    // What becomes of it is decided after the report, by the function that reads the stream.
    assert!(house.cloud().settle().await);
    assert_eq!(shown(&house, &old).await["status"], "failed");
    assert_eq!(shown(&house, &new).await["status"], "queued");
    assert_eq!(house.sent_to(NUMBER).await.len(), 2);
    house.is_sound().await;
}

/// THREATS N09: anyone who answered STOP in the meantime gets no text.
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

/// Twilio reports about a message to a number in its own spelling.
async fn twilio_reports(house: &House, delivery_id: &str, to: &str, status: &str) {
    let mut fields = json!({
        "MessageSid": "SM00000000000000000000000000000001", "MessageStatus": status, "To": to,
    });
    if status == "undelivered" {
        fields["ErrorCode"] = json!("63016");
    }
    let order = json!({ "delivery_id": delivery_id, "fields": fields });
    assert_eq!(house.provider_reports("twilio", &order).await.0, 204);
}

/// WhatsApp shows numbers of Mexico with a 1, of Argentina without the 9, of Brazil without their ninth digit.
#[tokio::test]
async fn sms_fallback_goes_by_the_delivery_however_the_report_spells_the_number() {
    let house = House::open().await;
    for (number, spelt) in [
        ("+525512345678", "whatsapp:+5215512345678"),
        ("+5491123456789", "whatsapp:+541123456789"),
        ("+5511987654321", "whatsapp:+551187654321"),
        ("+14155552671", "whatsapp:14155552671"),
        ("+4915112345678", "whatsapp:"),
    ] {
        let sent = by_whatsapp_to(&house, number).await;
        twilio_reports(&house, &sent.delivery_id, spelt, "undelivered").await;
        let texts = house.sent_to(number).await;
        assert_eq!(texts.len(), 2, "{number} {spelt}: {texts:?}");
        assert_eq!(texts[0]["channel"], "phone");
        assert_eq!(shown(&house, &sent).await["status"], "queued", "{spelt}");
    }
    house.is_sound().await;
}

/// Every order of these.
fn orders<T: Copy>(of: &[T]) -> Vec<Vec<T>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |first: usize| {
        let mut rest = of.to_vec();
        let first = rest.remove(first);
        orders(&rest).into_iter().map(move |mut order| {
            order.insert(0, first);
            order
        })
    };
    (0..of.len()).flat_map(with_first).collect()
}

/// Two messages carry one code, and neither arrives. In whatever order their reports come, and however often: one SMS goes
/// for each, and how each ends is what its SMS's own report says.
#[tokio::test]
async fn sms_fallback_is_taken_once_for_each_message_in_every_order_of_reports() {
    const AREAS: [u16; 24] = [
        201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224,
        225, 228, 229, 231, 234, 239,
    ];
    let reports = [
        (0, "sent"),
        (0, "undelivered"),
        (1, "sent"),
        (1, "undelivered"),
    ];
    let house = House::open().await;
    for (area, order) in AREAS.into_iter().zip(orders(&reports)) {
        let number = format!("+1{area}5552671");
        let by_whatsapp_at = format!("whatsapp:{number}");
        let first = by_whatsapp_to(&house, &number).await;
        house.advance(31).await;
        let second = by_whatsapp_to(&house, &number).await;
        let messages = [&first, &second];
        let report = async |(message, status): (usize, &str)| {
            let id: &Sent = messages[message];
            twilio_reports(&house, &id.delivery_id, &by_whatsapp_at, status).await;
        };
        for event in &order {
            report(*event).await;
            report(*event).await;
        }
        let texts = house.sent_to(&number).await;
        let by_sms = |message: &Sent| {
            let id = json!(message.delivery_id);
            let texts = texts.iter();
            texts
                .filter(|text| text["channel"] == "phone" && text["delivery_id"] == id)
                .count()
        };
        assert_eq!(messages.map(by_sms), [1, 1], "{order:?}");

        // The SMS of the one arrives, that of the other does not; late repetitions change neither.
        twilio_reports(&house, &first.delivery_id, &number, "delivered").await;
        twilio_reports(&house, &second.delivery_id, &number, "failed").await;
        for event in order.iter().rev() {
            report(*event).await;
        }
        for (message, end) in [(&first, "delivered"), (&second, "failed")] {
            let shown = shown(&house, message).await;
            let found = (&shown["status"], &shown["channel"]);
            assert_eq!(found, (&json!(end), &json!("phone")), "{order:?}");
        }
        assert_eq!(house.sent_to(&number).await.len(), 4, "{order:?}");
    }
    // Each of the 48 is counted by the way that it took in the end.
    let admin = house.visitor("admin@example.com").signs_in().await;
    let id = admin.user["id"].as_str().unwrap();
    house.tables().make_admin(id).await;
    let figures = house.get("/api/analytics/otp/").bearer(&admin.access);
    let figures = figures.send().await.is(200).json();
    let sent_by = |channel: &str| -> i64 {
        let rows = figures["results"].as_array().unwrap().iter();
        let rows = rows.filter(|row| row["channel"] == channel);
        rows.filter_map(|row| row["sent"].as_i64()).sum()
    };
    assert_eq!(
        (sent_by("whatsapp"), sent_by("phone")),
        (0, 48),
        "{figures}"
    );
    house.is_sound().await;
}

#[tokio::test]
async fn sms_fallback_is_not_taken_for_what_has_arrived() {
    let house = House::open().await;
    let sent = by_whatsapp(&house).await;
    for status in ["read", "undelivered"] {
        twilio_reports(&house, &sent.delivery_id, "whatsapp:+14155552671", status).await;
    }
    assert_eq!(house.sent_to(NUMBER).await.len(), 1);
    assert_eq!(shown(&house, &sent).await["status"], "read");
}

/// The report overtakes our own note, which alone says whose code the message carries.
#[tokio::test]
async fn sms_fallback_waits_for_our_own_note() {
    let house = House::open().await;
    let sent = by_whatsapp(&house).await;
    let id = &sent.delivery_id[..sent.delivery_id.len() - 16];
    let tables = house.tables();
    let pk = format!("DELIVERY#{id}");
    let all = tables.ephemeral().await;
    let note = all.iter().find(|item| item["pk"] == pk.as_str()).unwrap();
    let (code, recipient) = (note["code"].clone(), note["to"].clone());
    tables.delete("latchkey-ephemeral", &pk, "DELIVERY").await;
    twilio_reports(
        &house,
        &sent.delivery_id,
        "whatsapp:+14155552671",
        "undelivered",
    )
    .await;
    assert_eq!(house.sent_to(NUMBER).await.len(), 1);

    let values = json!({ ":code": { "S": code }, ":to": { "S": recipient } });
    let note = "SET code=:code, #to=:to";
    tables
        .update("latchkey-ephemeral", &pk, "DELIVERY", note, values)
        .await;
    assert_eq!(house.sent_to(NUMBER).await.len(), 2);
    assert_eq!(shown(&house, &sent).await["status"], "queued");
}

/// The code is used up after the fallback was taken, and the stream brings the mark again: the SMS is still on its way.
#[tokio::test]
async fn sms_fallback_that_was_taken_is_no_failure_once_the_code_is_used() {
    let house = House::open().await;
    let sent = by_whatsapp(&house).await;
    reports(&house, sent.outbox, "undelivered").await;
    let code = house.codes_sent_to(NUMBER).await.remove(0);
    house.visitor(NUMBER).is_let_in_with(&code).await;
    let id = &sent.delivery_id[..sent.delivery_id.len() - 16];
    let mark = json!({ "Records": [{ "eventID": "again", "dynamodb": {
        "Keys": { "pk": { "S": format!("DELIVERY#{id}") }, "sk": { "S": "DELIVERY" } },
        "SequenceNumber": "1",
        "ApproximateCreationDateTime": house.now().as_second(),
        "NewImage": {
            "code": { "S": format!("signin#phone#{NUMBER}") }, "fell": { "N": "1" }, "st": { "S": "queued" },
        },
    } }] });
    let answer = house.cloud().invoke("events", &mark).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!(shown(&house, &sent).await["status"], "queued");
    house.is_sound().await;
}
