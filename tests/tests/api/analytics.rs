//! Numbers for admins: they equal what was done.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::{Answer, House, Item, SignedIn};

async fn admin(house: &House) -> SignedIn {
    let admin = house.visitor("admin@example.com").signs_in().await;
    house
        .tables()
        .make_admin(admin.user["id"].as_str().unwrap())
        .await;
    admin
}

async fn asks(house: &House, admin: &SignedIn, path: &str) -> Answer {
    let path = format!("/api/analytics/{path}");
    house.get(&path).bearer(&admin.access).send().await
}

#[tokio::test]
async fn analytics_are_for_admins_only() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    for path in [
        "sources/",
        "registrations/",
        "active/",
        "otp/",
        "users/?limit=0",
    ] {
        let _ = asks(&house, &jane, path).await.problem(403, "forbidden");
        let url = format!("/api/analytics/{path}");
        let _ = house.get(&url).send().await.problem(401, "unauthenticated");
    }
    let admin = admin(&house).await;
    for path in [
        "registrations/?from=2026-02-30",
        "registrations/?from=2026-01-02&to=2026-01-01",
        "otp/?from=2020-01-01&to=2026-01-01",
        "active/?days=0",
        "users/?joined_since=yesterday",
        "users/?cursor=abc",
        "sources/?limit=101",
    ] {
        let _ = asks(&house, &admin, path)
            .await
            .problem(422, "invalid_request");
    }
}

/// A cursor of before the moment that the list begins with now: nothing is behind it.
#[tokio::test]
async fn analytics_list_that_begins_behind_its_cursor_is_empty() {
    let house = House::open().await;
    let admin = admin(&house).await;
    let _ = house.visitor("jane@example.com").signs_in().await;
    let list = "users/?limit=1&joined_since=";
    let first = asks(&house, &admin, &format!("{list}2026-01-01")).await;
    let next = first.is(200).json()["next"].as_str().unwrap().to_owned();
    let now = house.now();
    let path = format!("{list}{now}&cursor={next}");
    let answer = shows(&house, &admin, &path).await;
    assert_eq!(answer, json!({ "results": [], "next": null }));
}

async fn shows(house: &House, admin: &SignedIn, path: &str) -> Value {
    asks(house, admin, path).await.is(200).json()
}

#[tokio::test]
async fn analytics_equal_what_was_done() {
    let house = House::open().await;
    let admin = admin(&house).await;
    three_sign_in(&house).await;
    sources_are_two(&house, &admin).await;
    codes_are_counted(&house, &admin).await;
    newest_come_first(&house, &admin).await;

    // A refreshed session is a sign of life; everybody else stays on the first day.
    house.advance(2 * 24 * 60 * 60).await;
    let refresh = json!({ "refresh": admin.refresh });
    let fresh = house.post("/api/auth/token/refresh/", &refresh).send();
    let fresh = fresh.await.is(200).json();
    let admin = SignedIn {
        access: fresh["access"].as_str().unwrap().to_owned(),
        ..admin
    };
    let active = async |days| shows(&house, &admin, &format!("active/?days={days}")).await;
    assert_eq!(active(1).await, json!({ "days": 1, "active_users": 1 }));
    assert_eq!(active(2).await["active_users"], 1);
    assert_eq!(active(3).await["active_users"], 4);
}

/// Two by mail from one source, one by phone from another; each asks once too often and types one wrong code.
async fn three_sign_in(house: &House) {
    for (who, source) in [
        ("a@example.com", "https://one.example/x"),
        ("b@example.com", "https://one.example/y?z"),
        ("+14155550100", "https://two.example"),
    ] {
        let visitor = house.visitor(who);
        let from = json!({ "identifier": who, "source_url": source });
        let _ = visitor.asks(&from).await.is(200);
        let _ = visitor.asks(&from).await.is(429);
        let code = visitor.reads_the_code().await;
        let _ = visitor.enters(&tests::another_code(&code, 0)).await.is(401);
        let _ = visitor.is_let_in_with(&code).await;
    }
}

