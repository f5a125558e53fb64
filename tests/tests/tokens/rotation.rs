//! Keys are changed while people work: nobody is refused.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::visitor::House;

/// The secret, through the API of Secrets Manager.
async fn secret(house: &House, operation: &str, body: Value) -> Value {
    let url = house.cloud.endpoint("secretsmanager").unwrap();
    let request = house
        .client
        .post(url)
        .header("x-amz-target", format!("secretsmanager.{operation}"))
        .header("content-type", "application/x-amz-json-1.1")
        .body(body.to_string());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// The name that the local cloud gives its secret.
const SECRET_ID: &str = "latchkey-local";

/// Changes one setting in the secret's document.
async fn put(house: &House, name: &str, value: Value) {
    let found = secret(house, "GetSecretValue", json!({"SecretId": SECRET_ID})).await;
    let mut document: Value =
        serde_json::from_str(found["SecretString"].as_str().unwrap()).unwrap();
    document[name] = value;
    let body = json!({"SecretId": SECRET_ID, "SecretString": document.to_string()});
    secret(house, "PutSecretValue", body).await;
}

async fn current_keys(house: &House) -> Value {
    let found = secret(house, "GetSecretValue", json!({"SecretId": SECRET_ID})).await;
    let document: Value = serde_json::from_str(found["SecretString"].as_str().unwrap()).unwrap();
    document["SIGNING_KEYS"].clone()
}

/// Refreshes, and uses what came of it; the next refresh token, or the answer that should not have been.
async fn work(house: &House, refresh: &str) -> Result<String, String> {
    let answer = house.refresh(refresh).await;
    if answer.status != 200 {
        return Err(format!("{answer:?}"));
    }
    let access = answer.text("access");
    let profile = house.get("/api/profile/", &access).await;
    if profile.status != 200 {
        return Err(format!("{profile:?}"));
    }
    if !house.is_active(&access).await {
        return Err("the access token is not active".into());
    }
    Ok(answer.text("refresh"))
}

/// The same key under another name and state; what rotates is the name, and making RSA keys would take longer than
/// the test.
fn named(key: &Value, kid: &str, state: &str) -> Value {
    json!({"kid": kid, "state": state, "pem": key["pem"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn key_rotation_under_load_refuses_nobody_and_arrives() {
    let house = House::open().await;
    let old = current_keys(&house).await[0].clone();
    let kid = old["kid"].as_str().unwrap().to_owned();
    let steps = [
        json!([old, named(&old, "b", "next")]),
        json!([named(&old, &kid, "previous"), named(&old, "b", "current")]),
        json!([
            named(&old, &kid, "previous"),
            named(&old, "b", "current"),
            named(&old, "c", "next")
        ]),
        json!([named(&old, "b", "previous"), named(&old, "c", "current")]),
    ];

    let mut people = Vec::new();
    for n in 0..6 {
        let held = house.sign_in(&format!("jane{n}@example.com")).await;
        people.push(held.refresh);
    }
    let (mut served, mut refused) = (0, Vec::new());
    for (n, step) in steps.into_iter().enumerate() {
        put(&house, "SIGNING_KEYS", step).await;
        // Every function reads the secret again within a minute; each of them may be at another point of it.
        for round in 0..6 {
            house.wait(17).await;
            let work = people.iter().map(|refresh| work(&house, refresh));
            for (person, next) in join_all(work).await.into_iter().enumerate() {
                served += 1;
                match next {
                    Ok(refresh) => people[person] = refresh,
                    Err(answer) => refused.push(format!("step {n}, round {round}: {answer}")),
                }
            }
        }
    }
    assert!(
        refused.is_empty(),
        "{} of {served}: {refused:#?}",
        refused.len()
    );

    let last = &people[0];
    let access = house.refresh(last).await.text("access");
    let header = access.split('.').next().unwrap();
    assert_eq!(header, header_of("c"), "the last key signs");
    let keys =
        super::visitor::answer(house.request(reqwest::Method::GET, "/.well-known/jwks.json")).await;
    let kids: Vec<_> = keys.body["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].clone())
        .collect();
    assert_eq!(kids, ["b", "c"]);
}

/// `{"typ":"at+jwt","alg":"RS256","kid":"c"}` in base64url, as we write it.
fn header_of(kid: &str) -> &'static str {
    assert_eq!(kid, "c");
    "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJSUzI1NiIsImtpZCI6ImMifQ"
}

#[tokio::test(flavor = "multi_thread")]
async fn key_rotation_of_a_pepper_keeps_old_tokens() {
    let house = House::open().await;
    let held = house.sign_in("jane@example.com").await;
    let found = secret(&house, "GetSecretValue", json!({"SecretId": SECRET_ID})).await;
    let document: Value = serde_json::from_str(found["SecretString"].as_str().unwrap()).unwrap();
    let old = document["PEPPERS"][0].clone();
    let new = json!({"version": 2, "secret": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="});
    let mut refresh = held.refresh.clone();
    for ring in [json!([old, new]), json!([new, old])] {
        put(&house, "PEPPERS", ring).await;
        house.wait(61).await;
        for _ in 0..3 {
            let answer = house.refresh(&refresh).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            refresh = answer.text("refresh");
        }
    }
    // Made with the new one by now: it stands without the old one.
    put(&house, "PEPPERS", json!([new])).await;
    house.wait(61).await;
    house.refresh(&refresh).await;
    house.wait(5).await;
    assert_eq!(house.refresh(&refresh).await.status, 200);
    assert_eq!(
        house.refresh(&held.refresh).await.code(),
        (401, "refresh_invalid")
    );
}
