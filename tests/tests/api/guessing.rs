//! Guessing codes: attempts are charged before anything is compared, and every failure looks the same.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{EPHEMERAL, House, SignedIn, VERIFY, another_code, entering};

use crate::race::Rounds;

/// What every failed verification says.
#[track_caller]
fn refused(answer: &tests::Answer) -> Value {
    answer.problem(401, "otp_invalid");
    answer.anonymous()
}

async fn attempts(house: &House, identifier: &str) -> u64 {
    let challenge = house.tables().challenge("email", identifier).await;
    challenge.expect("a challenge")["a"].as_u64().unwrap_or(0)
}

/// A01
#[tokio::test]
async fn verify_after_three_wrong_codes_refuses_the_right_one() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    for n in 0..3 {
        refused(&jane.enters(&another_code(&code, n)).await);
    }
    refused(&jane.enters(&code).await);
    let scene = house.is_sound().await;
    let made = scene.accounts.iter().any(|item| {
        let pk = item["pk"].as_str().unwrap();
        pk.starts_with("USER#") || pk.starts_with("CLAIM#")
    });
    assert!(!made, "no account was made");
}

/// A02
#[tokio::test]
async fn verify_compares_three_of_sixty_wrong_codes_at_once() {
    let house = House::open().await;
    let mut rounds = Rounds::default();
    while let Some(round) = rounds.next() {
        let jane = house.visitor(format!("jane{round}@example.com"));
        let code = jane.gets_a_code().await;
        let guesses = (0..60).map(|n| {
            let guesser = jane.at(&house.new_ip());
            let guess = another_code(&code, n);
            async move { guesser.enters(&guess).await }
        });
        let answers = join_all(guesses).await;
        assert!(attempts(&house, &jane.identifier).await <= 3);
        if rounds.is_clean(&answers) {
            for answer in &answers {
                refused(answer);
            }
            assert_eq!(attempts(&house, &jane.identifier).await, 3);
            refused(&jane.enters(&code).await);
        }
    }
    house.is_sound().await;
}

/// A03
#[tokio::test]
async fn verify_lets_one_of_sixty_right_codes_at_once_win() {
    let house = House::open().await;
    let mut rounds = Rounds::default();
    while let Some(round) = rounds.next() {
        let jane = house.visitor(format!("jane{round}@example.com"));
        let code = jane.gets_a_code().await;
        let entries = (0..60).map(|_| {
            let device = jane.at(&house.new_ip());
            let code = code.clone();
            async move { device.enters(&code).await }
        });
        let answers = join_all(entries).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
        assert!(won.len() <= 1, "{}", won.len());
        if !rounds.is_clean(&answers) {
            continue;
        }
        assert_eq!((won.len(), lost.len()), (1, 59));
        for answer in lost {
            refused(answer);
        }
        let winner = SignedIn::read(won[0]);
        let accounts = house.tables().accounts().await;
        let pk = format!("USER#{}", winner.user["id"].as_str().unwrap());
        let sessions = accounts.iter().filter(|item| {
            item["pk"] == pk.as_str() && item["sk"].as_str().unwrap().starts_with("SESSION#")
        });
        assert_eq!(sessions.count(), 1);
    }
    house.is_sound().await;
}

/// A04
#[tokio::test]
async fn verify_takes_the_right_code_among_wrong_ones_only_while_attempts_last() {
    let house = House::open().await;
    let mut rounds = Rounds::default();
    while let Some(round) = rounds.next() {
        let jane = house.visitor(format!("jane{round}@example.com"));
        let code = jane.gets_a_code().await;
        let entries = (0..60).map(|n| {
            let device = jane.at(&house.new_ip());
            let code = if n == 20 {
                code.clone()
            } else {
                another_code(&code, n)
            };
            async move { device.enters(&code).await }
        });
        let answers = join_all(entries).await;
        let won = answers.iter().filter(|a| a.status == 200).count();
        assert!(won <= 1, "{won}");
        if rounds.is_clean(&answers) {
            answers.iter().filter(|a| a.status != 200).for_each(|a| {
                refused(a);
            });
        }
        assert!(attempts(&house, &jane.identifier).await <= 3);
    }
    house.is_sound().await;
}

/// A06: a resend carries the same code with the attempts used so far, and never gives any back.
#[tokio::test]
async fn resend_carries_the_same_code_and_gives_no_attempt_back() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    refused(&jane.enters(&another_code(&code, 0)).await);
    refused(&jane.enters(&another_code(&code, 1)).await);
    house.advance(31).await;
    let again = jane.asks_for_a_code().await.is(200).json();
    assert_eq!(jane.reads_the_code().await, code);
    let left = again["expires_in"].as_u64().unwrap();
    assert!(
        (560..=569).contains(&left),
        "what is left, not a constant: {left}"
    );
    refused(&jane.enters(&another_code(&code, 2)).await);
    refused(&jane.enters(&code).await);
    house.is_sound().await;
}

