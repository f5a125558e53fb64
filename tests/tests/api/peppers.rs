//! A pepper is changed while functions sleep: what was made by it is taken all the same.

use serde_json::{Value, json};
use tests::House;

/// Adds a pepper in front of the ring, or behind it as the next one.
async fn add_pepper(house: &House, state: Option<&str>) {
    let document = house.secret().await;
    let ring = match &document["PEPPERS"] {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        ring => ring.clone(),
    };
    let mut ring: Vec<Value> = serde_json::from_value(ring).unwrap();
    let version = ring
        .iter()
        .map(|p| p["version"].as_u64().unwrap())
        .max()
        .unwrap()
        + 1;
    let mut new =
        json!({ "version": version, "secret": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=" });
    match state {
        Some(state) => {
            ring[0]["state"] = json!("current");
            new["state"] = json!(state);
            ring.push(new);
        }
        None => ring.insert(0, new),
    }
    house.put_secret("PEPPERS", &json!(ring).to_string()).await;
}

/// Codes are asked for until they are made by the new pepper, which nobody else has seen.
async fn only_the_issuer_has_read_it(house: &House) {
    house.advance(61).await;
    for n in 0..3 {
        let _ = house
            .visitor(format!("somebody{n}@example.com"))
            .asks_for_a_code()
            .await
            .is(200);
        assert!(house.cloud().settle().await);
    }
}

#[tokio::test]
async fn peppers_that_a_function_slept_through_prove_codes_and_refresh() {
    let house = House::open().await;
    add_pepper(&house, None).await;
    only_the_issuer_has_read_it(&house).await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    let jane = jane.is_let_in_with(&code).await;
    let body = json!({ "refresh": jane.refresh });
    let answer = house.post("/api/auth/token/refresh/", &body).send().await;
    let tokens = answer.is(200).json();
    let body = json!({ "refresh": tokens["refresh"] });
    let _ = house
        .post("/api/auth/token/refresh/", &body)
        .send()
        .await
        .is(200);
}

#[tokio::test]
async fn peppers_that_the_webhook_slept_through_take_reports() {
    let house = House::open().await;
    add_pepper(&house, None).await;
    only_the_issuer_has_read_it(&house).await;
    let asked = house
        .visitor("jane@example.com")
        .asks_for_a_code()
        .await
        .is(200)
        .json();
    let message = house.sent_to("jane@example.com").await.remove(0);
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let report = json!({ "status": "delivered" });
    // While the secret cannot be read nobody knows whose the message is: the provider should report again.
    for background in [false, true] {
        let unread = json!({
            "service": "secretsmanager", "fault": "error", "times": 1000, "background": background
        });
        house.fault(unread).await;
    }
    let told = house.post(&path, &report).send().await.is(200).json();
    assert_eq!(told["status"], 503);
    assert!(house.end_faults().await > 0);
    house.advance(61).await;
    let told = house.post(&path, &report).send().await.is(200).json();
    assert!(told["status"].as_u64().unwrap() < 300, "{told}");
    let id = asked["delivery_id"].as_str().unwrap();
    let shown = house
        .get(&format!("/api/auth/otp/deliveries/{id}/"))
        .send()
        .await;
    assert_eq!(shown.is(200).json()["status"], "delivered");
}

/// The next pepper makes nothing.
#[tokio::test]
async fn peppers_that_are_published_make_nothing_yet() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    add_pepper(&house, Some("next")).await;
    for _ in 0..3 {
        house.advance(61).await;
        let body = json!({ "refresh": jane.refresh });
        let _ = house
            .post("/api/auth/token/refresh/", &body)
            .send()
            .await
            .is(200);
        assert!(house.cloud().settle().await);
    }
    let accounts = house.tables().accounts().await;
    let session = accounts
        .iter()
        .find(|item| item.contains_key("rh"))
        .unwrap();
    assert_eq!(session["pv"], 1, "{session:?}");
}
