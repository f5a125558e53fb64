//! A person reads and changes what they say about themselves.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, House, SignedIn, steps};

const PROFILE: &str = "/api/profile/";

/// A request with an access token.
pub(crate) async fn call(
    house: &House,
    token: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let call = house.call(method, path).bearer(token);
    match body {
        Some(body) => call.body("application/json", body.to_string()),
        None => call,
    }
    .send()
    .await
}

pub(crate) async fn shows(house: &House, who: &SignedIn) -> Value {
    call(house, &who.access, Method::GET, PROFILE, None)
        .await
        .is(200)
        .json()
}

async fn patch(house: &House, who: &SignedIn, body: &Value) -> Answer {
    call(house, &who.access, Method::PATCH, PROFILE, Some(body)).await
}

#[tokio::test]
async fn profile_put_replaces_and_patch_changes() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let all = json!({
        "username": "jd", "first_name": "Jane", "last_name": "Doe", "bio": "Hello\nthere",
        "language": "de", "timezone": "Europe/Berlin",
    });
    let put = call(&house, &jane.access, Method::PUT, PROFILE, Some(&all))
        .await
        .is(200);
    let shown = put.json();
    for (name, value) in all.as_object().unwrap() {
        assert_eq!(&shown[name], value);
    }
    assert_eq!(shown["full_name"], "Jane Doe");
    assert_eq!(shown["initials"], "JD");
    assert_eq!(shown["display_username"], "jd");
    assert_eq!(shown["version"], 2);
    assert_eq!(put.header("etag"), Some("\"2\""));
    assert_eq!(put.header("cache-control"), Some("no-store"));
    assert_eq!(shows(&house, &jane).await, shown);

    let patched = patch(
        &house,
        &jane,
        &json!({ "username": null, "last_name": "Roe" }),
    )
    .await
    .is(200)
    .json();
    assert_eq!(
        (&patched["username"], &patched["full_name"]),
        (&json!(""), &json!("Jane Roe"))
    );
    assert_eq!(
        (&patched["bio"], &patched["language"]),
        (&shown["bio"], &shown["language"])
    );
    assert_eq!(shows(&house, &jane).await, patched);

    let bare = call(
        &house,
        &jane.access,
        Method::PUT,
        PROFILE,
        Some(&json!({ "bio": "x" })),
    )
    .await
    .is(200)
    .json();
    assert_eq!(
        (&bare["first_name"], &bare["language"], &bare["timezone"]),
        (&json!(""), &json!("en"), &json!("UTC"))
    );
    assert_eq!(
        (&bare["initials"], &bare["display_username"]),
        (&json!("J"), &json!("jane"))
    );
    assert_eq!(shows(&house, &jane).await, bare);

    let same = patch(&house, &jane, &json!({ "bio": "x" })).await.is(200);
    assert_eq!(
        same.json()["version"],
        bare["version"],
        "what changes nothing is not written"
    );
    house.is_sound().await;
}

/// THREATS J01, J02, J04, J05, J06, J08, J10.
#[tokio::test]
async fn profile_with_wrong_fields_has_all_named_and_nothing_written() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let before = shows(&house, &jane).await;
    let wrong = json!({
        "id": "usr_1", "email": "a@b.de", "phone_number": "+14155550100", "is_verified": false, "avatar": "x",
        "last_activity": "x", "roles": ["admin"], "version": 9, "is_staff": true, "is_superuser": true,
        "created_at": "x", "pk": "x", "ttl": 1, "username": "a".repeat(151), "first_name": {"a": 1},
        "last_name": "a\u{0}b", "bio": "🦀".repeat(501), "language": "../../en", "timezone": "Mars/Phobos",
    });
    for method in [Method::PUT, Method::PATCH] {
        let answer = call(&house, &jane.access, method, PROFILE, Some(&wrong)).await;
        answer.wrong_fields(&[
            ("/id", "read_only"),
            ("/email", "read_only"),
            ("/phone_number", "read_only"),
            ("/is_verified", "read_only"),
            ("/avatar", "read_only"),
            ("/last_activity", "read_only"),
            ("/roles", "read_only"),
            ("/version", "read_only"),
            ("/is_staff", "unknown_field"),
            ("/is_superuser", "unknown_field"),
            ("/created_at", "unknown_field"),
            ("/pk", "unknown_field"),
            ("/ttl", "unknown_field"),
            ("/username", "too_long"),
            ("/first_name", "invalid_type"),
            ("/last_name", "invalid_characters"),
            ("/bio", "too_long"),
            ("/language", "invalid_language"),
            ("/timezone", "invalid_timezone"),
        ]);
    }
    patch(&house, &jane, &json!(["a@x", "b"]))
        .await
        .problem(400, "malformed_request");
    assert_eq!(shows(&house, &jane).await, before);
}

