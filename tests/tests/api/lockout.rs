//! Failures add up across codes: the growing wait, the final close, and the owner's way past a stranger's lockout.

use futures_util::future::join_all;
use local::Options;
use serde_json::json;
use tests::{EPHEMERAL, House, another_code};

async fn failures(house: &House, lane: &str) -> u64 {
    let challenge = house.tables().challenge("email", "jane@example.com").await;
    challenge.expect("a challenge")[lane].as_u64().unwrap_or(0)
}

/// A05, and `Retry-After` is true.
#[tokio::test]
async fn lockout_doubles_the_wait_across_codes_until_the_channel_closes() {
    let house = House::with(Options::memory().set("OTP_FAILURE_CAP", "14")).await;
    let jane = house.visitor("jane@example.com");
    for count in 1..=14_u64 {
        // Eight codes a day, so that no send limit interferes; no wait is longer than an hour.
        house.advance(3 * 3600).await;
        let before = house.scene().await;
        let code = jane.gets_a_code().await;
        jane.enters(&another_code(&code, count))
            .await
            .problem(401, "otp_invalid");
        assert_eq!(failures(&house, "f").await, count);
        assert_eq!(house.scene().await.complaints_since(&before), [""; 0]);
        let wait = match count {
            0..5 => continue,
            5..=11 => 30 << (count - 5),
            12..14 => 3600,
            _ => 86_400,
        };
        // Even the right code must wait, and a caller who is refused has touched nothing.
        assert_eq!(
            jane.enters(&code).await.limited(),
            wait,
            "after {count} failures"
        );
        assert_eq!(failures(&house, "f").await, count);
    }
    // Closed on both routes, for as long as nobody opens it.
    house.advance(3 * 86_400).await;
    assert_eq!(jane.asks_for_a_code().await.limited(), 86_400);
    assert_eq!(jane.enters("123456").await.limited(), 86_400);
    house.is_sound().await;
}

#[tokio::test]
async fn lockout_wait_is_true() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let first = jane.gets_a_code().await;
    for n in 0..3 {
        let _ = jane.enters(&another_code(&first, n)).await.is(401);
    }
    house.advance(31).await;
    let second = jane.gets_a_code().await;
    for n in 0..2 {
        let _ = jane.enters(&another_code(&second, n)).await.is(401);
    }
    let failed = house.now();
    assert_eq!(jane.enters(&second).await.limited(), 30);
    house.set_clock_after(failed, 28.0);
    jane.enters(&second).await.limited();
    house.set_clock_after(failed, 30.0);
    jane.is_let_in_with(&second).await;
    assert_eq!(failures(&house, "f").await, 0, "a success clears the count");
    house.is_sound().await;
}

/// A19: strangers cannot keep a known device out, and gain nothing by trying.
#[tokio::test]
async fn lockout_by_a_stranger_never_stops_a_known_device() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let home = jane.signs_in().await;
    let jane = jane.on_device(&home.device_token);
    let stranger = house.visitor("jane@example.com");
    let mut compared = 0;
    for round in 0..5 {
        house.advance(3 * 3600).await;
        let code = jane.gets_a_code().await;
        let guesses = (0..60).map(|n| {
            let guesser = stranger.at(&house.new_ip());
            let guess = another_code(&code, round * 60 + n);
            async move { guesser.enters(&guess).await }
        });
        for answer in join_all(guesses).await {
            // 503 where this machine is too slow for sixty at once: closed, as it must be.
            assert!(matches!(answer.status, 401 | 429 | 503), "{answer:?}");
        }
        let challenge = house
            .tables()
            .challenge("email", "jane@example.com")
            .await
            .unwrap();
        assert!(challenge["a"].as_u64().unwrap() <= 3);
        let failed = challenge["f"].as_u64().unwrap();
        assert!(failed > compared, "three hours open every wait");
        compared = failed;
        jane.is_let_in_with(&code).await;
        assert_eq!(
            failures(&house, "f").await,
            compared,
            "her device's success leaves the strangers' lane as it was"
        );
        assert_eq!(failures(&house, "kf").await, 0);
    }
    // Closed for strangers, open for the owner.
    let values = json!({ ":f": { "N": "100" } });
    house
        .tables()
        .update(
            EPHEMERAL,
            "CODE#signin#email#jane@example.com",
            "CODE",
            "SET f = :f",
            values,
        )
        .await;
    house.advance(3 * 3600).await;
    assert_eq!(stranger.asks_for_a_code().await.limited(), 86_400);
    let code = jane.gets_a_code().await;
    assert_eq!(stranger.enters(&code).await.limited(), 86_400);
    jane.is_let_in_with(&code).await;
}

/// The known lane has a budget of its own: a stolen device token buys no more comparisons than anybody has.
#[tokio::test]
async fn lockout_gives_a_known_device_attempts_of_its_own_and_no_more() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let home = jane.signs_in().await;
    let known = jane.on_device(&home.device_token);
    house.advance(60).await;
    let code = known.gets_a_code().await;
    for n in 0..3 {
        let _ = known.enters(&another_code(&code, n)).await.is(401);
    }
    let _ = known.enters(&code).await.is(401);
    let challenge = house
        .tables()
        .challenge("email", "jane@example.com")
        .await
        .unwrap();
    assert_eq!(challenge["ka"], 3);
    assert_eq!(
        challenge
            .get("a")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0),
        0
    );
    house.is_sound().await;
}

/// A device token counts for the address that was proven with it, and for no other.
#[tokio::test]
async fn lockout_takes_a_device_token_of_somebody_else_for_a_strangers() {
    let house = House::open().await;
    let eve = house.visitor("eve@example.com").signs_in().await;
    let jane = house.visitor("jane@example.com");
    jane.signs_in().await;
    house.advance(60).await;
    let code = jane.gets_a_code().await;
    for token in [eve.device_token.as_str(), "dev_nonsense", ""] {
        let guess = another_code(&code, 1);
        let _ = jane.on_device(token).enters(&guess).await.is(401);
    }
    let challenge = house
        .tables()
        .challenge("email", "jane@example.com")
        .await
        .unwrap();
    assert_eq!(
        challenge["a"], 3,
        "all of them counted in the strangers' lane"
    );
}
