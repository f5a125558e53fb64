//! Everything that somebody can make grow has a bound.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{House, SignedIn};

use crate::addresses::asks;
use crate::profile::{call, shows};

const PROFILE: &str = "/api/profile/";
const EXPORT: &str = "/api/profile/export/";

async fn patches(house: &House, who: &SignedIn, bio: &str) -> tests::Answer {
    let body = json!({ "bio": bio });
    call(house, &who.access, Method::PATCH, PROFILE, Some(&body)).await
}

/// The seconds to wait that a refusal says in its header and its body.
fn waits(answer: &tests::Answer) -> i64 {
    assert_eq!(answer.status, 429, "{answer:?}");
    let header: i64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(answer.json()["retry_after"], header);
    header
}

#[tokio::test]
async fn changes_of_an_account_are_sixty_at_once_and_six_a_minute() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    for n in 0..60 {
        let _ = patches(&house, &jane, &n.to_string()).await.is(200);
    }
    let refused = patches(&house, &jane, "one more").await;
    let wait = waits(&refused);
    assert!((1..=10).contains(&wait), "{wait}");
    let calls = house.calls_of(&refused.request_id()).await;
    assert_eq!(calls.len(), 1, "who asks, and nothing else: {calls:?}");
    // What changes nothing is no change.
    let _ = patches(&house, &jane, "59").await.is(200);
    let erase = call(&house, &jane.access, Method::DELETE, PROFILE, None).await;
    assert!(waits(&erase) > wait);
    house.advance(wait).await;
    let _ = patches(&house, &jane, "now").await.is(200);
    let _ = waits(&patches(&house, &jane, "then").await);
    assert_eq!(shows(&house, &jane).await["bio"], "now");
    // Nobody else waits for it.
    let bob = house.visitor("bob@example.com").signs_in().await;
    let _ = patches(&house, &bob, "here").await.is(200);
}

#[tokio::test]
async fn changes_in_a_race_are_no_more() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let bios: Vec<_> = (0..120).map(|n| n.to_string()).collect();
    let (mut done, mut refused) = (0, 0);
    let began = house.now();
    for some in bios.chunks(6) {
        let all = some.iter().map(|bio| patches(&house, &jane, bio));
        for answer in futures_util::future::join_all(all).await {
            done += i64::from(answer.status == 200);
            refused += i64::from(answer.status == 429);
        }
    }
    // As many more as the clock has brought meanwhile.
    let more = house.now().duration_since(began).as_secs() / 10 + 1;
    assert!((60..=60 + more).contains(&done), "{done}");
    assert!(refused > 0);
}

#[tokio::test]
async fn erasures_that_come_and_go_are_limited() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let mut told = 0;
    loop {
        let answer = call(&house, &jane.access, Method::DELETE, PROFILE, None).await;
        if answer.status == 429 {
            let _ = waits(&answer);
            break;
        }
        told += 1;
        let restore = "/api/profile/restore/";
        let answer = call(&house, &jane.access, Method::POST, restore, None).await;
        if answer.status == 429 {
            let _ = waits(&answer);
            break;
        }
        told += 1;
    }
    assert_eq!(told, 6);
}

#[tokio::test]
async fn exports_are_six_at_once() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    for _ in 0..6 {
        let _ = call(&house, &jane.access, Method::GET, EXPORT, None)
            .await
            .is(200);
    }
    let wait = waits(&call(&house, &jane.access, Method::GET, EXPORT, None).await);
    assert!((1..=600).contains(&wait), "{wait}");
}

#[tokio::test]
async fn link_requests_of_an_account_are_fifty_at_once() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    for n in 0..50 {
        let body = json!({ "identifier": format!("stranger{n}@example.com") });
        let call = house
            .post("/api/profile/identifiers/", &body)
            .bearer(&jane.access);
        let _ = call.from(&house.new_ip()).send().await.is(200);
    }
    let refused = asks(&house, &jane, "one.more@example.com").await;
    let wait = waits(&refused);
    assert!(wait > 7 * 24 * 60 * 60, "{wait}");
    assert_eq!(house.sent_to("one.more@example.com").await.len(), 0);
    let export = call(&house, &jane.access, Method::GET, EXPORT, None)
        .await
        .is(200)
        .json();
    let asked = export["pending_requests"]["items"].as_array().unwrap();
    assert_eq!(asked.len(), 50);
    let limits = export["limits"]["items"].to_string();
    for limit in ["link", "export"] {
        assert!(limits.contains(limit), "{limits}");
    }
}

