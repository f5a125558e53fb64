//! Every number equals a recount, whatever fails behind the answers.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tests::{ACCOUNTS, Crowd, House, SignedIn};

/// Some hundred things at random; `cargo run -p tests --example recount` does as many as one likes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn analytics_equal_a_recount_after_a_crowd() {
    let mut crowd = Crowd::gather(0x1a7c_4b1e).await;
    for _ in 0..2 {
        crowd.does(120).await;
    }
    assert!(crowd.struck() > 3, "{}", crowd.told());
}

/// A recount that finds nothing wrong says something only if it finds what is wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn analytics_recount_finds_a_wrong_number() {
    let mut crowd = Crowd::gather(3).await;
    crowd.does(60).await;
    for (metric, figure) in [
        ("OTP", "verified"),
        ("REGISTRATIONS", "m_otp_email"),
        ("SOURCES", "m_otp_email"),
        ("ACTIVE", "d"),
    ] {
        let pk = format!("STATS#{metric}#");
        let accounts = crowd.house().tables().accounts().await;
        let is_shard = |item: &&tests::Item| item["pk"].as_str().unwrap().starts_with(&pk);
        let mut counters = accounts.iter().filter(is_shard).filter_map(|item| {
            let attribute = item.keys().find(|name| name.starts_with(figure))?;
            Some((item, attribute))
        });
        let (counter, attribute) = counters.next().unwrap_or_else(|| panic!("no {metric}"));
        let [pk, sk] = ["pk", "sk"].map(|name| counter[name].as_str().unwrap());
        let step = async |crowd: &Crowd, by: &str| {
            let values = json!({ ":by": { "N": by } });
            let expression = format!("ADD #{attribute} :by");
            let tables = crowd.house().tables();
            tables.update(ACCOUNTS, pk, sk, &expression, values).await;
        };
        step(&crowd, "1").await;
        let recount = AssertUnwindSafe(crowd.does(0)).catch_unwind().await;
        assert!(
            recount.is_err(),
            "{metric} is off by one, and nobody sees it"
        );
        step(&crowd, "-1").await;
    }
    crowd.does(0).await;
}

/// At every call that the stream's function makes for a sign-in, in every way that a call can fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn analytics_are_right_wherever_the_streams_function_fails() {
    let house = House::open().await;
    let admin = house.visitor("admin@example.com").signs_in().await;
    house
        .tables()
        .make_admin(admin.user["id"].as_str().unwrap())
        .await;
    let mut people = 0;
    for fault in ["throttle", "error", "lost_reply", "crash"] {
        for service in ["dynamodb", "eventbridge", "ses"] {
            for after in 0.. {
                people += 1;
                let struck = strike(&house, service, fault, after, people).await;
                let otp = numbers(&house, &admin, "otp/").await;
                for figure in ["requested", "sent", "verified", "failed"] {
                    let expected = people + u64::from(figure != "failed");
                    let place = format!("{figure}: {fault} at call {after} to {service}");
                    assert_eq!(otp["totals"][figure], expected, "{place}");
                }
                assert!(after < 60, "it never ends");
                if !struck {
                    break;
                }
            }
        }
    }
    let registered = numbers(&house, &admin, "registrations/").await;
    let days = registered["results"].as_array().unwrap().iter();
    let total: u64 = days.filter_map(|row| row["total"].as_u64()).sum();
    assert_eq!(total, people + 1);
    let active = numbers(&house, &admin, "active/").await;
    assert_eq!(active["active_users"], people + 1);
    let sources = numbers(&house, &admin, "sources/").await;
    assert_eq!(sources["results"][0]["users"], people);
}

/// Somebody signs in, and one call behind the answers fails; whether there was such a call.
async fn strike(house: &House, service: &str, fault: &str, after: u64, n: u64) -> bool {
    let streams = async |order: Value| {
        let _ = house.post("/_local/streams", &order).send().await.is(200);
    };
    // Everything comes in one batch, so that the calls are the same each time.
    assert!(house.cloud().settle().await);
    streams(json!({ "paused": true })).await;
    let who = format!("person{n}@example.com");
    let visitor = house.visitor(who.as_str());
    let order = json!({ "identifier": who, "source_url": "https://one.example" });
    let _ = visitor.asks(&order).await.is(200);
    let code = visitor.reads_the_code().await;
    let _ = visitor.enters(&tests::another_code(&code, 0)).await.is(401);
    let _ = visitor.is_let_in_with(&code).await;
    house
        .fault(json!({
            "service": service, "fault": fault, "times": 1, "after": after, "background": true,
        }))
        .await;
    streams(json!({ "paused": false })).await;
    assert!(house.cloud().settle().await, "{service} {fault} {after}");
    house.end_faults().await > 0
}

async fn numbers(house: &House, admin: &SignedIn, path: &str) -> Value {
    let path = format!("/api/analytics/{path}");
    let answer = house.get(&path).bearer(&admin.access).send().await;
    answer.is(200).json()
}
