//! An address goes from one person to the next: what was sent before is the first one's, what was sent since is not.

use local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{House, SignedIn, code_in};

use crate::addresses::{asks, links, proves};
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

/// Reports what became of the newest code to an address; gives the full id of its delivery.
async fn newest(house: &House, identifier: &str, outcome: &str) -> String {
    let messages = house.sent_to(identifier).await;
    let message = messages
        .iter()
        .find(|message| code_in(message).is_some())
        .unwrap();
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let body = json!({ "status": outcome });
    let _ = house.post(&path, &body).send().await.is(200);
    message["delivery_id"].as_str().unwrap().to_owned()
}

/// A delivery's id without its seal, as the table has it.
fn bare(sealed: &str) -> String {
    sealed[..sealed.len() - 16].to_owned()
}

/// The ids of all deliveries, without their seals.
async fn deliveries(house: &House) -> Vec<String> {
    let items = house.tables().ephemeral().await;
    let ids = items
        .iter()
        .filter_map(|item| item["pk"].as_str()?.strip_prefix("DELIVERY#"));
    ids.map(str::to_owned).collect()
}

/// THREATS L03, L04, L06; I8, I9.
#[tokio::test]
async fn former_address_leaves_what_was_sent_to_its_next_owner() {
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
    assert_eq!(of_jane["suppressions"]["items"], json!([]));
    let of_bob = exports(&house, &bob).await;
    assert!(of_bob.to_string().contains(&his), "{of_bob}");
    let suppressions = of_bob["suppressions"]["items"].as_array().unwrap();
    assert_eq!(suppressions.len(), 1);
    assert_eq!(suppressions[0]["identifier"], "x@example.com");
    assert_eq!(suppressions[0]["reason"], "complaint");

    is_erased(&house, &jane).await;
    let left = deliveries(&house).await;
    assert!(
        left.contains(&bare(&his)) && !left.contains(&bare(&hers)),
        "{left:?}"
    );
    assert_eq!(left.len(), 2, "his code and his welcome: {left:?}");
}

/// The same where nobody claims the address yet: anyone who asks for a code is a stranger.
#[tokio::test]
async fn former_address_leaves_what_strangers_ask_for_since() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let jane = house.visitor("x@example.com").signs_in().await;
    let of_jane = exports(&house, &jane).await;
    assert_eq!(of_jane["codes"]["items"].as_array().unwrap().len(), 1);
    let _ = links(&house, &jane, "jane@example.com").await;
    house.advance(61).await;
    let code = house.visitor("x@example.com").gets_a_code().await;
    let his = newest(&house, "x@example.com", "delivered").await;

    let of_jane = exports(&house, &jane).await;
    assert!(!of_jane.to_string().contains(&his), "{of_jane}");
    let codes = of_jane["codes"].to_string();
    assert!(!codes.contains("x@example.com"), "{codes}");
    is_erased(&house, &jane).await;
    assert_eq!(deliveries(&house).await, [bare(&his)]);
    let _ = house.visitor("x@example.com").is_let_in_with(&code).await;
}

