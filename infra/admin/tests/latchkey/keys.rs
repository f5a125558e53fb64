//! Signing keys: a rotation costs no request.

use serde_json::Value;
use tests::House;

use crate::at;

/// The keys' names by state.
async fn ring(house: &House) -> Vec<(String, String)> {
    let listed = at(house, &["--json", "keys", "list"]).await.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let keys = listed.as_array().into_iter().flatten();
    keys.map(|key| (text(&key["state"]), text(&key["kid"])))
        .collect()
}

fn kid(ring: &[(String, String)], state: &str) -> Option<String> {
    let found = ring.iter().find(|(found, _)| found == state);
    found.map(|(_, kid)| kid.clone())
}

#[tokio::test]
async fn two_rotations_in_a_row_drop_no_key_whose_tokens_are_in_time() {
    let house = House::open().await;
    let signed = kid(&ring(&house).await, "current").unwrap();
    let rotate = async || at(&house, &["keys", "rotate", "--kind", "es256"]).await;
    // The first publishes a next key; the second lets it sign, when everybody knows it.
    let told = rotate().await.text();
    assert!(told.contains("is only published"), "{told}");
    let published = ring(&house).await;
    rotate().await.failed(2, "another 62 minutes");
    assert_eq!(ring(&house).await, published, "nothing changed");
    house.advance(62 * 60).await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let told = rotate().await.text();
    let next = kid(&published, "next").unwrap();
    assert!(
        told.contains(&format!("{next} signs from now on")),
        "{told}"
    );
    let rotated = ring(&house).await;
    assert_eq!(kid(&rotated, "previous"), Some(signed.clone()));
    rotate().await.failed(2, "another 62 minutes");
    assert_eq!(ring(&house).await, rotated, "nothing changed");
    let profile = house.get("/api/profile/").bearer(&jane.access).send().await;
    assert_eq!(profile.status, 200);

    house.advance(62 * 60).await;
    let _ = rotate().await.text();
    let later = ring(&house).await;
    assert_eq!(kid(&later, "previous"), kid(&rotated, "current"));
    assert!(later.iter().all(|(_, kid)| *kid != signed));
    let forced = at(&house, &["keys", "rotate", "--kind", "es256", "--force"]).await;
    let _ = forced.text();
    assert_eq!(kid(&ring(&house).await, "previous"), kid(&later, "current"));
}

#[tokio::test]
async fn a_full_secret_is_not_filled_anew() {
    let house = House::open().await;
    let before = ring(&house).await;
    at(&house, &["keys", "new"])
        .await
        .failed(2, "holds keys already");
    assert_eq!(ring(&house).await, before);
}

/// A pepper is known before it makes anything, and taking one out says what is forgotten.
#[tokio::test]
async fn peppers_are_published_used_and_taken_out_when_that_is_meant() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let listed = async || at(&house, &["--json", "peppers", "list"]).await.json();
    let first = listed().await[0]["version"].as_u64().unwrap();
    let second = (first + 1).to_string();
    let _ = at(&house, &["peppers", "add"]).await.text();
    assert_eq!(listed().await[0]["state"], "current");
    assert_eq!(listed().await[1]["state"], "next");
    at(&house, &["peppers", "remove", &first.to_string(), "--yes"])
        .await
        .failed(2, "current one");
    let _ = at(&house, &["peppers", "use", &second]).await.text();
    assert_eq!(listed().await[0]["state"], "previous");
    at(&house, &["peppers", "remove", &first.to_string()])
        .await
        .failed(2, "opted out are written to again");
    house.advance(120).await;
    let body = serde_json::json!({ "refresh": jane.refresh });
    let answer = house.post("/api/auth/token/refresh/", &body).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let _ = at(&house, &["peppers", "remove", &first.to_string(), "--yes"])
        .await
        .text();
    assert_eq!(listed().await.as_array().unwrap().len(), 1);
    at(&house, &["peppers", "use", "99"])
        .await
        .failed(3, "no pepper 99");
}
