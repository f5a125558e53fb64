//! A code that is asked for again: what the second request may change of the first, and what not.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, House, SignedIn, asking};

use crate::profile::{call, shows};

const NUMBER: &str = "+14155552671";

fn from(identifier: &str, source: &str, locale: &str) -> Value {
    json!({ "identifier": identifier, "source_url": source, "locale": locale })
}

async fn sources(house: &House, who: &SignedIn) -> Vec<Value> {
    let path = "/api/profile/sources/";
    let list = call(house, &who.access, Method::GET, path, None).await;
    let results = list.is(200).json()["results"].take();
    let results = results.as_array().unwrap().iter();
    results
        .map(|result| result["source"]["url"].clone())
        .collect()
}

async fn amr(house: &House, who: &SignedIn) -> Value {
    let body = json!({ "token": who.access });
    let claims = house.post("/api/auth/token/verify/", &body).send().await;
    claims.is(200).json()["amr"].take()
}

/// How many codes count as sent, by the channels that sent some.
async fn sent(house: &House, who: &SignedIn) -> Vec<(String, u64)> {
    let id = who.user["id"].as_str().unwrap();
    house.tables().make_admin(id).await;
    let list = call(house, &who.access, Method::GET, "/api/analytics/otp/", None).await;
    let results = list.is(200).json()["results"].take();
    let rows = results.as_array().unwrap().iter();
    rows.map(|row| {
        let channel = row["channel"].as_str().unwrap().to_owned();
        (channel, row["sent"].as_u64().unwrap())
    })
    .filter(|(_, sent)| *sent > 0)
    .collect()
}

async fn reports(house: &House, identifier: &str, order: Value) {
    let message = &house.sent_to(identifier).await[0]["id"];
    let path = format!("/_local/deliveries/{message}/status");
    let told = house.post(&path, &order).send().await.is(200);
    assert_eq!(told.json()["status"].as_u64().unwrap() / 100, 2, "{told:?}");
}

/// A stranger who asks second for somebody's code decides neither where that person comes from nor what they speak.
#[tokio::test]
async fn resend_by_a_stranger_leaves_no_trace_in_the_account() {
    let house = House::open().await;
    for who in ["jane@example.com", "jane+shop@example.com", NUMBER] {
        let jane = house.visitor(who);
        let asked = jane.asks(&from(who, "https://shop.example", "de")).await;
        let _ = asked.is(200);
        house.advance(31).await;
        let stranger = jane.at(&house.new_ip());
        let asked = stranger
            .asks(&from(who, "https://evil.example", "ja"))
            .await;
        let _ = asked.is(200);
        let code = jane.reads_the_code().await;
        let jane = jane.is_let_in_with(&code).await;
        assert_eq!(sources(&house, &jane).await, ["https://shop.example"]);
        assert_eq!(shows(&house, &jane).await["language"], "de");
    }
}

/// A stranger who asks first for somebody's code decides neither where that person comes from nor what they speak.
#[tokio::test]
async fn request_by_a_stranger_who_is_first_leaves_no_trace_in_the_account() {
    let house = House::open().await;
    for who in ["jane@example.com", "jane+shop@example.com", NUMBER] {
        let jane = house.visitor(who);
        let stranger = jane.at(&house.new_ip());
        let asked = stranger
            .asks(&from(who, "https://evil.example", "ja"))
            .await;
        let _ = asked.is(200);
        house.advance(31).await;
        let asked = jane.asks(&from(who, "https://shop.example", "de")).await;
        let _ = asked.is(200);
        let code = jane.reads_the_code().await;
        // Also where the person enters it elsewhere: nobody knows then which of the two asked.
        let elsewhere = who == NUMBER;
        let at = if elsewhere {
            house.new_ip()
        } else {
            jane.ip.clone()
        };
        let signed_in = jane.at(&at).is_let_in_with(&code).await;
        let expected: &[&str] = if elsewhere {
            &[]
        } else {
            &["https://shop.example"]
        };
        assert_eq!(sources(&house, &signed_in).await, expected);
        let language = if elsewhere { "en" } else { "de" };
        assert_eq!(shows(&house, &signed_in).await["language"], language);
    }
}