/// THREATS J03, J07, J11.
#[tokio::test]
async fn profile_text_that_looks_like_code_is_text() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    for text in [
        "SET #a = :b REMOVE x",
        "<script>alert(1)</script>",
        "{{7*7}} ${jndi:ldap://x} %s%n",
        "#pk :pk",
    ] {
        let shown = patch(&house, &jane, &json!({ "bio": text, "username": text }))
            .await
            .is(200);
        assert_eq!(shown.json()["bio"], text);
        assert_eq!(shown.header("content-type"), Some("application/json"));
        assert_eq!(shows(&house, &jane).await["username"], text);
    }
}

/// THREATS J09.
#[tokio::test]
async fn profile_update_is_not_lost() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let with = |tag: &'static str, bio: String| {
        let call = house
            .call(Method::PUT, PROFILE)
            .bearer(&jane.access)
            .header("if-match", tag);
        call.body("application/json", json!({ "bio": bio }).to_string())
            .send()
    };
    let answers =
        futures_util::future::join_all((0..12).map(|n| with("\"1\"", n.to_string()))).await;
    let won: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(won.len(), 1);
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        lost.problem(412, "version_conflict");
    }
    assert_eq!(shows(&house, &jane).await, won[0].json());
    with("W/\"2\"", "weak".into())
        .await
        .problem(412, "version_conflict");
    with("\"1\"", "old".into())
        .await
        .problem(412, "version_conflict");
    assert_eq!(
        with("*", "any".into()).await.is(200).header("etag"),
        Some("\"3\"")
    );
    assert_eq!(
        with("\"1\", \"3\"", "list".into())
            .await
            .is(200)
            .header("etag"),
        Some("\"4\"")
    );

    // Without a condition all changes are made, one after the other.
    let free = (0..8).map(|n| {
        let body = json!({ "first_name": n.to_string() });
        let call = house.call(Method::PATCH, PROFILE).bearer(&jane.access);
        call.body("application/json", body.to_string()).send()
    });
    for answer in futures_util::future::join_all(free).await {
        let _ = answer.is(200);
    }
    assert_eq!(shows(&house, &jane).await["version"], 12);
}

/// THREATS N03.
#[tokio::test]
async fn profile_update_takes_two_steps_and_survives_a_lost_reply() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let answer = patch(&house, &jane, &json!({ "bio": "a" })).await.is(200);
    let calls = house.calls_of(&answer.request_id()).await;
    assert_eq!(steps(&calls), 2, "{calls:#?}");
    for fault in ["lost_reply", "conflict", "throttle", "reset"] {
        house.fault(json!({ "service": "dynamodb", "operation": "TransactWriteItems", "fault": fault, "times": 1 })).await;
        let shown = patch(&house, &jane, &json!({ "bio": fault }))
            .await
            .is(200)
            .json();
        assert_eq!(house.end_faults().await, 1);
        assert_eq!(shows(&house, &jane).await, shown);
    }
    assert_eq!(
        shows(&house, &jane).await["version"],
        6,
        "each change counts once"
    );
}

