//! The limits of the store against their reference, on random schedules and over the real engine: GCRA for callers,
//! true sliding windows for addresses. The reference is `shared::domain::quota`, and an exact list of all sends.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use local::{Cloud, Options};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use shared::clock::SharedClock;
use shared::cloud::Setup;
use shared::config::{OtpRules, Variables};
use shared::domain::challenge::{Lane, Purpose};
use shared::domain::channel::Channel;
use shared::domain::identifier::Identifier;
use shared::domain::quota::Rate;
use shared::store::Store;
use shared::store::challenge::ask::{Ask, Asked};
use shared::store::limit::Admission;

/// The store by itself, on the engine of a cloud.
async fn store(cloud: &Cloud) -> (Store, OtpRules) {
    let dynamodb = cloud.endpoint("dynamodb").expect("DynamoDB");
    let variables: Variables = [
        ("STAGE", "local"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.as_str()),
        ("ACCOUNTS_TABLE", tests::ACCOUNTS),
        ("EPHEMERAL_TABLE", tests::EPHEMERAL),
    ]
    .into_iter()
    .collect();
    let clock: SharedClock = Arc::clone(cloud.clock()) as _;
    let setup = Setup::load(variables, clock).await.expect("a setup");
    let mut reader = setup.reader();
    let store = Store::open(&setup, &mut reader);
    let rules = OtpRules::read(&mut reader);
    let store = reader.finish(store).expect("settings");
    (store, rules)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + millis).expect("a time")
}

/// Schedules that are tried side by side.
const SIDE_BY_SIDE: usize = 24;

#[tokio::test]
async fn limits_of_a_caller_are_their_reference() {
    callers_rates(500).await;
}

#[tokio::test]
async fn limits_of_an_address_are_their_reference() {
    addresses_windows(500).await;
}

#[tokio::test]
#[ignore = "takes minutes: cargo test --workspace --test api -- --ignored ten_thousand"]
async fn limits_of_a_caller_over_ten_thousand_schedules() {
    callers_rates(10_000).await;
}

#[tokio::test]
#[ignore = "takes minutes: cargo test --workspace --test api -- --ignored ten_thousand"]
async fn limits_of_an_address_over_ten_thousand_schedules() {
    addresses_windows(10_000).await;
}

/// Random schedules, always the same ones.
fn schedules<S: Strategy>(strategy: &S, count: usize) -> impl Iterator<Item = (usize, S::Value)> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(move |n| {
        let tree = strategy.new_tree(&mut runner).expect("a schedule");
        (n, tree.current())
    })
}

async fn callers_rates(count: usize) {
    let cloud = Cloud::start(Options::memory()).await.expect("a cloud");
    let (store, _) = store(&cloud).await;
    let strategy = (
        proptest::collection::vec(
            prop_oneof![3 => Just(0_i64), 2 => 1..3_000_i64, 1 => 0..120_000_i64],
            1..8,
        ),
        1_u32..6,
        6_u32..60,
    );
    stream::iter(schedules(&strategy, count))
        .for_each_concurrent(SIDE_BY_SIDE, |(run, (steps, burst, calls))| {
            let store = &store;
            async move { rate_is_kept(store, run, &steps, Rate::per_minute(calls, burst)).await }
        })
        .await;
}

async fn rate_is_kept(store: &Store, run: usize, steps: &[i64], rate: Rate) {
    let (mut now, mut tat) = (0, None);
    for (n, step) in steps.iter().enumerate() {
        now += step;
        let admission = store
            .count_call(
                "schedule",
                &run.to_string(),
                rate,
                &format!("r{n}"),
                at(now),
            )
            .await
            .expect("the engine answers");
        match (rate.admit(tat, at(now)), admission) {
            (Ok(next), Admission::Admitted { remaining, .. }) => {
                let expected = rate.remaining(next, at(now));
                assert_eq!(remaining, expected, "{steps:?} {rate:?}");
                tat = Some(next);
            }
            (Err(wait), Admission::Refused { until }) => {
                let until = until.as_millisecond() - at(now).as_millisecond();
                let until = u128::try_from(until).unwrap();
                assert_eq!(until, wait.as_millis(), "{steps:?} {rate:?}");
            }
            (expected, found) => panic!("{steps:?} {rate:?} at {n}: {expected:?} but {found:?}"),
        }
    }
}

/// When a send is admitted by a list of all sends so far; else when it would be.
fn opens(sends: &[i64], now: i64, rules: &OtpRules) -> i64 {
    let window = |count: u8, length: i64| {
        let count = usize::from(count);
        sends
            .len()
            .checked_sub(count)
            .map_or(now, |n| sends[n] + length)
    };
    let resend = i64::try_from(rules.resend.as_millis()).unwrap();
    [
        window(1, resend),
        window(rules.sends_per_hour, 3_600_000),
        window(rules.sends_per_day, 86_400_000),
        now,
    ]
    .into_iter()
    .max()
    .unwrap()
}

async fn addresses_windows(count: usize) {
    let cloud = Cloud::start(Options::memory()).await.expect("a cloud");
    let (store, defaults) = store(&cloud).await;
    let strategy = (
        proptest::collection::vec(
            prop_oneof![3 => 0..31_000_i64, 3 => 30_000..900_000_i64, 2 => 3_000_000..4_000_000_i64, 1 => 20_000_000..90_000_000_i64],
            1..14,
        ),
        1_u8..=5,
        5_u8..=10,
        any::<bool>(),
    );
    stream::iter(schedules(&strategy, count))
        .for_each_concurrent(SIDE_BY_SIDE, |(run, (steps, per_hour, per_day, tagged))| {
            let store = &store;
            let mut rules = defaults;
            rules.sends_per_hour = per_hour;
            rules.sends_per_day = per_day;
            let tag = if tagged { "+tag" } else { "" };
            let address = format!("p{run}{tag}@example.com");
            async move { windows_are_kept(store, &address, &steps, &rules).await }
        })
        .await;
}

async fn windows_are_kept(store: &Store, address: &str, steps: &[i64], rules: &OtpRules) {
    let identifier = Identifier::parse(address).expect("an address");
    let (mut now, mut sends) = (0, Vec::new());
    for (n, step) in steps.iter().enumerate() {
        now += step;
        let request = format!("{address}-{n}");
        let ask = Ask {
            purpose: Purpose::SignIn,
            identifier: &identifier,
            channel: Channel::Email,
            lane: Lane::Stranger,
            key: &request,
            delivery: "dlv_0",
            request: &request,
            nonce: [u8::try_from(n).unwrap(); 16],
            peppers: &[1],
            withheld: false,
            owner: None,
            source: None,
            language: None,
            asker: "0",
            now: at(now),
        };
        let seen = store
            .challenge_seen(Purpose::SignIn, &identifier)
            .await
            .expect("the engine answers");
        let asked = store
            .ask(&ask, rules, seen)
            .await
            .expect("the engine answers");
        let before = opens(&sends, now, rules);
        match asked {
            Asked::Send { reopens, .. } if before == now => {
                sends.push(now);
                assert_eq!(reopens, at(opens(&sends, now, rules)), "{steps:?} at {n}");
            }
            Asked::Limited { retry_after, .. } if before > now => {
                let wait = u64::try_from(before - now).unwrap().div_ceil(1000);
                assert_eq!(retry_after, wait, "{steps:?} at {n}");
            }
            other => panic!(
                "{steps:?} at {n}: opens in {} ms, but {other:?}",
                before - now
            ),
        }
    }
}
