//! Right codes in flight: whatever is asked for at that moment, one of them gets in, and none counts against the next code.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, House, Visitor, another_code};

use crate::addresses::{asks, proves};
use crate::race::Rounds;

/// How often it is looked whether a request has come as far as is wanted; each look is a call.
const LOOKS: usize = 500;

async fn challenge(house: &House, identifier: &str) -> serde_json::Map<String, Value> {
    let kind = if identifier.starts_with('+') {
        "phone"
    } else {
        "email"
    };
    let found = house.tables().challenge(kind, identifier).await;
    let found = found.expect("a challenge");
    found.into_iter().collect()
}

async fn count(house: &House, identifier: &str, name: &str) -> u64 {
    let challenge = challenge(house, identifier).await;
    challenge.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// Holds every transaction up, so that what was charged is still under way when the next request comes.
async fn slow_transactions(house: &House) {
    house
        .fault(json!({
            "service": "dynamodb", "operation": "TransactWriteItems", "fault": "delay", "delay_ms": 500, "times": 100,
        }))
        .await;
}

/// Several right submissions, and a resend once the code's comparisons are used up.
async fn submits_and_asks(
    house: &House,
    jane: &Visitor<'_>,
    times: usize,
) -> (Vec<Answer>, Answer) {
    let code = jane.gets_a_code().await;
    house.advance(31).await;
    slow_transactions(house).await;
    let entries = (0..times).map(|_| {
        let (device, code) = (jane.at(&house.new_ip()), code.clone());
        async move { device.enters(&code).await }
    });
    let resend = async {
        for _ in 0..LOOKS {
            if count(house, &jane.identifier, "a").await == 3 {
                break;
            }
        }
        jane.at(&house.new_ip()).asks_for_a_code().await
    };
    let outcome = futures_util::join!(join_all(entries), resend);
    house.end_faults().await;
    outcome
}

/// THREATS A03, with a resend among them.
#[tokio::test]
async fn verify_lets_one_of_several_right_codes_in_while_a_fresh_one_is_sent() {
    let house = House::open().await;
    for times in [3, 8] {
        let mut rounds = Rounds::default();
        while let Some(round) = rounds.next() {
            let jane = house.visitor(format!("jane{times}x{round}@example.com"));
            let (answers, resent) = submits_and_asks(&house, &jane, times).await;
            let won = answers.iter().filter(|a| a.status == 200).count();
            assert!(won <= 1, "{won}");
            let clean = rounds.is_clean(&answers);
            if !clean || resent.status == 503 {
                continue;
            }
            assert_eq!(won, 1, "{answers:#?}");
            for answer in answers.iter().filter(|a| a.status != 200) {
                answer.problem(401, "otp_invalid");
            }
            let _ = resent.is(200);
            // None of them counts, and the code that was sent meanwhile opens at once.
            assert_eq!(count(&house, &jane.identifier, "f").await, 0);
            let code = jane.reads_the_code().await;
            jane.is_let_in_with(&code).await;
        }
    }
    house.is_sound().await;
}

#[tokio::test]
async fn verify_of_a_tagged_address_lets_one_in_while_a_fresh_code_is_sent() {
    let house = House::open().await;
    let jane = house.visitor("jane+shop@example.com");
    let code = jane.gets_a_code().await;
    for n in 0..2 {
        let _ = jane.enters(&another_code(&code, n)).await.is(401);
    }
    house.advance(31).await;
    // The charge passes, the session waits, and the resend's own transaction after it.
    house
        .fault(json!({
            "service": "dynamodb", "operation": "TransactWriteItems", "fault": "delay", "delay_ms": 500, "times": 1,
        }))
        .await;
    let resend = async {
        for _ in 0..LOOKS {
            if count(&house, &jane.identifier, "a").await == 3 {
                break;
            }
        }
        jane.asks_for_a_code().await
    };
    let (entered, resent) = futures_util::join!(jane.enters(&code), resend);
    let _ = (entered.is(200), resent.is(200));
    let fresh = jane.reads_the_code().await;
    assert_ne!(fresh, code);
    jane.is_let_in_with(&fresh).await;
    house.is_sound().await;
}

/// A client that sends one right code again and again uses up nothing of the next one.
#[tokio::test]
async fn verify_does_not_count_copies_of_a_right_code_that_come_too_late() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    // Of one that was used, and of one that was replaced.
    for replaced in [false, true] {
        let before = jane.gets_a_code().await;
        if replaced {
            house.advance(481).await;
        } else {
            jane.is_let_in_with(&before).await;
            house.advance(31).await;
        }
        let next = jane.gets_a_code().await;
        for _ in 0..6 {
            jane.enters(&before).await.problem(401, "otp_invalid");
        }
        assert_eq!(count(&house, &jane.identifier, "f").await, 0);
        assert_eq!(count(&house, &jane.identifier, "a").await, 0);
        jane.is_let_in_with(&next).await;
        house.advance(3600).await;
    }
    house.is_sound().await;
}

#[tokio::test]
async fn verify_gives_back_what_a_right_code_was_charged_whose_transaction_failed() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    for n in 0..2 {
        let _ = jane.enters(&another_code(&code, n)).await.is(401);
    }
    house
        .fault(json!({
            "service": "dynamodb", "operation": "TransactWriteItems", "fault": "error", "times": 20,
        }))
        .await;
    for _ in 0..4 {
        jane.enters(&code).await.problem(503, "unavailable");
    }
    house.end_faults().await;
    assert_eq!(count(&house, &jane.identifier, "f").await, 2);
    jane.is_let_in_with(&code).await;
    house.is_sound().await;
}

