//! An address goes from one person to the next: what was sent before is the first one's, what was sent since is not.

use local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{House, SignedIn, code_in};

use crate::addresses::links;
use crate::profile::call;

async fn exports(house: &House, who: &SignedIn) -> Value {
    call(
        house,
        &who.access,
        Method::GET,
        "/api/profile/export/",
        None,
    )
    .await
    .is(200)
    .json()
}

async fn is_erased(house: &House, who: &SignedIn) {
    let _ = call(house, &who.access, Method::DELETE, "/api/profile/", None)
        .await
        .is(202);
}

/// Reports what became of the newest code to an address; gives the id of its delivery, without its seal.
async fn newest(house: &House, identifier: &str, outcome: &str) -> String {
    let messages = house.sent_to(identifier).await;
    let message = messages
        .iter()
        .find(|message| code_in(message).is_some())
        .unwrap();
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let body = json!({ "status": outcome });
    let _ = house.post(&path, &body).send().await.is(200);
    let sealed = message["delivery_id"].as_str().unwrap();
    sealed[..sealed.len() - 16].to_owned()
}

/// The ids of all deliveries.
async fn deliveries(house: &House) -> Vec<String> {
    let items = house.tables().ephemeral().await;
    let ids = items
        .iter()
        .filter_map(|item| item["pk"].as_str()?.strip_prefix("DELIVERY#"));
    ids.map(str::to_owned).collect()
}

/// ATTACKS L03, L04, L06; I8, I9.
#[tokio::test]
async fn what_was_sent_to_the_next_owner_is_theirs() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let jane = house.visitor("x@example.com").signs_in().await;
    let hers = newest(&house, "x@example.com", "delivered").await;
    let _ = links(&house, &jane, "jane@example.com").await;
    house.advance(61).await;
    let bob = house.visitor("x@example.com").signs_in().await;
    let his = newest(&house, "x@example.com", "complaint").await;

    let of_jane = exports(&house, &jane).await;
    let text = of_jane.to_string();
    assert!(text.contains(&hers), "her own stay hers: {of_jane}");
    assert!(!text.contains(&his), "{of_jane}");
    assert_eq!(of_jane["suppressions"], json!([]));
    let of_bob = exports(&house, &bob).await;
    assert!(of_bob.to_string().contains(&his), "{of_bob}");
    assert_eq!(of_bob["suppressions"].as_array().unwrap().len(), 1);

    is_erased(&house, &jane).await;
    assert_eq!(deliveries(&house).await, [his], "hers are gone, his stay");
}

/// The same where nobody claims the address yet: whoever asks for a code is a stranger.
#[tokio::test]
async fn what_strangers_ask_for_since_is_theirs() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let jane = house.visitor("x@example.com").signs_in().await;
    let of_jane = exports(&house, &jane).await;
    assert_eq!(of_jane["codes"].as_array().unwrap().len(), 1);
    let _ = links(&house, &jane, "jane@example.com").await;
    house.advance(61).await;
    let code = house.visitor("x@example.com").gets_a_code().await;
    let his = newest(&house, "x@example.com", "delivered").await;

    let of_jane = exports(&house, &jane).await;
    assert!(!of_jane.to_string().contains(&his), "{of_jane}");
    let codes = of_jane["codes"].to_string();
    assert!(!codes.contains("x@example.com"), "{codes}");
    is_erased(&house, &jane).await;
    assert_eq!(deliveries(&house).await, [his]);
    let _ = house.visitor("x@example.com").is_let_in_with(&code).await;
}
