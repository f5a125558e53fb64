//! Numbers for admins: they equal what was done.

use serde_json::{Value, json};
use tests::{Answer, House, SignedIn};

async fn admin(house: &House) -> SignedIn {
    let admin = house.visitor("admin@example.com").signs_in().await;
    let pk = format!("USER#{}", admin.user["id"].as_str().unwrap());
    let roles = json!({ ":roles": { "L": [{ "S": "admin" }] } });
    house
        .tables()
        .update("latchkey-accounts", &pk, "USER", "SET roles=:roles", roles)
        .await;
    admin
}

async fn asks(house: &House, admin: &SignedIn, path: &str) -> Answer {
    let path = format!("/api/analytics/{path}");
    house.get(&path).bearer(&admin.access).send().await
}

#[tokio::test]
async fn only_admins_see_numbers() {
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

#[tokio::test]
async fn numbers_equal_what_was_done() {
    let house = House::open().await;
    let admin = admin(&house).await;
    let first_day = house.now().to_string()[..10].to_owned();
    let from =
        |identifier: &str, source: &str| json!({ "identifier": identifier, "source_url": source });
    for (who, source) in [
        ("a@example.com", "https://one.example/x"),
        ("b@example.com", "https://one.example/y?z"),
        ("+14155550100", "https://two.example"),
    ] {
        let visitor = house.visitor(who);
        let _ = visitor.asks(&from(who, source)).await.is(200);
        let _ = visitor.asks(&from(who, source)).await.is(429);
        let code = visitor.reads_the_code().await;
        let _ = visitor.enters(&tests::another_code(&code, 0)).await.is(401);
        let _ = visitor.is_let_in_with(&code).await;
    }

    let sources = asks(&house, &admin, "sources/?limit=1")
        .await
        .is(200)
        .json();
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
    let rest = asks(&house, &admin, &format!("sources/?cursor={cursor}"))
        .await
        .is(200)
        .json();
    assert_eq!(rest["results"][0]["source"]["name"], "two.example");
    assert_eq!(rest["results"][0]["by_method"], json!({ "otp_phone": 1 }));
    assert_eq!(
        (rest["results"].as_array().unwrap().len(), &rest["next"]),
        (1, &Value::Null)
    );

    let registrations = asks(&house, &admin, "registrations/").await.is(200).json();
    let expected =
        json!([{ "day": first_day, "total": 4, "by_method": { "otp_email": 3, "otp_phone": 1 } }]);
    assert_eq!(registrations["results"], expected);

    let otp = asks(&house, &admin, "otp/").await.is(200).json();
    let phone = otp["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["channel"] == "phone")
        .unwrap();
    let expected = json!({
        "day": first_day, "channel": "phone", "requested": 1, "sent": 1, "delivered": 0, "verified": 1,
        "failed": 1, "limited": 1,
    });
    assert_eq!(phone, &expected);
    assert_eq!(otp["totals"]["requested"], 4);
    assert_eq!(otp["totals"]["limited"], 3);
    assert_eq!(otp["totals"]["success_rate"], 1.0);

    let users = asks(&house, &admin, "users/?limit=3").await.is(200).json();
    let newest = &users["results"][0];
    assert_eq!(newest["phone_number"], "+14155550100");
    assert_eq!(newest["source"]["name"], "two.example");
    let cursor = users["next"].as_str().unwrap();
    let rest = asks(&house, &admin, &format!("users/?cursor={cursor}"))
        .await
        .is(200)
        .json();
    assert_eq!(rest["results"][0]["email"], "admin@example.com");

    // A refreshed session is a sign of life; everybody else stays on the first day.
    house.advance(2 * 24 * 60 * 60).await;
    let refresh = json!({ "refresh": admin.refresh });
    let fresh = house
        .post("/api/auth/token/refresh/", &refresh)
        .send()
        .await
        .is(200)
        .json();
    let admin = SignedIn {
        access: fresh["access"].as_str().unwrap().to_owned(),
        ..admin
    };
    let active = async |days| {
        asks(&house, &admin, &format!("active/?days={days}"))
            .await
            .is(200)
            .json()
    };
    assert_eq!(active(1).await, json!({ "days": 1, "active_users": 1 }));
    assert_eq!(active(2).await["active_users"], 1);
    assert_eq!(active(3).await["active_users"], 4);
}
