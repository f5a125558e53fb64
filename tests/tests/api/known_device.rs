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
    assert_eq!(newest["channel"], "phone", "{newest}");
    assert_eq!(tests::code_in(&newest), Some(code.clone()));
    home.is_let_in_with(&code).await;
}

/// Somebody's number in the range of area 415, told from others by its last digits.
fn number(n: usize) -> String {
    format!("+1415555{:04}", 2000 + n)
}

/// Strangers use a range of numbers up: a person who has signed in before with one of them still gets a code.
#[tokio::test]
async fn request_on_a_known_device_has_a_place_of_its_own_in_a_range_of_numbers() {
    let house = House::open().await;
    let home = at_home(&house, &number(0)).await;
    house.advance(1200).await;
    let mut n = 1;
    while house.visitor(number(n)).asks_for_a_code().await.status == 200 {
        n += 1;
    }
    assert!(n > 20, "{n}");
    house.visitor(number(0)).asks_for_a_code().await.limited();
    let code = home.gets_a_code().await;
    home.is_let_in_with(&code).await;
    house.is_sound().await;
}

#[tokio::test]
async fn request_on_a_known_device_has_the_last_tenth_of_the_days_texts() {
    let options = local::Options::memory().set("SMS_DAILY_BUDGET", "20");
    let house = House::with(options).await;
    let area = |n: usize| format!("+1{}5552671", 201 + n);
    let home = at_home(&house, &area(0)).await;
    let mut sent = 1;
    for n in 1..=40 {
        let answer = house.visitor(area(n)).asks_for_a_code().await;
        match answer.status {
            200 => sent += 1,
            422 => {} // no such area
            _ => {
                answer.limited();
                break;
            }
        }
    }
    assert_eq!(sent, 18);
    let _ = home.gets_a_code().await;
    house.advance(31).await;
    let _ = home.gets_a_code().await;
    house.advance(31).await;
    home.asks_for_a_code().await.limited();
    assert_eq!(house.outbox().await.len(), 20);
}

/// Whether a number has an account makes no difference to who asks without its token.
#[tokio::test]
async fn request_for_texts_from_one_address_is_limited_for_all_but_known_devices() {
    let options = local::Options::memory().set("IP_TEXTS_PER_HOUR", "12");
    let house = House::with(options).await;
    let area = |n: usize| format!("+1{}5552671", 201 + n);
    let home = at_home(&house, &area(0)).await;
    let ip = house.new_ip();
    let from_there = |who: String| house.visitor(who).at(&ip);
    let (mut sent, mut n) = (0, 1);
    let refused = loop {
        let answer = from_there(area(n)).asks_for_a_code().await;
        n += 1;
        match answer.status {
            200 => sent += 1,
            422 => {}
            _ => break answer,
        }
    };
    assert_eq!(sent, 12);
    let wait = refused.limited();
    assert!((200..=300).contains(&wait), "{wait}");
    let with_an_account = from_there(area(0)).asks_for_a_code().await;
    with_an_account.limited();
    // Mail is not held up, and neither is a known device at that address.
    let _ = from_there("jane@example.com".to_owned())
        .gets_a_code()
        .await;
    let code = home.at(&ip).gets_a_code().await;
    home.at(&ip).is_let_in_with(&code).await;
    house.advance(i64::try_from(wait).unwrap()).await;
    let _ = from_there(area(n)).asks_for_a_code().await.is(200);
}

/// A token that was good for the number once does not count.
#[tokio::test]
async fn request_for_texts_with_a_void_token_is_a_strangers() {
    let options = local::Options::memory().set("IP_TEXTS_PER_HOUR", "12");
    let house = House::with(options).await;
    let number = "+14155550100";
    let home = house.visitor(number);
    let old = home.signs_in().await;
    let _ = crate::addresses::links(&house, &old, "jane@example.com").await;
    let path = "/api/profile/identifiers/phone/";
    let gone = crate::profile::call(&house, &old.access, reqwest::Method::DELETE, path, None).await;
    let _ = gone.is(204);
    house.advance(3600).await;
    let ip = house.new_ip();
    let home = home.on_device(&old.device_token).at(&ip);
    let areas = (0..60).map(|n| format!("+1{}5552671", 201 + n));
    for other in areas {
        if house.visitor(other).at(&ip).asks_for_a_code().await.status == 429 {
            break;
        }
    }
    home.asks_for_a_code().await.limited();
}

async fn complains(house: &House, who: &str) {
    let message = &house.sent_to(who).await[0]["id"];
    let path = format!("/_local/deliveries/{message}/status");
    for status in ["delivered", "complaint"] {
        let order = json!({ "status": status });
        let _ = house.post(&path, &order).send().await.is(200);
    }
}