async fn sources_are_two(house: &House, admin: &SignedIn) {
    let sources = shows(house, admin, "sources/?limit=1").await;
    let one = &sources["results"][0];
    assert_eq!(
        one["source"],
        json!({ "url": "https://one.example", "name": "one.example" })
    );
    assert_eq!(
        (&one["users"], &one["by_method"]),
        (&json!(2), &json!({ "otp_email": 2 }))
    );
    assert!(one["last_registration"].is_string());
    let cursor = sources["next"].as_str().unwrap();
    let rest = shows(house, admin, &format!("sources/?cursor={cursor}")).await;
    assert_eq!(rest["results"][0]["source"]["name"], "two.example");
    assert_eq!(rest["results"][0]["by_method"], json!({ "otp_phone": 1 }));
    assert_eq!(
        (rest["results"].as_array().unwrap().len(), &rest["next"]),
        (1, &Value::Null)
    );
}

async fn codes_are_counted(house: &House, admin: &SignedIn) {
    let today = day_of(house.now());
    let registrations = shows(house, admin, "registrations/").await;
    let expected =
        json!([{ "day": today, "total": 4, "by_method": { "otp_email": 3, "otp_phone": 1 } }]);
    assert_eq!(registrations["results"], expected);

    let otp = shows(house, admin, "otp/").await;
    let mut rows = otp["results"].as_array().unwrap().iter();
    let expected = json!({
        "day": today, "channel": "phone", "requested": 1, "sent": 1, "delivered": 0, "verified": 1,
        "failed": 1, "limited": 1,
    });
    assert_eq!(rows.find(|row| row["channel"] == "phone"), Some(&expected));
    assert_eq!(otp["totals"]["requested"], 4);
    assert_eq!(otp["totals"]["limited"], 3);
    assert_eq!(otp["totals"]["success_rate"], 1.0);
}

async fn newest_come_first(house: &House, admin: &SignedIn) {
    let users = shows(house, admin, "users/?limit=3").await;
    let newest = &users["results"][0];
    assert_eq!(newest["phone_number"], "+14155550100");
    assert_eq!(newest["source"]["name"], "two.example");
    let cursor = users["next"].as_str().unwrap();
    let rest = shows(house, admin, &format!("users/?cursor={cursor}")).await;
    assert_eq!(rest["results"][0]["email"], "admin@example.com");
}

/// Some operations in a random order, then every number against a count of the tables themselves.
#[tokio::test]
async fn analytics_equal_a_recount_of_the_tables() {
    let house = House::open().await;
    let done = sign_in_at_random(&house).await;
    let admin = admin(&house).await;
    let totals = shows(&house, &admin, "otp/").await["totals"].clone();
    let expected = [
        ("requested", done.let_in + 1),
        ("sent", done.let_in + 1),
        ("verified", done.let_in + 1),
        ("failed", done.failed),
        ("limited", done.limited),
    ];
    for (name, expected) in expected {
        assert_eq!(totals[name], expected, "{name}: {totals}");
    }
    let items = house.tables().accounts().await;
    users_are_those_in(&items, &house, &admin).await;
    sources_are_those_in(&items, &house, &admin).await;
}

/// What came of operations at random.
#[derive(Default)]
struct Done {
    let_in: u64,
    limited: u64,
    failed: u64,
}

async fn sign_in_at_random(house: &House) -> Done {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64; // a fixed seed: a failure can be repeated
    let mut pick = |among: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % among as u64).unwrap()
    };
    let people = [
        "a@example.com",
        "b@example.com",
        "c@example.com",
        "+14155550100",
        "+14155550101",
    ];
    let mut done = Done::default();
    let mut refresh: Vec<String> = Vec::new();
    for _ in 0..25 {
        let visitor = house.visitor(people[pick(5)]);
        let source = format!("https://s{}.example", pick(3));
        let order = json!({ "identifier": visitor.identifier, "source_url": source });
        if visitor.asks(&order).await.status == 429 {
            done.limited += 1;
        } else {
            let code = visitor.reads_the_code().await;
            if pick(3) == 0 {
                let wrong = tests::another_code(&code, pick(9) as u64);
                let _ = visitor.enters(&wrong).await.is(401);
                done.failed += 1;
            }
            refresh.push(visitor.is_let_in_with(&code).await.refresh);
            done.let_in += 1;
        }
        if pick(3) == 0 {
            let token = refresh.swap_remove(pick(refresh.len()));
            let body = json!({ "refresh": token });
            let answer = house.post("/api/auth/token/refresh/", &body).send().await;
            refresh.extend(answer.json()["refresh"].as_str().map(str::to_owned));
        }
        house.advance([1, 31, 3_600, 20 * 3_600][pick(4)]).await;
    }
    done
}

