//! The numbers, as the API gives them to admins.

use serde_json::{Value, json};
use tests::{House, another_code};

use crate::at;

#[tokio::test]
async fn the_command_line_and_the_api_tell_the_same_numbers() {
    let house = House::open().await;
    for (who, source) in [
        ("a@example.com", "https://one.example/x"),
        ("b@example.com", "https://one.example/y"),
        ("+14155550100", "https://two.example"),
    ] {
        let visitor = house.visitor(who);
        let order = json!({ "identifier": who, "source_url": source });
        let _ = visitor.asks(&order).await.is(200);
        let _ = visitor.asks(&order).await.is(429);
        let code = visitor.reads_the_code().await;
        let _ = visitor.enters(&another_code(&code, 0)).await.is(401);
        let _ = visitor.is_let_in_with(&code).await;
    }
    let admin = house.visitor("admin@example.com").signs_in().await;
    let _ = at(&house, &["users", "grant", "admin@example.com", "admin"])
        .await
        .text();
    let api = async |path: &str| {
        let path = format!("/api/analytics/{path}");
        house
            .get(&path)
            .bearer(&admin.access)
            .send()
            .await
            .is(200)
            .json()
    };
    let line = async |arguments: &[&str]| {
        let all = [&["--json", "--reveal", "analytics"], arguments].concat();
        at(&house, &all).await.json()
    };
    assert_eq!(line(&["sources"]).await, api("sources/").await["results"]);
    assert_eq!(
        line(&["registrations"]).await,
        api("registrations/").await["results"]
    );
    assert_eq!(
        line(&["active", "--days", "7"]).await,
        api("active/?days=7").await
    );
    assert_eq!(line(&["users"]).await, api("users/").await["results"]);
    let (mine, theirs) = (line(&["otp"]).await, api("otp/").await);
    assert_eq!(mine["results"], theirs["results"]);
    assert_eq!(mine["totals"], theirs["totals"]);
    let yesterday = ["otp", "--from", "2020-01-01", "--to", "2020-01-02"];
    assert_eq!(line(&yesterday).await["results"], json!([]));
    assert_eq!(
        line(&["users", "--limit", "2"])
            .await
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let masked = at(&house, &["--json", "analytics", "users"]).await.json();
    assert!(!masked.to_string().contains("a@example.com"), "{masked}");

    let report = at(&house, &["--json", "sources", "report"]).await.json();
    assert_eq!(report["results"][0]["share"], "66.7 %");
    assert_eq!(report["totals"], json!({ "sources": 2, "users": 3 }));
    let table = at(&house, &["sources", "report"]).await.text();
    for told in ["https://one.example", "otp_email 2", "66.7 %", "all"] {
        assert!(table.contains(told), "{told}: {table}");
    }
    let table = at(&house, &["analytics", "otp"]).await.text();
    assert!(table.contains("success 1.0"), "{table}");
}

#[tokio::test]
async fn wrong_ranges_are_told() {
    let house = House::open().await;
    for (arguments, told) in [
        (&["analytics", "otp", "--from", "yesterday"][..], "--from"),
        (&["analytics", "otp", "--to", "2026-02-30"], "--to"),
        (
            &[
                "analytics",
                "registrations",
                "--from",
                "2026-02-02",
                "--to",
                "2026-02-01",
            ],
            "not after",
        ),
        (&["analytics", "active", "--days", "0"], "--days"),
        (&["analytics", "users", "--since", "soon"], "--since"),
    ] {
        at(&house, arguments).await.failed(2, told);
    }
    let none = at(&house, &["analytics", "sources"]).await.text();
    assert_eq!(none, "none\n");
    let none = at(&house, &["--json", "analytics", "sources"]).await.json();
    assert_eq!(none, Value::Array(Vec::new()));
}
