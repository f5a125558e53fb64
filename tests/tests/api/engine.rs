//! What AWS refuses, the engine below the tests refuses too: otherwise code that fails on AWS passes here.

use serde_json::{Value, json};
use tests::{ACCOUNTS, House};

/// A query of one person's items.
fn query(condition: &str, sort: &str) -> Value {
    json!({
        "TableName": ACCOUNTS,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": { ":pk": { "S": "USER#1" }, ":sk": { "S": sort } },
    })
}

#[tokio::test]
async fn no_key_is_compared_with_an_empty_string() {
    let house = House::open().await;
    for condition in [
        "pk = :pk AND begins_with(sk, :sk)",
        "pk = :pk AND begins_with ( sk,:sk )",
        "pk = :pk AND sk = :sk",
        "pk = :pk AND sk >= :sk",
        "pk = :pk AND sk BETWEEN :sk AND :pk",
        "pk = :sk AND sk = :pk",
    ] {
        let (status, answer) = house.tables().ask("Query", &query(condition, "")).await;
        assert_eq!(status, 400, "{condition}: {answer}");
        let kind = answer["__type"].as_str().expect("a type");
        assert!(kind.ends_with("#ValidationException"), "{answer}");
        let (status, answer) = house.tables().ask("Query", &query(condition, "A")).await;
        assert_eq!(status, 200, "{condition}: {answer}");
    }
}