#[tokio::test]
async fn profile_sources_are_listed_once_each() {
    let house = House::open().await;
    let visitor = house.visitor("jane@example.com");
    let mut last = None;
    for (n, url) in [
        "https://b.example.com/x",
        "https://a.example.com:8443/y?z=1",
        "https://B.example.com/other",
    ]
    .iter()
    .enumerate()
    {
        if n > 0 {
            house.advance(60).await;
        }
        let _ = visitor
            .asks(&json!({ "identifier": "jane@example.com", "source_url": url }))
            .await
            .is(200);
        let code = visitor.reads_the_code().await;
        last = Some(visitor.is_let_in_with(&code).await);
    }
    let jane = last.unwrap();
    let list = async |path: String| call(&house, &jane.access, Method::GET, &path, None).await;
    let answer = list("/api/profile/sources/".into()).await.is(200);
    assert_eq!(steps(&house.calls_of(&answer.request_id()).await), 1);
    let all = answer.json();
    let urls: Vec<_> = all["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["source"].clone())
        .collect();
    assert_eq!(
        urls,
        [
            json!({ "url": "https://a.example.com:8443", "name": "a.example.com" }),
            json!({ "url": "https://b.example.com", "name": "b.example.com" }),
        ]
    );
    let b = &all["results"][1];
    assert_eq!(b["registration_method"], "otp_email");
    assert!(b["last_seen_at"].as_str() > b["created_at"].as_str());
    assert_eq!(all["next"], Value::Null);
    let first = list("/api/profile/sources/?limit=1".into())
        .await
        .is(200)
        .json();
    let next = first["next"].as_str().expect("a second page").to_owned();
    let second = list(format!("/api/profile/sources/?limit=1&cursor={next}"))
        .await
        .is(200)
        .json();
    assert_eq!(second["results"][0], *b);
    assert_eq!(second["next"], Value::Null);
    list("/api/profile/sources/?limit=0".into())
        .await
        .wrong_fields(&[("/limit", "out_of_range")]);
    list(format!("/api/profile/activity/?cursor={next}"))
        .await
        .wrong_fields(&[("/cursor", "invalid_cursor")]);
    let _ = house
        .get("/api/profile/sources/?limit=0")
        .send()
        .await
        .is(401);
}

/// A further sign-in from where the last one came leaves the link to the stream; the list knows of it at once.
#[tokio::test]
async fn profile_source_shows_the_last_sign_in_at_once_and_for_good() {
    let house = House::open().await;
    let visitor = house.visitor("jane@example.com");
    let signs_in_from = async |url: &str| {
        house.advance(60).await;
        let form = json!({ "identifier": "jane@example.com", "source_url": url });
        let _ = visitor.asks(&form).await.is(200);
        let code = visitor.reads_the_code().await;
        visitor.is_let_in_with(&code).await
    };
    let seen = async |jane: &SignedIn| -> Vec<(String, String)> {
        let path = "/api/profile/sources/";
        let listed = call(&house, &jane.access, Method::GET, path, None).await;
        let listed = listed.is(200).json();
        let entries = listed["results"].as_array().unwrap().iter();
        let shown = |entry: &Value, at: &str| entry[at].as_str().unwrap().to_owned();
        entries
            .map(|entry| (shown(entry, "created_at"), shown(entry, "last_seen_at")))
            .collect()
    };
    let first = signs_in_from("https://a.example.com").await;
    let [(created, once)] = seen(&first).await.try_into().unwrap();
    assert_eq!(created, once);
    let again = signs_in_from("https://a.example.com/elsewhere").await;
    let [(same, twice)] = seen(&again).await.try_into().unwrap();
    assert_eq!(same, created);
    assert!(twice > once, "{twice} {once}");
    let other = signs_in_from("https://b.example.com").await;
    assert!(house.cloud().settle().await);
    let [a, b] = seen(&other).await.try_into().unwrap();
    assert_eq!(a, (created, twice));
    assert!(b.1 > a.1);
}

#[tokio::test]
async fn profile_activity_is_listed_newest_first_and_forgotten() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    for bio in ["a", "b", "c"] {
        house.advance(1).await;
        let _ = patch(&house, &jane, &json!({ "bio": bio })).await.is(200);
    }
    let list = async |query: String| {
        let path = format!("/api/profile/activity/{query}");
        call(&house, &jane.access, Method::GET, &path, None)
            .await
            .is(200)
            .json()
    };
    let all = list(String::new()).await;
    let words = |page: &Value| -> Vec<String> {
        let lines = page["results"].as_array().unwrap();
        lines
            .iter()
            .map(|line| line["event"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        words(&all),
        [
            "profile_updated",
            "profile_updated",
            "profile_updated",
            "signed_in"
        ]
    );
    assert_eq!(all["results"][0]["detail"], "bio");
    assert!(all["results"][0]["ip"].is_string() && all["results"][0]["user_agent"].is_string());
    let (mut paged, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let page = list(query).await;
        paged.extend(page["results"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => query = format!("?limit=3&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(paged), all["results"]);

    // Ninety days later a new sign-in sees none of it, whether or not the table has dropped it.
    house.advance_without_sweeping(90 * 24 * 60 * 60);
    let later = house.visitor("jane@example.com").signs_in().await;
    let answer = call(
        &house,
        &later.access,
        Method::GET,
        "/api/profile/activity/",
        None,
    )
    .await
    .is(200);
    assert_eq!(words(&answer.json()), ["signed_in"]);
}

/// Lines whose time is over are passed by in large pages, however few are asked for.
#[tokio::test]
async fn activity_does_not_walk_expired_lines_one_by_one() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    for bio in 0..30 {
        let _ = patch(&house, &jane, &json!({ "bio": format!("{bio}") }))
            .await
            .is(200);
    }
    house.advance_without_sweeping(90 * 24 * 60 * 60);
    let later = house.visitor("jane@example.com").signs_in().await;
    let path = "/api/profile/activity/?limit=1";
    let answer = call(&house, &later.access, Method::GET, path, None).await;
    let answer = answer.is(200);
    assert_eq!(answer.json()["results"].as_array().unwrap().len(), 1);
    assert_eq!(answer.json()["next"], Value::Null);
    let calls = house.calls_of(&answer.request_id()).await;
    assert!(calls.len() <= 3, "{}", calls.len());
}