fn day_of(moment: Timestamp) -> String {
    moment.to_string()[..10].to_owned()
}

fn day(item: &Item, name: &str) -> String {
    day_of(Timestamp::from_millisecond(item[name].as_i64().unwrap()).unwrap())
}

/// Registrations by day, and who was active in the last days.
async fn users_are_those_in(items: &[Item], house: &House, admin: &SignedIn) {
    let users: Vec<_> = items.iter().filter(|item| item["sk"] == "USER").collect();
    let mut joined = BTreeMap::<String, u64>::new();
    for user in &users {
        *joined.entry(day(user, "joined")).or_default() += 1;
    }
    let listed = shows(house, admin, "registrations/").await;
    let listed = listed["results"].as_array().unwrap().iter().map(|row| {
        let day = row["day"].as_str().unwrap().to_owned();
        (day, row["total"].as_u64().unwrap())
    });
    assert_eq!(listed.collect::<BTreeMap<_, _>>(), joined);

    for days in [1, 2, 5, 30] {
        let first = day_of(house.now() - SignedDuration::from_hours(24 * (days - 1)));
        let since = |user: &&&Item| day(user, "last_activity") >= first;
        let expected = users.iter().filter(since).count();
        let active = shows(house, admin, &format!("active/?days={days}")).await;
        assert_eq!(active["active_users"], expected, "{days}");
    }
}

/// Each source with as many people as are linked to it.
async fn sources_are_those_in(items: &[Item], house: &House, admin: &SignedIn) {
    let sources = shows(house, admin, "sources/").await;
    let links = |prefix: &str| {
        let linked = |item: &&Item| item["sk"].as_str().unwrap().starts_with(prefix);
        items.iter().filter(linked).count()
    };
    let mut all = 0;
    for row in sources["results"].as_array().unwrap() {
        let linked = links(&format!(
            "SOURCE#{}",
            row["source"]["url"].as_str().unwrap()
        ));
        assert_eq!(row["users"], linked, "{row}");
        all += linked;
    }
    assert_eq!(all, links("SOURCE#"));
}

/// A notice is no code: what becomes of it is shown to nobody as a figure of codes.
#[tokio::test]
async fn analytics_do_not_count_a_notice_as_a_code() {
    let house = House::open().await;
    let admin = admin(&house).await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let number = json!({ "identifier": "+14155550142" });
    let path = "/api/profile/identifiers/";
    let asked = house.post(path, &number).bearer(&jane.access).send().await;
    let _ = asked.is(200);
    let code = house.codes_sent_to("+14155550142").await.remove(0);
    let proof = json!({ "identifier": "+14155550142", "otp_code": code });
    let proven = house.post(&format!("{path}verify/"), &proof);
    let _ = proven.bearer(&jane.access).send().await.is(200);

    let notices: Vec<_> = house
        .outbox()
        .await
        .into_iter()
        .filter(|message| tests::code_in(message).is_none())
        .filter(|message| message["to"] == "jane@example.com")
        .filter(|message| !message["subject"].as_str().unwrap().contains("Welcome"))
        .collect();
    assert_eq!(notices.len(), 1, "{notices:?}");
    let path = format!("/_local/deliveries/{}/status", notices[0]["id"]);
    let _ = house
        .post(&path, &json!({ "status": "delivered" }))
        .send()
        .await
        .is(200);
    let otp = shows(&house, &admin, "otp/").await;
    assert_eq!(otp["totals"]["delivered"], 0, "{otp}");
    assert_eq!(otp["totals"]["verified"], 3, "{otp}");
}
