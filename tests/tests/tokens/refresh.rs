//! Refreshing: once, at once sixty times, too late, by a thief, while logging out.

use futures_util::future::join_all;
use local::Options;
use serde_json::json;

use super::visitor::{self, House, answer};

const REFUSED: (u16, &str) = (401, "refresh_invalid");

#[tokio::test(flavor = "multi_thread")]
async fn refresh_is_one_step_and_its_tokens_count() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    house.wait(100).await;
    let answer = house.refresh(&held.refresh).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_ne!(answer.text("refresh"), held.refresh);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 900);
    let left = answer.body["refresh_expires_in"].as_i64().unwrap();
    assert!(
        (2_591_890..=2_591_900).contains(&left),
        "{left} is what is left"
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(house.is_active(&answer.text("access")).await);
    assert!(
        house.is_active(&held.access).await,
        "the old access token ends by itself"
    );

    // On a machine that is busy with other things, two calls sent at once may arrive one after the other.
    let (mut refresh, mut together) = (answer.text("refresh"), false);
    for _ in 0..20 {
        let answer = house.refresh(&refresh).await;
        let calls = house.calls(&answer.request_id).await;
        let mut names: Vec<_> = calls
            .iter()
            .map(|call| call["operation"].as_str())
            .collect();
        names.sort_unstable();
        assert_eq!(names, [Some("GetItem"), Some("UpdateItem")]);
        let moment = |n: usize, name: &str| calls[n][name].as_i64().unwrap();
        together |= moment(0, "started_us") < moment(1, "ended_us")
            && moment(1, "started_us") < moment(0, "ended_us");
        refresh = answer.text("refresh");
    }
    assert!(together, "both calls of a refresh are one step");
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_by_sixty_tabs_at_once_gives_one_successor() {
    let house = House::with(Options::memory().set("REFRESH_GRACE_SECONDS", "60")).await;
    let mut token = house.sign_in("jane@example.com").await.refresh;
    for round in 0..3 {
        let answers = join_all((0..60).map(|_| persistent(&house, &token))).await;
        let mut statuses: Vec<_> = answers.iter().map(visitor::Answer::code).collect();
        statuses.dedup();
        assert_eq!(statuses, [(200, "")], "round {round}");
        let first = answers[0].text("refresh");
        for answer in &answers {
            assert_eq!(answer.text("refresh"), first, "round {round}");
        }
        assert_ne!(first, token);
        token = first;
    }
    assert_eq!(house.refresh(&token).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_with_a_lost_reply_is_retried_safely() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    house
        .breaks(&json!({"service": "dynamodb", "operation": "UpdateItem", "fault": "lost_reply", "times": 1}))
        .await;
    let first = house.refresh(&held.refresh).await;
    assert_eq!(first.status, 200, "{first:?}");
    // The client, too, may have lost it.
    let again = house.refresh(&held.refresh).await;
    assert_eq!(again.text("refresh"), first.text("refresh"));
    house.wait(60).await;
    assert_eq!(house.refresh(&first.text("refresh")).await.status, 200);
}

/// From another network, by another program, or both.
const NEAR: Place = Place {
    ip: "198.51.100.9",
    user_agent: "app/1",
};
const FAR: Place = Place {
    ip: "198.51.100.9",
    user_agent: "curl",
};
const HOME: Place = Place {
    ip: "203.0.113.7",
    user_agent: "app/1",
};

#[derive(Clone, Copy, Debug)]
struct Place {
    ip: &'static str,
    user_agent: &'static str,
}

async fn refresh_from(house: &House, place: Place, token: &str) -> visitor::Answer {
    let request = house
        .request(reqwest::Method::POST, "/api/auth/token/refresh/")
        .header("x-local-source-ip", place.ip)
        .header("user-agent", place.user_agent)
        .json(&json!({ "refresh": token }));
    answer(request).await
}

/// Who comes with the predecessor, from where and when, and whether they get the successor.
#[tokio::test(flavor = "multi_thread")]
async fn refresh_repeats_to_a_client_that_may_have_lost_the_answer() {
    let rows = [
        (HOME, 0, true),
        (HOME, 11, true),
        (HOME, 3 * 24 * 60 * 60, true),
        (NEAR, 5, true),
        (FAR, 5, true),
        (NEAR, 11, false),
        (FAR, 11, false),
    ];
    for (place, seconds, gets) in rows {
        let house = House::open().await;
        let held = house.sign_in("jane@example.com").await;
        let first = refresh_from(&house, HOME, &held.refresh).await;
        house.wait(seconds).await;
        let again = refresh_from(&house, place, &held.refresh).await;
        if gets {
            assert_eq!(again.status, 200, "{place:?} {seconds} {again:?}");
            assert_eq!(again.text("refresh"), first.text("refresh"));
            let next = refresh_from(&house, HOME, &first.text("refresh")).await;
            assert_eq!(next.status, 200, "{place:?} {seconds}");
        } else {
            assert_eq!(again.code(), REFUSED, "{place:?} {seconds}");
            let next = refresh_from(&house, HOME, &first.text("refresh")).await;
            assert_eq!(next.code(), REFUSED, "the session has ended");
        }
    }
}

/// A copied token rides behind its owner once in the life of a session, and the person is told.
#[tokio::test(flavor = "multi_thread")]
async fn refresh_from_far_away_ends_the_session_the_second_time() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    let first = refresh_from(&house, HOME, &held.refresh)
        .await
        .text("refresh");
    let copied = refresh_from(&house, FAR, &held.refresh).await;
    assert_eq!(copied.text("refresh"), first);
    let activity = house
        .request(reqwest::Method::GET, "/api/profile/activity/")
        .bearer_auth(&held.access);
    house.wait(1).await;
    let activity = answer(activity).await.body["results"].clone();
    let told: Vec<_> = activity
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["event"] == "refresh_elsewhere")
        .collect();
    assert_eq!(told.len(), 1, "{activity}");
    assert_eq!(told[0]["ip"], FAR.ip);

    house.wait(600).await;
    let second = refresh_from(&house, HOME, &first).await.text("refresh");
    assert_eq!(refresh_from(&house, FAR, &first).await.code(), REFUSED);
    assert_eq!(refresh_from(&house, HOME, &second).await.code(), REFUSED);
}

