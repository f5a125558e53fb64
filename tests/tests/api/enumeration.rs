//! Nobody finds out by asking whether an account exists.

use serde_json::json;
use tests::{ACCOUNTS, Answer, House, another_code};

/// Status, headers and body without what names this one request, and the upstream calls as a set of counts.
async fn trace(house: &House, answer: &Answer) -> Vec<String> {
    let mut calls: Vec<_> = house
        .calls_of(&answer.request_id())
        .await
        .into_iter()
        .map(|call| format!("{} {}", call.service, call.operation))
        .collect();
    calls.sort();
    calls
}

async fn suspend(house: &House, user: &serde_json::Value) {
    let pk = format!("USER#{}", user["id"].as_str().unwrap());
    let values = json!({ ":s": { "S": "suspended" }, ":m": { "M": {} } });
    let set = "SET #status = :s, sessions = :m";
    house
        .tables()
        .update(ACCOUNTS, &pk, "USER", set, values)
        .await;
}

/// C01, C02, C09
#[tokio::test]
async fn enumeration_known_unknown_and_suspended_addresses_are_answered_alike() {
    let house = House::open().await;
    let known = house.visitor("known@example.com");
    known.signs_in().await;
    let suspended = house.visitor("suspended@example.com");
    let person = suspended.signs_in().await;
    suspend(&house, &person.user).await;
    house.advance(3600).await;
    let unknown = house.visitor("unknown@example.com");

    let mut asked = Vec::new();
    for visitor in [&unknown, &known, &suspended] {
        let answer = visitor.at(&house.new_ip()).asks_for_a_code().await.is(200);
        assert!(!answer.text.contains("new_user"), "C09: {}", answer.text);
        asked.push((
            answer.anonymous(),
            answer.plain_headers(),
            trace(&house, &answer).await,
        ));
    }
    assert_eq!(asked[0], asked[1]);
    assert_eq!(asked[0], asked[2]);

    let mut entered = Vec::new();
    for visitor in [&unknown, &known, &suspended] {
        let code = visitor.reads_the_code().await;
        let answer = visitor
            .at(&house.new_ip())
            .enters(&another_code(&code, 0))
            .await
            .is(401);
        entered.push((
            answer.anonymous(),
            answer.plain_headers(),
            trace(&house, &answer).await,
        ));
    }
    assert_eq!(entered[0], entered[1]);
    assert_eq!(entered[0], entered[2]);

    // Only a person who proves the address learns the difference, and the code is used up.
    let code = suspended.reads_the_code().await;
    suspended.enters(&code).await.problem(403, "forbidden");
    suspended.enters(&code).await.problem(401, "otp_invalid");
    let code = unknown.reads_the_code().await;
    assert_eq!(
        unknown.is_let_in_with(&code).await.user["is_new_user"],
        true
    );
    let code = known.reads_the_code().await;
    assert_eq!(known.is_let_in_with(&code).await.user["is_new_user"], false);
}

/// C01: the suppressed take the same steps, the provider's call aside.
#[tokio::test]
async fn enumeration_a_suppressed_address_is_answered_alike() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let _ = jane.asks_for_a_code().await.is(200);
    let message = &house.sent_to("jane@example.com").await[0];
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let _ = house
        .post(&path, &json!({ "status": "bounce" }))
        .send()
        .await
        .is(200);
    house.advance(3600).await;

    let suppressed = jane.at(&house.new_ip()).asks_for_a_code().await.is(200);
    let ordinary = house
        .visitor("mary@example.com")
        .asks_for_a_code()
        .await
        .is(200);
    assert_eq!(suppressed.anonymous(), ordinary.anonymous());
    assert_eq!(suppressed.plain_headers(), ordinary.plain_headers());
    let [with, without] = [
        trace(&house, &ordinary).await,
        trace(&house, &suppressed).await,
    ];
    let dynamodb = |calls: &[String]| calls.iter().filter(|c| c.starts_with("dynamodb")).count();
    assert!(with.iter().any(|call| call.starts_with("ses ")), "{with:?}");
    assert!(
        without.iter().all(|call| !call.starts_with("ses ")),
        "{without:?}"
    );
    assert!(
        dynamodb(&without).abs_diff(dynamodb(&with)) <= 1,
        "{with:?} {without:?}"
    );

    // A code that was never sent matches nothing: every guess fails alike.
    let guess = jane.at(&house.new_ip()).enters("123456").await.is(401);
    let code = house.visitor("mary@example.com").reads_the_code().await;
    let wrong = house
        .visitor("mary@example.com")
        .enters(&another_code(&code, 3))
        .await
        .is(401);
    assert_eq!(guess.anonymous(), wrong.anonymous());
    assert_eq!(guess.plain_headers(), wrong.plain_headers());
}

/// C08: ids are of the year's making and not guessable from one another.
#[tokio::test]
async fn enumeration_ids_are_not_sequential() {
    let house = House::open().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let person = house
            .visitor(format!("jane{n}@example.com"))
            .signs_in()
            .await;
        let id = person.user["id"].as_str().unwrap().to_owned();
        let digits = id.strip_prefix("usr_").expect("usr_");
        assert!(
            digits.len() == 32
                && digits
                    .bytes()
                    .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        );
        assert_eq!(&digits[12..13], "7", "UUIDv7");
        ids.push(digits[16..].to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}