/// Lines of an account, however they came to be there.
async fn lines(house: &House, id: &str) -> usize {
    let person = house.tables().person(id).await;
    let is_line = |item: &&tests::Item| item["sk"].as_str().unwrap().starts_with("ACTIVITY#");
    person.iter().filter(is_line).count()
}

#[tokio::test]
async fn activity_keeps_a_thousand_lines() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let id = jane.user["id"].as_str().unwrap();
    let user = format!("USER#{id}");
    let values = json!({ ":lines": { "N": "1299" } });
    house
        .tables()
        .update(tests::ACCOUNTS, &user, "USER", "SET #lines=:lines", values)
        .await;
    assert!(house.cloud().settle().await);
    let items: Vec<_> = (0..1_250)
        .map(|n| {
            json!({
                "pk": { "S": format!("USER#{id}") }, "sk": { "S": format!("ACTIVITY#act_{n:032x}") },
                "event": { "S": "profile_updated" }, "at": { "N": n.to_string() }, "ip": { "S": "" },
                "ua": { "S": "" }, "detail": { "S": "" },
            })
        })
        .collect();
    house.tables().put_all(tests::ACCOUNTS, &items).await;
    assert_eq!(lines(&house, id).await, 1_251);
    let _ = patches(&house, &jane, "here").await.is(200);
    assert!(house.cloud().settle().await);
    assert_eq!(lines(&house, id).await, 1_000);
    let path = "/api/profile/activity/?limit=2";
    let newest = call(&house, &jane.access, Method::GET, path, None)
        .await
        .is(200)
        .json();
    let events: Vec<_> = newest["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| &l["event"])
        .collect();
    assert_eq!(events, ["profile_updated", "signed_in"]);
}

/// A long activity is exported page by page, and by way of the bucket.
#[tokio::test]
async fn export_of_six_thousand_lines_goes_by_the_bucket() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let id = jane.user["id"].as_str().unwrap();
    let items: Vec<_> = (0..6_000)
        .map(|n| {
            json!({
                "pk": { "S": format!("USER#{id}") }, "sk": { "S": format!("ACTIVITY#act_{n:032x}") },
                "event": { "S": "profile_updated" }, "at": { "N": n.to_string() }, "ip": { "S": "203.0.113.7" },
                "ua": { "S": "Mozilla/5.0 ".repeat(60) }, "detail": { "S": "bio" },
            })
        })
        .collect();
    house.tables().put_all(tests::ACCOUNTS, &items).await;
    let answer = call(&house, &jane.access, Method::GET, EXPORT, None)
        .await
        .is(200)
        .json();
    let url = answer["url"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let file = house.fetch(url).await;
    let export: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(export["activity"]["items"].as_array().unwrap().len(), 6_001);
}

/// A refresh shows on the account by the hour, and on the first of a day.
#[tokio::test]
async fn refresh_writes_the_account_once_an_hour() {
    let house = House::open().await;
    let _ = house
        .post("/_local/clock", &json!({ "set": "2030-03-01T12:05:00Z" }))
        .send()
        .await
        .is(200);
    let jane = house.visitor("jane@example.com").signs_in().await;
    let shown = async |access: &Value| {
        assert!(house.cloud().settle().await);
        let call = house.get(PROFILE).bearer(access.as_str().unwrap());
        let profile = call.send().await.is(200).json();
        profile["last_activity"].as_str().unwrap()[..16].to_owned()
    };
    let mut refresh = jane.refresh.clone();
    let mut seen = Vec::new();
    for minutes in [20, 20, 20, 20] {
        house.advance(minutes * 60).await;
        let body = json!({ "refresh": refresh });
        let answer = house.post("/api/auth/token/refresh/", &body).send().await;
        let tokens = answer.is(200).json();
        refresh = tokens["refresh"].as_str().unwrap().to_owned();
        seen.push(shown(&tokens["access"]).await);
    }
    assert_eq!(
        seen,
        [
            "2030-03-01T12:05",
            "2030-03-01T12:05",
            "2030-03-01T13:05",
            "2030-03-01T13:05"
        ]
    );
}