/// A phone that changes its network again and again is recorded once a rotation, and goes on.
#[tokio::test(flavor = "multi_thread")]
async fn refresh_from_another_network_goes_on() {
    let house = House::open().await;
    let mut token = house.sign_in("jane@example.com").await.refresh;
    for _ in 0..4 {
        let next = refresh_from(&house, HOME, &token).await.text("refresh");
        for _ in 0..3 {
            assert_eq!(
                refresh_from(&house, NEAR, &token).await.text("refresh"),
                next
            );
        }
        token = next;
        house.wait(60).await;
    }
    let events = answer(house.request(reqwest::Method::GET, "/_local/events")).await;
    let told = events.body.as_array().unwrap().iter();
    let told = told.filter(|event| event["detail-type"] == "session.refresh_elsewhere");
    assert_eq!(told.count(), 4, "once a rotation");
}

/// The store fails after the rotation: the same token is taken again, also after the grace.
#[tokio::test(flavor = "multi_thread")]
async fn refresh_that_could_not_be_answered_costs_nobody_a_session() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    house
        .breaks(
            &json!({"service": "dynamodb", "operation": "GetItem", "fault": "error", "times": 50}),
        )
        .await;
    let lost = house.refresh(&held.refresh).await;
    assert_eq!(lost.code(), (503, "unavailable"));
    assert_eq!(answer_of_clear(&house).await, 204);
    house.wait(15).await;
    let again = house.refresh(&held.refresh).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(house.refresh(&again.text("refresh")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_shows_in_the_list_of_sessions_where_it_was_last() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    let next = refresh_from(&house, NEAR, &held.refresh).await;
    let list = house
        .request(reqwest::Method::GET, "/api/auth/sessions/")
        .bearer_auth(next.text("access"));
    let list = answer(list).await.body;
    let session = &list["results"][0];
    assert_eq!(session["ip"], NEAR.ip);
    assert_eq!(session["user_agent"], NEAR.user_agent);
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_reuse_from_elsewhere_revokes_its_own_session_alone() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    let other = house.sign_in("jane@example.com").await;
    let first = refresh_from(&house, HOME, &held.refresh).await;
    house.wait(11).await;
    assert_eq!(
        refresh_from(&house, FAR, &held.refresh).await.code(),
        REFUSED
    );
    assert_eq!(house.refresh(&first.text("refresh")).await.code(), REFUSED);
    assert!(!house.is_active(&first.text("access")).await);
    assert!(!house.is_active(&held.access).await);
    assert_eq!(
        house.refresh(&other.refresh).await.status,
        200,
        "the other device is not touched"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_reuse_revokes_the_session_within_the_grace_too() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    let first = house.refresh(&held.refresh).await.text("refresh");
    let second = house.refresh(&first).await.text("refresh");
    assert_eq!(house.refresh(&held.refresh).await.code(), REFUSED);
    assert_eq!(house.refresh(&second).await.code(), REFUSED);
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_ends_unused_and_at_the_sessions_absolute_end() {
    let house = House::open().await;
    let day = 24 * 60 * 60;
    let unused = house.sign_in("jane@example.com").await;
    let mut used = house.sign_in("john@example.com").await.refresh;
    house.wait(14 * day - 60).await;
    used = house.refresh(&used).await.text("refresh");
    house.wait(120).await;
    assert_eq!(
        house.refresh(&unused.refresh).await.code(),
        REFUSED,
        "unused for 14 days"
    );
    house.wait(13 * day).await;
    let answer = house.refresh(&used).await;
    let left = answer.body["refresh_expires_in"].as_i64().unwrap();
    assert!((3 * day - 120..3 * day).contains(&left), "{left}");
    used = answer.text("refresh");
    house.wait(3 * day).await;
    assert_eq!(
        house.refresh(&used).await.code(),
        REFUSED,
        "30 days are over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_of_a_forged_token_is_refused_before_any_read() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    for at in [0, 5, 12, 40, 60, 80, held.refresh.len() - 1] {
        let mut forged = held.refresh.clone();
        let other = if &forged[at..=at] == "A" { "B" } else { "A" };
        forged.replace_range(at..=at, other);
        let answer = house.refresh(&forged).await;
        assert_eq!(answer.code(), REFUSED, "character {at}");
        assert!(
            house.calls(&answer.request_id).await.is_empty(),
            "nothing was read"
        );
    }
    assert_eq!(
        house.refresh(&held.refresh).await.status,
        200,
        "its session was not touched"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_that_races_a_log_out_ends_closed() {
    let house = House::open().await;
    for round in 0..5 {
        let held = house.sign_in(&format!("jane{round}@example.com")).await;
        let tabs = join_all((0..10).map(|_| house.refresh(&held.refresh)));
        let (tabs, revoked) = futures_util::join!(tabs, house.revoke(&held.refresh));
        assert_eq!(revoked.status, 204);
        for answer in tabs {
            if answer.status == 200 {
                assert!(
                    !house.is_active(&answer.text("access")).await,
                    "round {round}"
                );
                assert_eq!(house.refresh(&answer.text("refresh")).await.code(), REFUSED);
            } else {
                assert_eq!(answer.code(), REFUSED);
            }
        }
        assert_eq!(house.refresh(&held.refresh).await.code(), REFUSED);
        assert!(!house.is_active(&held.access).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_failures_look_alike_and_revoking_says_nothing() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    assert_eq!(house.revoke(&held.refresh).await.status, 204);
    assert_eq!(house.revoke(&held.refresh).await.status, 204);
    for made_up in ["rt_made-up", "rt_\0", ""] {
        assert_eq!(house.revoke(made_up).await.status, 204, "{made_up:?}");
    }
    let mut bodies = Vec::new();
    for token in [
        held.refresh.as_str(),
        "rt_made-up",
        "",
        &held.access,
        &held.device,
    ] {
        let mut answer = house.refresh(token).await;
        answer.body["instance"] = json!(null);
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");

    for path in [
        "/api/auth/token/refresh/",
        "/api/auth/token/revoke/",
        "/api/auth/token/verify/",
    ] {
        for body in [
            json!({}),
            json!({"refresh": 1, "token": 1}),
            json!({"refresh": "x", "token": "x", "more": 1}),
        ] {
            assert_eq!(
                house.post(path, &body).await.code(),
                (422, "invalid_request"),
                "{path} {body}"
            );
        }
        let wrong = answer(house.request(reqwest::Method::GET, path)).await;
        assert_eq!(
            (wrong.code(), wrong.headers["allow"].to_str().unwrap()),
            ((405, "method_not_allowed"), "POST")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_without_its_store_costs_nobody_a_session() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    for fault in ["throttle", "error", "timeout", "reset"] {
        house
            .breaks(&json!({"service": "dynamodb", "operation": "UpdateItem", "fault": fault, "times": 50}))
            .await;
        let answer = house.refresh(&held.refresh).await;
        assert_eq!(answer.code(), (503, "unavailable"), "{fault}");
        assert!(answer.headers.contains_key("retry-after"));
        let cleared = answer_of_clear(&house).await;
        assert_eq!(cleared, 204);
    }
    assert_eq!(house.refresh(&held.refresh).await.status, 200);
}

/// A tab that tries again when the service is too busy (60 at once are more than a laptop with a debug build may take
/// in time), as the answer tells it to; within the grace, all the same.
async fn persistent(house: &House, token: &str) -> visitor::Answer {
    for _ in 0..20 {
        let answer = house.refresh(token).await;
        if answer.status != 503 {
            return answer;
        }
    }
    house.refresh(token).await
}

async fn answer_of_clear(house: &House) -> u16 {
    answer(house.request(reqwest::Method::DELETE, "/_local/faults"))
        .await
        .status
}
