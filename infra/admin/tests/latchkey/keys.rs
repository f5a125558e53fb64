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
    let _ = rotate().await.text();
    let published = ring(&house).await;
    rotate().await.failed(2, "another 62 minutes");
    assert_eq!(ring(&house).await, published, "nothing changed");
    house.advance(62 * 60).await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let _ = rotate().await.text();
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
