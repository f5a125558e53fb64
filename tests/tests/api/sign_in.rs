//! A person signs in by e-mail.

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