/// The charge of a send is taken back although its code was used meanwhile.
#[tokio::test]
async fn request_is_uncharged_where_its_code_was_used_meanwhile() {
    for (who, provider, before, undone) in [
        ("jane@example.com", "ses", MAIL_UPDATES, 3),
        ("+14155552671", "twilio", TEXT_UPDATES, 4),
    ] {
        let house = House::open().await;
        let jane = house.visitor(who);
        let code = jane.gets_a_code().await;
        house.advance(31).await;
        let sends = count(&house, who, "s0").await;
        // The provider refuses; what is taken back is held up until the code has been used.
        house
            .fault(json!({ "service": provider, "fault": "throttle", "times": 1 }))
            .await;
        house
            .fault(json!({
                "service": "dynamodb", "operation": "UpdateItem", "fault": "delay", "delay_ms": 600,
                "after": before, "times": undone,
            }))
            .await;
        let held_up = async || {
            let orders = house.get("/_local/faults").send().await.is(200).json();
            let orders = orders.as_array().unwrap();
            let delay = orders.iter().find(|order| order["fault"] == "delay");
            delay.unwrap()["hits"] == json!(undone)
        };
        let entered = async {
            for _ in 0..LOOKS {
                if held_up().await {
                    break;
                }
            }
            jane.at(&house.new_ip()).enters(&code).await
        };
        let (refused, entered) = futures_util::join!(jane.asks_for_a_code(), entered);
        refused.problem(503, "delivery_failed");
        let _ = entered.is(200);
        house.end_faults().await;
        assert_eq!(
            count(&house, who, "s0").await,
            sends,
            "the send is not charged"
        );
        let _ = jane.asks_for_a_code().await.is(200);
    }
}

/// Updates that a request for a code makes before it takes anything back: its limits, the challenge, the delivery; for a
/// text also its place and the budget.
const MAIL_UPDATES: u64 = 5;
const TEXT_UPDATES: u64 = 10;

/// Texts that the provider refuses leave nothing in the challenge.
#[tokio::test]
async fn request_leaves_nothing_of_refused_messages_in_the_challenge() {
    let house = House::open().await;
    let jane = house.visitor("+14155552671");
    let _ = jane.gets_a_code().await;
    house.advance(31).await;
    let before = challenge(&house, &jane.identifier).await;
    for _ in 0..10 {
        house
            .fault(json!({ "service": "twilio", "fault": "throttle", "times": 1 }))
            .await;
        let refused = jane.at(&house.new_ip()).asks_for_a_code().await;
        refused.problem(503, "delivery_failed");
    }
    let after = challenge(&house, &jane.identifier).await;
    assert_eq!(after["ids"], before["ids"]);
    assert_eq!(after["k"], before["k"]);
}

/// THREATS E03: a request for a linking code leaves the codes of others as they are.
#[tokio::test]
async fn link_keeps_the_codes_of_all_who_want_an_address() {
    let number = "+14155550100";
    for first_proves_first in [true, false] {
        let house = House::open().await;
        let jane = house.visitor("jane@example.com").signs_in().await;
        let eve = house.visitor("eve@example.com").signs_in().await;
        let asked = asks(&house, &jane, number).await.is(200).json();
        house.advance(31).await;
        let _ = asks(&house, &eve, number).await.is(200);
        let mut codes = house.codes_sent_to(number).await;
        let (janes, eves) = (codes.pop().unwrap(), codes.pop().unwrap());
        assert_ne!(janes, eves);
        // One budget: neither code is the other's, and both count comparisons together.
        proves(&house, &eve, number, &janes)
            .await
            .problem(401, "otp_invalid");
        let key = "CODE#link#phone#+14155550100";
        let item = house.tables().ephemeral().await;
        let item = item.iter().find(|item| item["pk"] == key).unwrap();
        assert_eq!((&item["a"], &item["f"]), (&json!(1), &json!(1)));
        if first_proves_first {
            let _ = proves(&house, &jane, number, &janes).await.is(200);
            proves(&house, &eve, number, &eves)
                .await
                .problem(409, "identifier_taken");
            proves(&house, &jane, number, &janes)
                .await
                .problem(401, "otp_invalid");
        } else {
            let _ = proves(&house, &eve, number, &eves).await.is(200);
            proves(&house, &jane, number, &janes)
                .await
                .problem(409, "identifier_taken");
        }
        assert!(asked["delivery_id"].is_string());
    }
}

/// What an account is erased with that asked last is its own request, and nobody else's code.
#[tokio::test]
async fn erasure_of_one_who_asked_leaves_the_linking_code_of_another() {
    let number = "+14155550100";
    let house = House::with(local::Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let eve = house.visitor("eve@example.com").signs_in().await;
    let _ = asks(&house, &jane, number).await.is(200);
    house.advance(31).await;
    let _ = asks(&house, &eve, number).await.is(200);
    let janes = house.codes_sent_to(number).await.pop().unwrap();
    let path = "/api/profile/";
    let gone = crate::profile::call(&house, &eve.access, reqwest::Method::DELETE, path, None).await;
    let _ = gone.is(202);
    let _ = proves(&house, &jane, number, &janes).await.is(200);
}
