//! The rows of the identifier vectors, over HTTP: what is refused is refused without a message, and what is one address
//! is one account (THREATS section 4).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{House, REQUEST};

use crate::race::Rounds;

fn rows(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../vectors/identifiers.json")).unwrap();
    all[kind].as_array().unwrap().clone()
}

/// D01–D09, B09
#[tokio::test]
async fn identifiers_are_accepted_or_refused_as_their_row_says() {
    let house = House::open().await;
    let mut refused = 0;
    for kind in ["email", "phone"] {
        for row in rows(kind) {
            let Some(input) = row["input"].as_str() else {
                continue;
            };
            let answer = house
                .post(REQUEST, &json!({ "identifier": input }))
                .from(&house.new_ip())
                .send()
                .await;
            match row["canonical"].as_str() {
                None => {
                    refused += 1;
                    assert!(matches!(answer.status, 400 | 422), "{row}: {}", answer.text);
                    if answer.status == 422 {
                        assert_eq!(
                            answer.json()["errors"][0]["pointer"],
                            "/identifier",
                            "{row}"
                        );
                    }
                }
                Some(canonical) => {
                    // Rows that are one address meet its cooldown.
                    assert!(matches!(answer.status, 200 | 429), "{row}: {}", answer.text);
                    let sent = house.sent_to(canonical).await;
                    assert!(!sent.is_empty(), "{row}: nothing was sent to {canonical}");
                    let challenge = house.tables().challenge(kind, canonical).await;
                    assert!(challenge.is_some(), "{row}: no challenge of {canonical}");
                    house.advance(6 * 3600).await;
                }
            }
        }
    }
    assert!(refused > 30, "{refused}");
    let canonical: Vec<_> = ["email", "phone"]
        .iter()
        .flat_map(|kind| rows(kind))
        .filter_map(|row| row["canonical"].as_str().map(str::to_owned))
        .collect();
    for message in house.outbox().await {
        let to = message["to"].as_str().unwrap();
        assert!(
            canonical.iter().any(|c| c == to),
            "a message went to {to:?}"
        );
    }
}

/// D03: rows of one canonical form are one account.
#[tokio::test]
async fn identifiers_spelled_differently_are_one_account() {
    let house = House::open().await;
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows("email").iter().chain(&rows("phone")) {
        if let (Some(input), Some(canonical)) = (row["input"].as_str(), row["canonical"].as_str()) {
            groups
                .entry(canonical.to_owned())
                .or_default()
                .push(input.to_owned());
        }
    }
    groups.retain(|_, inputs| inputs.len() > 1);
    assert!(!groups.is_empty());
    for (canonical, inputs) in groups {
        let mut ids: Vec<String> = Vec::new();
        for input in inputs.iter().take(4) {
            house.advance(6 * 3600).await;
            let visitor = house.visitor(input);
            let _ = visitor.asks_for_a_code().await.is(200);
            let code = house.visitor(&canonical).reads_the_code().await;
            let person = visitor.is_let_in_with(&code).await;
            ids.push(person.user["id"].as_str().unwrap().to_owned());
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{canonical}: {inputs:?}");
    }
    house.is_sound().await;
}

/// D04
#[tokio::test]
async fn identifiers_spelled_differently_register_one_account_at_once() {
    let house = House::open().await;
    let mut rounds = Rounds::default();
    while let Some(round) = rounds.next() {
        let jane = house.visitor(format!("jane{round}@example.com"));
        let code = jane.gets_a_code().await;
        let entries = (0..60).map(|n| {
            let spelling = if n % 2 == 0 {
                format!("JANE{round}@Example.com")
            } else {
                format!(" jane{round}@EXAMPLE.COM\t")
            };
            let visitor = house.visitor(spelling);
            let code = code.clone();
            async move { visitor.enters(&code).await }
        });
        let answers = futures_util::future::join_all(entries).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert!(won <= 1, "{won}");
        if rounds.is_clean(&answers) {
            assert_eq!(won, 1);
        }
        let claim = format!("CLAIM#email#jane{round}@example.com");
        let accounts = house.tables().accounts().await;
        let claims = accounts.iter().filter(|item| item["pk"] == claim.as_str());
        assert!(claims.count() <= 1);
    }
    house.is_sound().await;
}