/// I11, L03: of an address that was asked for and never proven nothing is left either; what its owner asks for is
/// theirs.
#[tokio::test]
async fn former_address_that_was_never_proven_is_exported_and_erased() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let _ = house.visitor("bob@example.com").signs_in().await;
    let his = deliveries(&house).await;
    let mut asked = Vec::new();
    for identifier in ["new@example.com", "new+tag@example.net", "bob@example.com"] {
        let _ = asks(&house, &jane, identifier).await.is(200);
        asked.push(newest(&house, identifier, "delivered").await);
    }

    let all = exports(&house, &jane).await;
    let requests = all["pending_requests"]["items"].as_array().unwrap();
    assert_eq!(requests.len(), 3, "{all}");
    for (identifier, id) in ["new@example.com", "new+tag@example.net", "bob@example.com"]
        .iter()
        .zip(&asked)
    {
        let request = requests.iter().find(|r| r["identifier"] == *identifier);
        let request = request.unwrap_or_else(|| panic!("{identifier}: {all}"));
        assert_eq!(request["delivery_ids"], json!([id]), "{all}");
        assert!(request["code_expires_at"].is_string(), "{all}");
    }
    let codes = all["codes"]["items"].as_array().unwrap();
    assert_eq!(codes.len(), 1, "sends before may be of others: {all}");
    assert_eq!(codes[0]["identifier"], "jane@example.com");
    assert_eq!(codes[0]["purpose"], "sign_in");
    let mut found = Vec::new();
    for delivery in all["deliveries"]["items"].as_array().unwrap() {
        found.push(delivery["delivery_id"].as_str().unwrap().to_owned());
    }
    for id in &asked {
        assert_eq!(
            found.iter().filter(|found| *found == id).count(),
            1,
            "{all}"
        );
    }
    assert_eq!(
        found.len(),
        5,
        "her own code, her welcome, and what she asked for: {all}"
    );

    is_erased(&house, &jane).await;
    let left = house.tables().ephemeral().await;
    let left: Vec<_> = left.iter().filter_map(|item| item["pk"].as_str()).collect();
    let challenges = house.tables().ephemeral().await;
    for challenge in &challenges {
        if challenge["pk"].as_str().unwrap().starts_with("CODE#link#") {
            let [nonce, owner] = ["nonce", "owner"].map(|name| challenge.get(name));
            assert_eq!([nonce, owner], [None, None], "{challenge:?}");
            let limits = ["s0", "m0"].map(|name| challenge.contains_key(name));
            assert!(
                limits.contains(&true),
                "they protect its owner: {challenge:?}"
            );
        }
    }
    assert!(
        !left
            .iter()
            .any(|pk| asked.iter().any(|id| pk.contains(&bare(id)))),
        "{left:?}"
    );
    let his_are_left = deliveries(&house)
        .await
        .iter()
        .filter(|id| his.contains(id))
        .count();
    assert_eq!(his_are_left, 1, "{left:?}");
}

/// What somebody else asked for since is theirs.
#[tokio::test]
async fn former_address_leaves_a_linking_code_of_the_next_one() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let bob = house.visitor("bob@example.com").signs_in().await;
    let _ = asks(&house, &jane, "new@example.com").await.is(200);
    house.advance(31).await;
    let _ = asks(&house, &bob, "new@example.com").await.is(200);
    let all = exports(&house, &jane).await;
    let request = &all["pending_requests"]["items"][0];
    assert_eq!(request["identifier"], "new@example.com");
    assert_eq!(request["code_expires_at"], json!(null), "{all}");
    is_erased(&house, &jane).await;
    let code = house.codes_sent_to("new@example.com").await.remove(0);
    let profile = proves(&house, &bob, "new@example.com", &code).await;
    assert_eq!(profile.is(200).json()["email"], "new@example.com");
}

/// A person who erases an account and makes another one asks under the same limits: they protect the address.
#[tokio::test]
async fn former_address_keeps_its_limits_when_the_asker_is_erased() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let victim = "victim@example.com";
    for round in 0..6 {
        let jane = house.visitor("jane@example.com").signs_in().await;
        let answer = asks(&house, &jane, victim).await;
        if round < 5 {
            let _ = answer.is(200);
        } else {
            answer.limited();
        }
        is_erased(&house, &jane).await;
        house.advance(31).await;
    }
    assert_eq!(house.sent_to(victim).await.len(), 5, "five an hour");
}

/// What an account was before is in items of its own: the account's item, which every request reads, does not grow.
#[tokio::test]
async fn former_address_does_not_grow_the_account() {
    let house = House::open().await;
    let jane = house.visitor("+14155552671").signs_in().await;
    let mut sizes = Vec::new();
    for n in 0..4 {
        let address = format!("jane{n}@example.com");
        let _ = links(&house, &jane, &address).await;
        let accounts = house.tables().accounts().await;
        let account = accounts.iter().find(|item| item["sk"] == "USER").unwrap();
        sizes.push(serde_json::to_string(account).unwrap().len());
        let former = accounts
            .iter()
            .filter(|item| item["sk"].as_str().unwrap().starts_with("FORMER#email#"));
        assert_eq!(former.count(), n);
        house.advance(61).await;
    }
    assert_eq!(sizes[1], sizes[3], "{sizes:?}");
}
