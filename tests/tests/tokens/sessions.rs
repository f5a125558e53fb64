//! The list of sessions, and the ways to end them.

use local::Options;
use serde_json::json;

use super::visitor::{Answer, House};

const LIST: &str = "/api/auth/sessions/";

fn ids(answer: &Answer) -> Vec<String> {
    let results = answer.body["results"].as_array().unwrap();
    results
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_newest_first() {
    let house = House::open().await;
    let first = house.sign_in("jane@example.com").await;
    house.wait(20).await;
    let second = house.sign_in("jane@example.com").await;
    house.sign_in("john@example.com").await;

    let answer = house.get(LIST, &first.access).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let results = answer.body["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(
        [&results[0]["current"], &results[1]["current"]],
        [false, true]
    );
    for line in results {
        let mut members: Vec<_> = line.as_object().unwrap().keys().cloned().collect();
        members.sort();
        let expected = [
            "amr",
            "created_at",
            "current",
            "id",
            "ip",
            "last_used_at",
            "user_agent",
        ];
        assert_eq!(members, expected);
        assert_eq!(line["amr"], json!(["otp", "email"]));
        assert!(line["ip"].as_str().unwrap().starts_with("198.51.100."));
        assert!(line["created_at"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(answer.body["next"], json!(null));
    let calls = house.calls(&answer.request_id).await;
    assert_eq!(
        calls.len(),
        2,
        "the caller and the list, at once: {calls:?}"
    );

    // Page by page.
    let page = house.get(&format!("{LIST}?limit=1"), &second.access).await;
    let next = page.text("next");
    let rest = house
        .get(&format!("{LIST}?limit=1&cursor={next}"), &second.access)
        .await;
    assert_eq!([ids(&page), ids(&rest)].concat(), ids(&answer));
    assert_eq!(rest.body["next"], json!(null));

    // A cursor opens its own list only.
    let john = house.sign_in("john@example.com").await;
    for wrong in [
        format!("limit=1&cursor={next}"),
        "cursor=made-up".into(),
        "limit=0".into(),
    ] {
        let answer = house.get(&format!("{LIST}?{wrong}"), &john.access).await;
        assert_eq!(answer.code(), (422, "invalid_request"), "{wrong}");
    }
    let answer = house.get(&format!("{LIST}?limit=0"), "made-up").await;
    assert_eq!(
        answer.code(),
        (401, "unauthenticated"),
        "who asks is decided first"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_at_once_and_only_by_their_own_person() {
    let house = House::open().await;
    let phone = house.sign_in("jane@example.com").await;
    let laptop = house.sign_in("jane@example.com").await;
    let john = house.sign_in("john@example.com").await;
    let phone_id = ids(&house.get(LIST, &laptop.access).await)[1].clone();
    let path = format!("{LIST}{phone_id}/");

    assert_eq!(
        house.delete(&path, &john.access).await.code(),
        (404, "not_found")
    );
    assert_eq!(
        house.delete(&path, "made-up").await.code(),
        (401, "unauthenticated")
    );
    let made_up = format!("{LIST}made-up/");
    assert_eq!(
        house.delete(&made_up, &john.access).await.code(),
        (404, "not_found")
    );
    assert!(
        house.is_active(&phone.access).await,
        "nothing has happened yet"
    );

    assert_eq!(house.delete(&path, &laptop.access).await.status, 204);
    assert!(!house.is_active(&phone.access).await);
    assert_eq!(
        house.refresh(&phone.refresh).await.code(),
        (401, "refresh_invalid")
    );
    assert!(house.is_active(&laptop.access).await);
    assert_eq!(
        house.delete(&path, &laptop.access).await.code(),
        (404, "not_found")
    );
    assert_eq!(
        house.get(LIST, &phone.access).await.code(),
        (401, "unauthenticated")
    );

    // One's own is a log-out.
    let own = ids(&house.get(LIST, &laptop.access).await);
    assert_eq!(own.len(), 1);
    assert_eq!(
        house
            .delete(&format!("{LIST}{}/", own[0]), &laptop.access)
            .await
            .status,
        204
    );
    assert!(!house.is_active(&laptop.access).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_end_with_a_lost_reply_are_no_404() {
    let house = House::open().await;
    house.sign_in("jane@example.com").await;
    let laptop = house.sign_in("jane@example.com").await;
    for _ in 0..2 {
        let ids = ids(&house.get(LIST, &laptop.access).await);
        let last = ids.last().unwrap();
        house
            .breaks(&json!({"service": "dynamodb", "operation": "UpdateItem", "fault": "lost_reply", "times": 1}))
            .await;
        // The second time it is their own session that ends.
        let answer = house
            .delete(&format!("{LIST}{last}/"), &laptop.access)
            .await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }
    assert!(!house.is_active(&laptop.access).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_all_others_end_and_the_current_one_stays() {
    let house = House::open().await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(house.sign_in("jane@example.com").await);
        house.wait(11).await;
    }
    assert_eq!(house.delete(LIST, &all[1].access).await.status, 204);
    for (n, held) in all.iter().enumerate() {
        assert_eq!(house.is_active(&held.access).await, n == 1, "session {n}");
        assert_eq!(
            house.refresh(&held.refresh).await.status == 200,
            n == 1,
            "session {n}"
        );
    }
    assert_eq!(ids(&house.get(LIST, &all[1].access).await).len(), 1);
    assert_eq!(
        house.delete(LIST, &all[0].access).await.code(),
        (401, "unauthenticated")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_beyond_the_limit_end_the_oldest() {
    let house = House::with(Options::memory().set("SESSIONS_PER_USER", "2")).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(house.sign_in("jane@example.com").await);
        house.wait(11).await;
    }
    let mut active = Vec::new();
    for held in &all {
        active.push(house.is_active(&held.access).await);
    }
    assert_eq!(active, [false, true, true]);
    assert_eq!(
        house.refresh(&all[0].refresh).await.code(),
        (401, "refresh_invalid")
    );
    assert_eq!(ids(&house.get(LIST, &all[2].access).await).len(), 2);
}