/// What strangers have sent is called spam: that stops strangers, for a time.
#[tokio::test]
async fn complaint_stops_strangers_for_a_time_and_no_known_device() {
    let house = House::open().await;
    let who = "jane@example.com";
    let home = at_home(&house, who).await;
    let stranger = house.visitor(who);
    let _ = stranger.gets_a_code().await;
    complains(&house, who).await;
    let sent = house.sent_to(who).await.len();
    house.advance(31).await;
    let withheld = stranger.asks_for_a_code().await.is(200);
    assert_eq!(house.sent_to(who).await.len(), sent);

    house.advance(600).await;
    let answer = home.asks_for_a_code().await.is(200);
    assert_eq!(answer.plain_headers(), withheld.plain_headers());
    let code = home.reads_the_code().await;
    home.is_let_in_with(&code).await;
    assert_eq!(house.sent_to(who).await.len(), sent + 1);

    house.advance(3600).await;
    let _ = stranger.asks_for_a_code().await.is(200);
    assert_eq!(
        house.sent_to(who).await.len(),
        sent + 1,
        "strangers still get nothing"
    );
    house.advance_without_sweeping(30 * 86_400);
    let code = stranger.gets_a_code().await;
    stranger.is_let_in_with(&code).await;
    house.is_sound().await;
}

/// What ends later is not replaced by what ends sooner, and holds a known device up as well.
#[tokio::test]
async fn complaint_leaves_a_suppression_that_lasts_longer_as_it_is() {
    let house = House::open().await;
    let who = "jane@example.com";
    let home = at_home(&house, who).await;
    let message = &house.sent_to(who).await[0]["id"];
    let _ = home.gets_a_code().await;
    let path = format!("/_local/deliveries/{message}/status");
    let order = json!({ "status": "bounce" });
    let _ = house.post(&path, &order).send().await.is(200);
    complains(&house, who).await;
    let all = house.tables().ephemeral().await;
    let kept = all.iter().find(|item| item["sk"] == "SUPPRESSED").unwrap();
    assert_eq!(kept["reason"], "bounce");
    let id = house.sent_to(who).await[0]["delivery_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = house
        .get(&format!("/api/auth/otp/deliveries/{id}/"))
        .send()
        .await;
    assert_eq!(shown.is(200).json()["status"], "complained");
    let sent = house.sent_to(who).await.len();
    house.advance_without_sweeping(31 * 86_400);
    let _ = home.asks_for_a_code().await.is(200);
    let _ = house.visitor(who).asks_for_a_code().await;
    assert_eq!(house.sent_to(who).await.len(), sent);
}

/// An address that is given up voids its device tokens, also where the account takes it again; the end of sessions does not.
#[tokio::test]
async fn device_token_is_void_after_its_address_was_given_up_and_taken_again() {
    let house = House::open().await;
    let number = "+14155550100";
    let jane = house.visitor("jane@example.com").signs_in().await;
    let _ = crate::addresses::links(&house, &jane, number).await;
    house.advance(60).await;
    let first = house.visitor(number).signs_in().await;
    let all_others = |access: String| {
        let house = &house;
        async move {
            let path = "/api/auth/sessions/";
            let ended = crate::profile::call(house, &access, reqwest::Method::DELETE, path, None);
            ended.await.is(204)
        }
    };
    let _ = all_others(first.access.clone()).await;
    house.advance(60).await;
    assert_eq!(lane(&house, number, &first.device_token).await, "ka");

    let path = "/api/profile/identifiers/phone/";
    let jane = house.visitor("jane@example.com").signs_in().await;
    let gone =
        crate::profile::call(&house, &jane.access, reqwest::Method::DELETE, path, None).await;
    let _ = gone.is(204);
    house.advance(60).await;
    let _ = crate::addresses::links(&house, &jane, number).await;
    assert_eq!(lane(&house, number, &first.device_token).await, "a");
    house.advance(3600).await;
    let second = house.visitor(number).signs_in().await;
    house.advance(60).await;
    assert_eq!(lane(&house, number, &second.device_token).await, "ka");
}

/// Which of the counters a wrong code with this token goes to.
async fn lane(house: &House, who: &str, token: &str) -> &'static str {
    let device = house.visitor(who).on_device(token);
    let code = device.gets_a_code().await;
    let _ = device.enters(&another_code(&code, 7)).await.is(401);
    let challenge = house.tables().challenge("phone", who).await.unwrap();
    let _ = device.at(&house.new_ip()).enters(&code).await.is(200);
    let counted = |name: &str| challenge.get(name).and_then(Value::as_u64).unwrap_or(0);
    match (counted("a"), counted("ka")) {
        (1, 0) => "a",
        (0, 1) => "ka",
        _ => panic!("{challenge:?}"),
    }
}
