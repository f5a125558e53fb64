//! Tables that earlier versions have written to: what is in them is read, shown, told and erased like everything else.

use local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{House, SignedIn};

use crate::profile::{call, shows};

const ITEMS: &str = include_str!("fixtures/items_of_earlier_versions.json");

/// Puts the items of the fixture, and takes off what this version has added to the person's own.
async fn written_before(house: &House, who: &SignedIn) {
    let (id, now) = (who.user["id"].as_str().unwrap(), house.now());
    let fixture = ITEMS
        .replace("{user}", id)
        .replace("{now}", &format!("{:015}", now.as_millisecond() - 100_000))
        .replace("{day}", &now.strftime("%Y-%m-%d").to_string())
        .replace("{ttl}", &(now.as_second() + 400 * 24 * 60 * 60).to_string());
    let fixture: Value = serde_json::from_str(&fixture).unwrap();
    let tables = house.tables();
    for (table, items) in [
        (tests::ACCOUNTS, "accounts"),
        (tests::EPHEMERAL, "ephemeral"),
    ] {
        tables
            .put_all(table, fixture[items].as_array().unwrap())
            .await;
    }
    let user = format!("USER#{id}");
    let former = format!(
        "email#first@example.com#{:015}",
        now.as_millisecond() - 100_000
    );
    let values = json!({ ":former": { "SS": [former] } });
    let set = "SET #former=:former REMOVE #lines, #changes";
    tables
        .update(tests::ACCOUNTS, &user, "USER", set, values)
        .await;
    for item in tables.person(id).await {
        let sk = item["sk"].as_str().unwrap();
        if sk.starts_with("SESSION#") {
            let remove = "REMOVE #rid, #rip, #rua, #eg, #eat, #eip, #eua, #far";
            tables
                .update(tests::ACCOUNTS, &user, sk, remove, Value::Null)
                .await;
        }
    }
}

async fn number(house: &House, admin: &SignedIn, path: &str) -> Value {
    let path = format!("/api/analytics/{path}");
    call(house, &admin.access, Method::GET, &path, None)
        .await
        .is(200)
        .json()
}

#[tokio::test]
async fn before_items_are_read_shown_told_and_erased() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    assert!(house.cloud().settle().await);
    written_before(&house, &jane).await;

    // The session goes on, and the account changes.
    let body = json!({ "refresh": jane.refresh });
    let tokens = house
        .post("/api/auth/token/refresh/", &body)
        .send()
        .await
        .is(200)
        .json();
    let again = house
        .post("/api/auth/token/refresh/", &body)
        .send()
        .await
        .is(200)
        .json();
    assert_eq!(tokens["refresh"], again["refresh"]);
    let bio = json!({ "bio": "still here" });
    let path = "/api/profile/";
    let _ = call(&house, &jane.access, Method::PATCH, path, Some(&bio))
        .await
        .is(200);
    assert_eq!(shows(&house, &jane).await["bio"], "still here");

    // Everything is in the export.
    let path = "/api/profile/export/";
    let all = call(&house, &jane.access, Method::GET, path, None)
        .await
        .is(200)
        .json();
    let former = all["former_addresses"]["items"].as_array().unwrap();
    let former: Vec<_> = former
        .iter()
        .map(|held| held["identifier"].as_str().unwrap())
        .collect();
    assert_eq!(former, ["first@example.com", "second@example.com"]);
    let request = &all["pending_requests"]["items"][0];
    assert_eq!(request["identifier"], "asked@example.com");
    let id = request["delivery_ids"][0].as_str().unwrap();
    let shown = house
        .get(&format!("/api/auth/otp/deliveries/{id}/"))
        .send()
        .await;
    assert_eq!(shown.is(200).json()["status"], "sent");

    // What was to be told is told, each recipient once.
    house.advance(60 * 60).await;
    house.advance(60 * 60).await;
    for to in ["first@example.com", "jane@example.com"] {
        let sent = house.sent_to(to).await;
        let told = sent
            .iter()
            .filter(|m| m["subject"].as_str().unwrap().contains("was changed"));
        assert_eq!(told.count(), 1, "{to}");
    }

    // And erased.
    let jane = house.visitor("jane@example.com").signs_in().await;
    let _ = call(&house, &jane.access, Method::DELETE, "/api/profile/", None)
        .await
        .is(202);
    assert!(house.cloud().settle().await);
    let dump = house.tables().dump().await;
    for trace in [
        "first@example.com",
        "second@example.com",
        "asked@example.com",
        "jane@example.com",
        "DELIVERY#",
    ] {
        assert!(!dump.contains(trace), "{trace}: {dump}");
    }
}

#[tokio::test]
async fn before_numbers_are_added_to_those_of_today() {
    let house = House::open().await;
    let admin = house.visitor("admin@example.com").signs_in().await;
    house
        .tables()
        .make_admin(admin.user["id"].as_str().unwrap())
        .await;
    assert!(house.cloud().settle().await);
    written_before(&house, &admin).await;
    let totals = number(&house, &admin, "otp/").await["totals"].clone();
    let figures =
        ["requested", "sent", "verified", "limited"].map(|name| totals[name].as_u64().unwrap());
    assert_eq!(figures, [61, 51, 41, 3]);
    let registered = number(&house, &admin, "registrations/").await;
    assert_eq!(registered["results"][0]["total"], 41);
    assert_eq!(number(&house, &admin, "active/").await["active_users"], 41);
    let sources = number(&house, &admin, "sources/").await;
    assert_eq!(
        sources["results"][0]["source"]["url"],
        "https://old.example.com"
    );
    assert_eq!(sources["results"][0]["users"], 40);
}