/// A06
#[tokio::test]
async fn verify_refuses_a_superseded_code_and_takes_the_new_one() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let old = jane.gets_a_code().await;
    // Less than two minutes are left of it, so a new one comes.
    house.advance(481).await;
    let new = jane.gets_a_code().await;
    assert_ne!(old, new);
    refused(&jane.enters(&old).await);
    jane.is_let_in_with(&new).await;
    house.is_sound().await;
}

/// A06
#[tokio::test]
async fn resend_after_exhaustion_brings_a_new_code() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let old = jane.gets_a_code().await;
    for n in 0..3 {
        refused(&jane.enters(&another_code(&old, n)).await);
    }
    house.advance(31).await;
    let new = jane.gets_a_code().await;
    assert_ne!(old, new);
    refused(&jane.enters(&old).await);
    jane.is_let_in_with(&new).await;
    house.is_sound().await;
}

/// A07
#[tokio::test]
async fn verify_limit_of_a_caller_is_thirty_a_minute_over_all_identifiers() {
    let house = House::open().await;
    let ip = house.new_ip();
    let guess = |n: u64| {
        let victim = house.visitor(format!("victim{n}@example.com")).at(&ip);
        async move { victim.enters("123456").await }
    };
    let begun = house.now();
    let mut compared = 0;
    let wait = loop {
        let answer = guess(compared).await;
        if answer.status == 429 {
            break answer.limited();
        }
        refused(&answer);
        compared += 1;
    };
    let passed = house.now().duration_since(begun).as_secs().unsigned_abs();
    assert!(
        (30..=31 + passed / 2).contains(&compared),
        "{compared} in {passed} s"
    );
    assert!(
        (1..=2).contains(&wait),
        "one comes back every two seconds: {wait}"
    );
    house.advance(i64::try_from(wait).unwrap()).await;
    refused(&guess(1000).await);
    // Somebody else is not held up.
    house.visitor("jane@example.com").signs_in().await;
}

/// A09
#[tokio::test]
async fn verify_refuses_a_used_code_for_good() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    jane.is_let_in_with(&code).await;
    for wait in [1, 10 * 60, 3 * 86_400] {
        house.advance(wait).await;
        refused(&jane.enters(&code).await);
    }
    house.is_sound().await;
}

/// A10, A11: our clock decides, and an expired item that DynamoDB has not removed yet counts for nothing.
#[tokio::test]
async fn verify_takes_a_code_for_ten_minutes_by_our_clock() {
    let house = House::open().await;
    for (seconds, status) in [(599.0, 200), (600.0, 401), (601.0, 401), (90_000.0, 401)] {
        let jane = house.visitor(format!("jane{seconds}@example.com"));
        let code = jane.gets_a_code().await;
        let challenge = house
            .tables()
            .challenge("email", &jane.identifier)
            .await
            .unwrap();
        let expires = challenge["exp"].as_i64().unwrap();
        let issued = jiff::Timestamp::from_millisecond(expires - 600_000).unwrap();
        // Without a sweep: the items stay.
        house.set_clock_after(issued, seconds);
        let answer = jane.enters(&code).await;
        assert_eq!(answer.status, status, "after {seconds} s: {}", answer.text);
        assert!(
            house
                .tables()
                .challenge("email", &jane.identifier)
                .await
                .is_some()
        );
    }
}

/// A12, A13: a code belongs to one address.
#[tokio::test]
async fn verify_refuses_a_code_of_another_address() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    let phone = house.visitor("+14155550100");
    let mary = house.visitor("mary@example.com");
    for other in [&mary, &phone] {
        let own = other.gets_a_code().await;
        if own == code {
            continue; // one in a million
        }
        refused(&other.enters(&code).await);
        other.is_let_in_with(&own).await;
    }
    assert_eq!(
        attempts(&house, "jane@example.com").await,
        0,
        "counts against the other only"
    );
    jane.is_let_in_with(&code).await;
    house.is_sound().await;
}

