//! What others need to check our tokens by themselves.

use serde_json::json;

use super::visitor::{House, answer};
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn discovery_and_keys_hold_public_members_only() {
    let house = House::open().await;
    let keys = answer(house.request(Method::GET, "/.well-known/jwks.json")).await;
    assert_eq!(keys.status, 200);
    assert_eq!(keys.headers["content-type"], "application/json");
    assert_eq!(keys.headers["cache-control"], "public, max-age=3600");
    let list = keys.body["keys"].as_array().unwrap();
    assert_eq!(list.len(), 1);
    let mut members: Vec<_> = list[0].as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);

    let document = answer(house.request(Method::GET, "/.well-known/openid-configuration")).await;
    assert_eq!(document.headers["cache-control"], "public, max-age=3600");
    assert_eq!(document.text("issuer"), house.cloud.url());
    assert_eq!(
        document.text("jwks_uri"),
        format!("{}/.well-known/jwks.json", house.cloud.url())
    );
    assert_eq!(
        document.body["id_token_signing_alg_values_supported"],
        json!(["RS256"])
    );

    let made_up = answer(house.request(Method::GET, "/.well-known/made-up")).await;
    assert_eq!(made_up.code(), (404, "not_found"));
    let posted = house.post("/.well-known/jwks.json", &json!({})).await;
    assert_eq!(posted.code(), (405, "method_not_allowed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_have_pages_and_unknown_paths_are_problems() {
    let house = House::open().await;
    let nothing = answer(house.request(Method::GET, "/api/nothing/")).await;
    assert_eq!(nothing.code(), (404, "not_found"));
    let page = nothing.text("type");
    assert_eq!(page, format!("{}/problems/not_found", house.cloud.url()));
    let page = house.client.get(page).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let other = answer(house.request(Method::GET, "/problems/made-up")).await;
    assert_eq!(other.code(), (404, "not_found"));
}
