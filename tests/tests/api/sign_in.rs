//! A person signs in by e-mail.

use serde_json::json;
use tests::{House, steps};

#[tokio::test]
async fn sign_in_by_a_code_from_a_mail() {
    let house = House::open().await;
    let jane = house.visitor("Jane@Example.com");

    let sent = jane.asks_for_a_code().await.is(200);
    let body = sent.json();
    assert_eq!(body["success"], true);
    assert_eq!(body["message"], "OTP sent successfully");
    assert_eq!(body["channel"], "email");
    assert_eq!(body["expires_in"], 600);
    assert_eq!(body["resend_in"], 30);
    assert!(body["delivery_id"].as_str().unwrap().starts_with("dlv_"));

    let code = jane.reads_the_code().await;
    let welcome = jane.enters(&code).await.is(200);
    let body = welcome.json();
    assert_eq!(body["success"], true);
    assert_eq!(body["message"], "Authentication successful");
    assert_eq!(body["user"]["email"], "jane@example.com");
    assert_eq!(body["user"]["phone_number"], serde_json::Value::Null);
    assert_eq!(body["user"]["full_name"], "");
    assert_eq!(body["user"]["is_new_user"], true);
    assert_eq!(body["user"]["is_verified"], true);
    assert_eq!(body["tokens"]["token_type"], "Bearer");
    assert_eq!(body["tokens"]["expires_in"], 900);
    assert_eq!(body["tokens"]["refresh_expires_in"], 2_592_000);
    assert_eq!(welcome.header("cache-control"), Some("no-store"));

    let access = body["tokens"]["access"].as_str().unwrap();
    let profile = house
        .get("/api/profile/")
        .bearer(access)
        .send()
        .await
        .is(200);
    let shown = profile.json();
    assert_eq!(shown["id"], body["user"]["id"]);
    assert_eq!(shown["email"], "jane@example.com");
    assert_eq!(profile.header("cache-control"), Some("no-store"));
    house.is_sound().await;
}

#[tokio::test]
async fn sign_in_takes_the_promised_steps() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let cost = async |answer: &tests::Answer| {
        let calls = house.calls_of(&answer.request_id()).await;
        assert!(!calls.is_empty());
        (steps(&calls), format!("{calls:#?}"))
    };
    for _ in 0..2 {
        let sent = jane.asks_for_a_code().await.is(200);
        let (found, calls) = cost(&sent).await;
        assert_eq!(found, 3, "{calls}");
        let code = jane.reads_the_code().await;

        let wrong = jane.enters(&tests::another_code(&code, 0)).await.is(401);
        let (found, calls) = cost(&wrong).await;
        assert_eq!(found, 2, "{calls}");

        let welcome = jane.enters(&code).await.is(200);
        let (found, calls) = cost(&welcome).await;
        assert_eq!(found, 3, "{calls}");

        let access = tests::SignedIn::read(&welcome).access;
        let profile = house
            .get("/api/profile/")
            .bearer(&access)
            .send()
            .await
            .is(200);
        let (found, calls) = cost(&profile).await;
        assert_eq!(found, 1, "{calls}");
        house.advance(31).await;
    }
}

/// A lower `SESSIONS_PER_USER` counts from the next sign-in on.
#[tokio::test]
async fn redeem_ends_as_many_sessions_as_are_too_many() {
    let house = House::with(local::Options::memory().set("SESSIONS_PER_USER", "2")).await;
    let jane = house.visitor("jane@example.com");
    let first = jane.signs_in().await;
    let pk = format!("USER#{}", first.user["id"].as_str().unwrap());
    let end = house.now().as_millisecond() + 86_400_000;
    let many: serde_json::Map<_, _> = (0..89)
        .map(|n| {
            let id = format!("ses_0193a5b2c3d47e8f9a0b1c2d3e4f{n:04x}");
            (id, json!({ "N": (end + n).to_string() }))
        })
        .collect();
    let values = json!({ ":many": { "M": many } });
    house
        .tables()
        .update(tests::ACCOUNTS, &pk, "USER", "SET sessions = :many", values)
        .await;
    house.advance(61).await;
    let second = jane.signs_in().await;
    let accounts = house.tables().accounts().await;
    let user = accounts
        .iter()
        .find(|item| item["pk"] == pk.as_str() && item["sk"] == "USER")
        .unwrap();
    let sessions = user["sessions"].as_object().unwrap();
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    let newest = "ses_0193a5b2c3d47e8f9a0b1c2d3e4f0058";
    assert!(
        sessions.contains_key(newest),
        "the one that ends last stays: {sessions:?}"
    );
    let shown = house
        .get("/api/profile/")
        .bearer(&second.access)
        .send()
        .await;
    let _ = shown.is(200);
}