/// A mailbox's day is kept as long as the last of its tagged addresses' asks.
#[tokio::test]
async fn request_for_a_tagged_address_keeps_its_mailboxs_day() {
    let house = House::open().await;
    let tagged = house.visitor("jane+shop@example.com");
    let kept = async || {
        let challenge = house.tables().challenge("email", "jane@example.com").await;
        challenge.unwrap()["ttl"].as_i64().unwrap()
    };
    let _ = tagged.gets_a_code().await;
    let before = kept().await;
    house.advance(86_400).await;
    let _ = tagged.gets_a_code().await;
    assert!(kept().await >= before + 86_400);
}

/// The provider refuses the resend by another way: the code has still travelled as before.
#[tokio::test]
async fn resend_that_is_refused_leaves_the_code_as_it_was() {
    let house = House::open().await;
    let jane = house.visitor(NUMBER);
    let code = jane.gets_a_code().await;
    house.advance(31).await;
    let fault = json!({"service": "twilio", "fault": "error", "error_code": 63024, "times": 2});
    house.fault(fault).await;
    let mut body = asking(NUMBER);
    body["channel"] = "whatsapp".into();
    jane.asks(&body).await.problem(503, "delivery_failed");
    assert_eq!(house.end_faults().await, 2);
    let person = jane.is_let_in_with(&code).await;
    assert_eq!(amr(&house, &person).await, json!(["otp", "sms"]));
    assert_eq!(sent(&house, &person).await, [("phone".to_owned(), 1)]);
    house.is_sound().await;
}

/// The address is suppressed after its code went out: the answer is the ordinary one, nothing more is sent, and the
/// code that the person has still opens.
#[tokio::test]
async fn resend_is_withheld_after_a_complaint_and_the_code_stays() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    reports(&house, &jane.identifier, json!({ "status": "complaint" })).await;
    house.advance(31).await;
    let _ = jane.asks_for_a_code().await.is(200);
    assert_eq!(house.sent_to(&jane.identifier).await.len(), 1);
    let person = jane.is_let_in_with(&code).await;

    // A code that was never sent opens nothing.
    house.advance(31).await;
    let _ = jane.asks_for_a_code().await.is(200);
    house.advance(31).await;
    let _ = jane.asks_for_a_code().await.is(200);
    assert_eq!(house.sent_to(&jane.identifier).await.len(), 1);
    assert_eq!(sent(&house, &person).await, [("email".to_owned(), 1)]);
    house.is_sound().await;
}

/// A repetition answers as the first did, also where the code took another way than was asked for.
#[tokio::test]
async fn resend_repeated_says_which_way_the_code_took() {
    let house = House::open().await;
    let ask = async |key: &str| -> Answer {
        let mut body = asking(NUMBER);
        body["channel"] = "whatsapp".into();
        let call = house.post("/api/auth/otp/request/", &body);
        call.header("idempotency-key", key).send().await.is(200)
    };
    let fault = json!({"service": "twilio", "fault": "error", "error_code": 63024, "times": 1});
    house.fault(fault).await;
    let first = ask("one").await.json();
    assert_eq!(first["channel"], "phone");
    house.advance(31).await;
    let second = ask("two").await.json();
    assert_eq!(second["channel"], "whatsapp");
    for (key, before) in [("one", &first), ("two", &second)] {
        let again = ask(key).await.json();
        assert_eq!(again["channel"], before["channel"], "{key}");
        assert_eq!(again["delivery_id"], before["delivery_id"], "{key}");
    }
    assert_eq!(house.sent_to(NUMBER).await.len(), 2);
}

/// The wait is that of the mailbox where it is the longer one, before the refusal and in it.
#[tokio::test]
async fn resend_to_a_tagged_address_tells_its_mailboxs_wait() {
    let house = House::open().await;
    let ask = async |n: usize| {
        let jane = house.visitor(format!("jane+{n}@example.com"));
        jane.asks_for_a_code().await
    };
    for n in 0..9 {
        let sent = ask(n).await.is(200).json();
        assert_eq!(sent["resend_in"], 30, "{n}");
    }
    let tenth = ask(9).await.is(200).json();
    let promised = tenth["resend_in"].as_u64().unwrap();
    assert!((86_000..=86_400).contains(&promised), "{promised}");
    for again in [9, 10] {
        let wait = ask(again).await.limited();
        assert!((86_000..=86_400).contains(&wait), "{again}: {wait}");
    }
}
