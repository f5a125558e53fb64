//! What a device that has signed in before keeps, whatever strangers do: its code, its place, its messages.

use serde_json::{Value, json};
use tests::{House, Visitor, another_code};

const ADDRESSES: [&str; 3] = ["jane@example.com", "jane+shop@example.com", "+14155552671"];

/// Somebody who has signed in before, on that device.
async fn at_home<'h>(house: &'h House, who: &str) -> Visitor<'h> {
    let jane = house.visitor(who);
    let token = jane.signs_in().await.device_token;
    house.advance(61).await;
    jane.on_device(&token)
}

/// A stranger uses up the code's comparisons and asks for another one.
async fn attacks(house: &House, who: &str, code: &str) -> String {
    let stranger = house.visitor(who);
    for n in 0..3 {
        let guess = another_code(code, n);
        let _ = stranger.enters(&guess).await.is(401);
    }
    house.advance(31).await;
    stranger.gets_a_code().await
}

#[tokio::test]
async fn request_by_a_stranger_leaves_the_code_that_a_known_device_waits_for() {
    for who in ADDRESSES {
        let house = House::open().await;
        let home = at_home(&house, who).await;
        let code = home.gets_a_code().await;
        let strangers = attacks(&house, who, &code).await;
        assert_ne!(strangers, code);
        home.is_let_in_with(&code).await;
        // Used up, for everybody; and the other one is as good as any.
        let _ = home.enters(&code).await.is(401);
        house.visitor(who).is_let_in_with(&strangers).await;
        house.is_sound().await;
    }
}

#[tokio::test]
async fn verify_on_a_known_device_takes_the_common_code_too() {
    for who in ADDRESSES {
        let house = House::open().await;
        let home = at_home(&house, who).await;
        let code = home.gets_a_code().await;
        let newest = attacks(&house, who, &code).await;
        home.is_let_in_with(&newest).await;
        home.is_let_in_with(&code).await;
        house.is_sound().await;
    }
}

#[tokio::test]
async fn request_on_a_known_device_carries_its_own_code_again_until_its_expiry() {
    for who in ADDRESSES {
        let house = House::open().await;
        let home = at_home(&house, who).await;
        let first = home.asks_for_a_code().await.is(200).json();
        let code = home.reads_the_code().await;
        let _ = attacks(&house, who, &code).await;
        house.advance(31).await;
        let again = home.asks_for_a_code().await.is(200).json();
        assert_eq!(home.reads_the_code().await, code);
        let left = |answer: &Value| answer["expires_in"].as_u64().unwrap();
        assert!(left(&again) <= left(&first) - 60, "{again}");
        home.is_let_in_with(&code).await;
        house.is_sound().await;
    }
}

/// Without strangers in between there is one code for all, as ever.
#[tokio::test]
async fn request_on_a_known_device_carries_the_code_that_a_stranger_asked_for() {
    for who in ADDRESSES {
        let house = House::open().await;
        let home = at_home(&house, who).await;
        let stranger = house.visitor(who);
        let code = stranger.gets_a_code().await;
        house.advance(31).await;
        assert_eq!(home.gets_a_code().await, code);
        // From now on it is the device's own.
        let strangers = attacks(&house, who, &code).await;
        assert_ne!(strangers, code);
        home.is_let_in_with(&code).await;
        house.is_sound().await;
    }
}

/// A stolen device token buys no comparisons by what strangers do besides.
#[tokio::test]
async fn verify_on_a_known_device_compares_its_own_code_three_times() {
    let house = House::open().await;
    let home = at_home(&house, "jane@example.com").await;
    let code = home.gets_a_code().await;
    for n in 10..12 {
        let _ = home.enters(&another_code(&code, n)).await.is(401);
    }
    let strangers = attacks(&house, "jane@example.com", &code).await;
    let _ = home.enters(&another_code(&code, 12)).await.is(401);
    let _ = home.enters(&code).await.is(401);
    // Two of the common one's are left.
    home.is_let_in_with(&strangers).await;
    house.is_sound().await;
}

#[tokio::test]
async fn request_with_a_key_is_repeated_to_a_known_device_after_a_strangers() {
    let house = House::open().await;
    let home = at_home(&house, "jane@example.com").await;
    let ask = || async {
        let body = tests::asking("jane@example.com");
        let token = home.device_token.clone().unwrap();
        let call = house.post(tests::REQUEST, &body).from(&home.ip);
        let call = call.header("x-device-token", token);
        let answer = call.header("idempotency-key", "once").send().await;
        answer.is(200).json()["delivery_id"].clone()
    };
    let first = ask().await;
    let code = home.reads_the_code().await;
    let _ = attacks(&house, "jane@example.com", &code).await;
    let sent = house.outbox().await.len();
    house.advance(31).await;
    assert_eq!(ask().await, first);
    assert_eq!(house.outbox().await.len(), sent);
}

/// A WhatsApp message that did not arrive goes by SMS with the code that it carried.
#[tokio::test]
async fn sms_fallback_carries_the_code_of_a_known_device() {
    let house = House::open().await;
    let home = at_home(&house, "+14155552671").await;
    let body = json!({ "identifier": "+14155552671", "channel": "whatsapp" });
    let _ = home.asks(&body).await.is(200);
    let code = home.reads_the_code().await;
    let message = house.sent_to("+14155552671").await.remove(0)["id"].clone();
    let _ = attacks(&house, "+14155552671", &code).await;
    let path = format!("/_local/deliveries/{message}/status");
    let order = json!({ "status": "undelivered", "error_code": 63016 });
    let _ = house.post(&path, &order).send().await.is(200);
    house.advance(0).await;
    let newest = house.sent_to("+14155552671").await.remove(0);
    assert_eq!(newest["channel"], "sms", "{newest}");
    assert_eq!(tests::code_in(&newest), Some(code.clone()));
    home.is_let_in_with(&code).await;
}