/// A15
#[tokio::test]
async fn verify_of_what_is_no_code_burns_no_attempt() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    for (wrong, kind) in [
        (json!(format!(" {code}")), "invalid_otp_code"),
        (json!(format!("{code} ")), "invalid_otp_code"),
        (json!(format!("{code}\n")), "invalid_otp_code"),
        (json!("123 456"), "invalid_otp_code"),
        (json!("１２３４５６"), "invalid_otp_code"),
        (json!("0x1E240"), "invalid_otp_code"),
        (json!("123456.0"), "invalid_otp_code"),
        (json!("12345"), "invalid_otp_code"),
        (json!("1234567"), "invalid_otp_code"),
        (json!("-12345"), "invalid_otp_code"),
        (json!("1".repeat(10_000)), "invalid_otp_code"),
        (json!(123_456), "invalid_type"),
        (json!([code]), "invalid_type"),
        (json!({ "code": code }), "invalid_type"),
        (json!(true), "invalid_type"),
    ] {
        let body = json!({ "identifier": "jane@example.com", "otp_code": wrong });
        jane.posts(VERIFY, &body)
            .await
            .wrong_fields(&[("/otp_code", kind)]);
    }
    for nothing in [json!(""), Value::Null] {
        let body = json!({ "identifier": "jane@example.com", "otp_code": nothing });
        jane.posts(VERIFY, &body)
            .await
            .problem(422, "invalid_request");
    }
    let nul = jane
        .posts(VERIFY, &entering("jane@example.com", "12345\0"))
        .await;
    assert!(matches!(nul.status, 400 | 422), "{nul:?}");
    let huge = jane
        .posts(VERIFY, &entering("jane@example.com", &"1".repeat(1 << 20)))
        .await;
    huge.problem(413, "payload_too_large");
    assert_eq!(attempts(&house, "jane@example.com").await, 0);
    jane.is_let_in_with(&code).await;
}

/// A16
#[tokio::test]
async fn verify_takes_a_leading_zero() {
    let house = House::open().await;
    for n in 0..300 {
        let jane = house.visitor(format!("jane{n}@example.com"));
        let code = jane.gets_a_code().await;
        assert_eq!(code.len(), 6);
        if code.starts_with('0') {
            refused(&jane.enters(&another_code(&code, 0)).await);
            jane.is_let_in_with(&code).await;
            return;
        }
    }
    panic!("of 300 codes none began with 0");
}

/// A17
#[tokio::test]
async fn verify_without_a_request_is_refused_like_a_wrong_code() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    let wrong = jane.enters(&another_code(&code, 0)).await;
    let never = house.visitor("nobody@example.com").enters("123456").await;
    assert_eq!(refused(&never), refused(&wrong));
    assert_eq!(never.plain_headers(), wrong.plain_headers());
    let scene = house.is_sound().await;
    let left = scene
        .ephemeral
        .iter()
        .any(|item| item["pk"].as_str().unwrap().contains("nobody") && item["sk"] == "CODE");
    assert!(!left, "an attempt without a code leaves nothing");
}

/// A18
#[tokio::test]
async fn verify_while_the_mail_is_on_the_way_never_fails() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    house
        .fault(json!({"service": "ses", "fault": "delay", "delay_ms": 600, "times": 1}))
        .await;
    let early = async {
        tokio::task::yield_now().await;
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(jane.enters("000000").await);
        }
        answers
    };
    let (sent, answers) = futures_util::future::join(jane.asks_for_a_code(), early).await;
    let _ = sent.is(200);
    for answer in answers {
        assert!(matches!(answer.status, 200 | 401), "{answer:?}");
    }
}

/// A20: what is locked between request and entry is locked.
#[tokio::test]
async fn verify_honours_a_lock_set_after_the_request() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    let values =
        json!({ ":f": { "N": "100" }, ":at": { "N": house.now().as_millisecond().to_string() } });
    house
        .tables()
        .update(
            EPHEMERAL,
            "CODE#signin#email#jane@example.com",
            "CODE",
            "SET f = :f, fa = :at",
            values,
        )
        .await;
    assert_eq!(jane.enters(&code).await.limited(), 86_400);
}

/// A22
#[tokio::test]
async fn request_stores_no_code_in_any_table() {
    let house = House::open().await;
    let mut codes = Vec::new();
    for n in 0..10 {
        codes.push(
            house
                .visitor(format!("jane{n}@example.com"))
                .gets_a_code()
                .await,
        );
    }
    let dump = house.tables().dump().await;
    for code in codes {
        assert!(!dump.contains(&format!("\"{code}\"")), "{code}");
    }
}

/// The length is a setting, and what it says is asked for.
#[tokio::test]
async fn verify_takes_ten_digits_as_well_as_six() {
    let house = House::with(local::Options::memory().set("OTP_CODE_LENGTH", "10")).await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    assert_eq!(code.len(), 10);
    jane.posts(VERIFY, &entering("jane@example.com", "123456"))
        .await
        .wrong_fields(&[("/otp_code", "invalid_otp_code")]);
    jane.is_let_in_with(&code).await;
}
