//! Every kind of token against every use of one: only the diagonal opens.

use reqwest::Method;
use serde_json::json;

use super::visitor::{House, answer};

#[tokio::test(flavor = "multi_thread")]
async fn token_opens_only_what_it_was_made_for() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    house.sign_in("jane@example.com").await;
    let page = house.get("/api/auth/sessions/?limit=1", &held.access).await;
    let kinds = [
        ("access", held.access.clone()),
        ("refresh", held.refresh.clone()),
        ("device", held.device.clone()),
        ("cursor", page.text("next")),
        ("user id", held.user.clone()),
        (
            "session id",
            page.body["results"][0]["id"].as_str().unwrap().to_owned(),
        ),
    ];
    let mut opened = Vec::new();
    for (kind, token) in &kinds {
        let bearer = house.get("/api/profile/", token).await.status == 200;
        let verified = house.is_active(token).await;
        let path = format!("/api/auth/sessions/?cursor={token}");
        let cursor = house.get(&path, &held.access).await.status == 200;
        // Revoking comes before refreshing: it must not end the session for any kind but a refresh token.
        if *kind != "refresh" {
            assert_eq!(house.revoke(token).await.status, 204);
        }
        let refreshed = house.refresh(token).await.status == 200;
        let uses = [
            ("bearer", bearer),
            ("verify", verified),
            ("cursor", cursor),
            ("refresh", refreshed),
        ];
        for (name, done) in uses {
            if done {
                opened.push(format!("{kind} as {name}"));
            }
        }
    }
    assert_eq!(
        opened,
        [
            "access as bearer",
            "access as verify",
            "refresh as refresh",
            "cursor as cursor"
        ]
    );
    assert!(
        house.is_active(&held.access).await,
        "no wrong kind has revoked anything"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn access_token_is_taken_from_one_well_formed_header_only() {
    let house = House::open().await;
    let access = house.sign_in("jane@example.com").await.access;
    let status = async |value: String| {
        let request = house.request(Method::GET, "/api/profile/");
        answer(request.header("authorization", value)).await.status
    };
    for good in [
        format!("Bearer {access}"),
        format!("bearer {access}"),
        format!("BEARER {access}"),
    ] {
        assert_eq!(status(good).await, 200);
    }
    for wrong in [
        access.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {access}"),
        format!("Bearer {access}, Bearer {access}"),
        format!("Bearer {access} x"),
        format!("Token {access}"),
    ] {
        assert_eq!(status(wrong.clone()).await, 401, "{wrong}");
    }
    let twice = house
        .request(Method::GET, "/api/profile/")
        .header("authorization", format!("Bearer {access}"))
        .header("authorization", format!("Bearer {access}"));
    assert_eq!(answer(twice).await.status, 401);
    let path = format!("/api/profile/?access_token={access}");
    let in_query = answer(house.request(Method::GET, &path)).await;
    assert_eq!(in_query.code(), (401, "unauthenticated"));
    assert_eq!(in_query.headers["www-authenticate"], "Bearer");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_token_ends_with_its_time() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    let answer = house
        .post("/api/auth/token/verify/", &json!({"token": held.access}))
        .await;
    assert_eq!(answer.body["sub"], json!(held.user));
    assert_eq!(answer.body["amr"], json!(["otp", "email"]));
    house.wait(900 + 61).await;
    let answer = house
        .post("/api/auth/token/verify/", &json!({"token": held.access}))
        .await;
    assert_eq!(answer.body, json!({"active": false}));
    assert_eq!(
        house.get("/api/profile/", &held.access).await.code(),
        (401, "unauthenticated")
    );
}
