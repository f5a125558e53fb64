//! What texts cost, and who may make us pay (B07–B10).

use local::Options;
use serde_json::json;
use tests::House;

/// Numbers in a row: one prefix, as pumping looks.
fn in_a_row(n: usize) -> String {
    format!("+1415555{:04}", 2000 + n)
}

/// B07.
#[tokio::test]
async fn text_budget_stops_numbers_in_a_row_after_twenty() {
    let house = House::open().await;
    for n in 0..20 {
        let _ = house.visitor(in_a_row(n)).asks_for_a_code().await.is(200);
    }
    let late = house.visitor(in_a_row(20));
    let wait = late.asks_for_a_code().await.limited();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(house.outbox().await.len(), 20);
    let _ = house
        .visitor("+12125552671")
        .asks_for_a_code()
        .await
        .is(200);
    house.advance(i64::try_from(wait).unwrap()).await;
    let _ = late.gets_a_code().await;
    house.is_sound().await;
}

/// A caller who is refused has touched nothing of what a whole range of numbers shares.
#[tokio::test]
async fn text_budget_is_not_used_up_by_one_number_that_is_refused() {
    let house = House::open().await;
    let first = house.visitor(in_a_row(0));
    let _ = first.gets_a_code().await;
    let again = (0..25).map(|_| {
        let first = first.at(&house.new_ip());
        async move { first.asks_for_a_code().await.limited() }
    });
    futures_util::future::join_all(again).await;
    for n in 1..20 {
        let _ = house.visitor(in_a_row(n)).asks_for_a_code().await.is(200);
    }
    house
        .visitor(in_a_row(20))
        .asks_for_a_code()
        .await
        .limited();
    assert_eq!(house.outbox().await.len(), 20);
    house.is_sound().await;
}

/// A day's only text is nobody's until it is tried: where the challenge cannot be written, the next number gets it.
#[tokio::test]
async fn text_budget_is_given_back_where_the_challenge_cannot_be_written() {
    let house = House::with(Options::memory().set("SMS_DAILY_BUDGET", "1")).await;
    house
        .fault(json!({ "service": "dynamodb", "partition": "CODE#", "fault": "error", "times": 1_000 }))
        .await;
    let refused = house.visitor(in_a_row(1)).asks_for_a_code().await;
    refused.problem(503, "unavailable");
    assert!(house.end_faults().await > 0);
    let next = house.visitor("+12125552671");
    let _ = next.gets_a_code().await;
    house.visitor(in_a_row(2)).asks_for_a_code().await.limited();
}

/// B08.
#[tokio::test]
async fn text_to_a_country_off_the_list_is_answered_and_not_sent() {
    let house = House::with(Options::memory().set("SMS_COUNTRIES", "DE,AT")).await;
    let answer = house
        .visitor("+14155552671")
        .asks_for_a_code()
        .await
        .is(200);
    let id = answer.json()["delivery_id"].as_str().unwrap().to_owned();
    assert!(house.outbox().await.is_empty());
    let shown = house
        .get(&format!("/api/auth/otp/deliveries/{id}/"))
        .send()
        .await
        .is(200);
    assert_eq!(shown.json()["status"], "failed");
    let served = house
        .visitor("+4915112345678")
        .asks_for_a_code()
        .await
        .is(200);
    assert_eq!(house.outbox().await.len(), 1);
    assert_eq!(answer.anonymous(), served.anonymous());
}

/// B10.
#[tokio::test]
async fn text_budget_is_what_is_sent_in_a_day() {
    let house = House::with(Options::memory().set("SMS_DAILY_BUDGET", "2")).await;
    let number = |area: usize| format!("+1{area}5552671");
    let first = house.visitor(number(212));
    let _ = first.gets_a_code().await;
    // Neither a wait nor a refusal by the provider costs a message.
    first.asks_for_a_code().await.limited();
    house
        .fault(json!({"service": "twilio", "fault": "error", "error_code": 21211, "times": 1}))
        .await;
    house
        .visitor(number(213))
        .asks_for_a_code()
        .await
        .problem(503, "delivery_failed");
    let _ = house.visitor(number(214)).gets_a_code().await;

    let late = house.visitor(number(215));
    let wait = late.asks_for_a_code().await.limited();
    assert_eq!(house.outbox().await.len(), 2);
    let _ = house.visitor("jane@example.com").gets_a_code().await;
    house.advance(i64::try_from(wait).unwrap()).await;
    let _ = late.gets_a_code().await;
}

#[tokio::test]
async fn text_budget_is_shared_by_parallel_requests() {
    let house = House::with(Options::memory().set("SMS_DAILY_BUDGET", "3")).await;
    let asks = [201, 202, 203, 205, 206, 207, 208, 209].map(|area| {
        let visitor = house.visitor(format!("+1{area}5552671"));
        async move { visitor.asks_for_a_code().await.status }
    });
    let statuses = futures_util::future::join_all(asks).await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        3,
        "{statuses:?}"
    );
    assert_eq!(house.outbox().await.len(), 3);
}
