//! What AWS refuses, the engine below the tests refuses too: otherwise code that fails on AWS passes here. The same
//! tests ask AWS's own DynamoDB Local where `bash tests/engines/run` runs them.

use serde_json::{Value, json};
use tests::{ACCOUNTS, EPHEMERAL, House};

/// 400 KB, the most that an item may have, names included.
const LARGEST: usize = 400 * 1024;

/// An operation, its request without the table, and what is to be seen of it.
type Case = (&'static str, &'static str, Value);

fn key(pk: &str, sk: &str) -> Value {
    json!({ "pk": { "S": pk }, "sk": { "S": sk } })
}

/// An item `A`, `B` with one attribute more.
fn item(value: &Value) -> Value {
    json!({ "pk": { "S": "A" }, "sk": { "S": "B" }, "x": value })
}

fn text(bytes: usize) -> Value {
    json!({ "S": "x".repeat(bytes) })
}

/// An update of `A`, `B` that gives `:v` a value.
fn update(expression: &str, value: &Value) -> Value {
    json!({
        "Key": key("A", "B"),
        "UpdateExpression": expression,
        "ExpressionAttributeValues": { ":v": value },
    })
}

/// A query of one partition, `:sk` being what its sort key is compared with.
fn query(condition: &str, sk: &str) -> Value {
    json!({
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": { ":pk": { "S": "A" }, ":sk": { "S": sk } },
    })
}

/// A transaction of these actions, each of which gets the table.
fn transaction(actions: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let actions = actions.into_iter().map(|(kind, mut action)| {
        action["TableName"] = ACCOUNTS.into();
        json!({ kind: action })
    });
    json!({ "TransactItems": actions.collect::<Vec<_>>() })
}

fn put(pk: &str) -> (&'static str, Value) {
    ("Put", json!({ "Item": key(pk, "B") }))
}

async fn ask(house: &House, operation: &str, order: &Value) -> (u16, Value) {
    let mut order = order.clone();
    if order["TransactItems"].is_null() && order["RequestItems"].is_null() {
        order["TableName"] = ACCOUNTS.into();
    }
    house.tables().ask(operation, &order).await
}

/// Each is refused for what it is, and not for what the tables hold.
async fn are_refused(cases: Vec<Case>) {
    let house = House::open().await;
    for (why, operation, order) in cases {
        let (status, answer) = ask(&house, operation, &order).await;
        assert_eq!(status, 400, "{why}: {answer}");
        let kind = answer["__type"].as_str().unwrap_or_default();
        assert!(kind.ends_with("#ValidationException"), "{why}: {answer}");
    }
}

async fn are_taken(cases: Vec<Case>) {
    let house = House::open().await;
    for (why, operation, order) in cases {
        let (status, answer) = ask(&house, operation, &order).await;
        assert_eq!(status, 200, "{why}: {answer}");
    }
}

const CONDITIONS: [&str; 6] = [
    "pk = :pk AND begins_with(sk, :sk)",
    "pk = :pk AND begins_with ( sk,:sk )",
    "pk = :pk AND sk = :sk",
    "pk = :pk AND sk >= :sk",
    "pk = :pk AND sk BETWEEN :sk AND :pk",
    "pk = :sk AND sk = :pk",
];

#[tokio::test]
async fn engine_refuses_to_compare_a_key_with_an_empty_string() {
    let all = |sk: &str| CONDITIONS.map(|condition| (condition, "Query", query(condition, sk)));
    are_refused(all("").to_vec()).await;
    are_taken(all("A").to_vec()).await;
    let long = "s".repeat(1_025);
    are_refused(vec![(
        "too long",
        "Query",
        query("pk = :pk AND sk > :sk", &long),
    )])
    .await;
}

#[tokio::test]
async fn engine_refuses_a_query_that_begins_at_half_a_key() {
    let mut from = query("pk = :pk AND sk > :sk", "A");
    from["ExclusiveStartKey"] = key("A", "");
    let mut half = from.clone();
    half["ExclusiveStartKey"] = json!({ "pk": { "S": "A" } });
    are_refused(vec![
        ("from an empty key", "Query", from),
        ("from half a key", "Query", half),
    ])
    .await;
}

#[tokio::test]
async fn engine_refuses_an_item_with_an_empty_key() {
    let delete =
        json!({ "RequestItems": { ACCOUNTS: [{ "DeleteRequest": { "Key": key("A", "") } }] } });
    let read = json!({ "RequestItems": { ACCOUNTS: { "Keys": [key("A", "")] } } });
    let mut update = update("SET x = :v", &text(1));
    update["Key"] = key("A", "");
    are_refused(vec![
        ("put", "PutItem", json!({ "Item": key("A", "") })),
        ("put", "PutItem", json!({ "Item": key("", "B") })),
        ("get", "GetItem", json!({ "Key": key("A", "") })),
        ("delete", "DeleteItem", json!({ "Key": key("", "B") })),
        ("update", "UpdateItem", update),
        ("delete many", "BatchWriteItem", delete),
        ("get many", "BatchGetItem", read),
        (
            "transaction",
            "TransactWriteItems",
            transaction([put("A"), put("")]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn engine_refuses_an_empty_key_of_an_index() {
    let house = House::open().await;
    let with = |to: &str| {
        let mut item = key("A", "B");
        item["to"] = json!({ "S": to });
        json!({ "TableName": EPHEMERAL, "Item": item })
    };
    let (status, answer) = house.tables().ask("PutItem", &with("")).await;
    assert_eq!(status, 400, "{answer}");
    let (status, answer) = house.tables().ask("PutItem", &with("C")).await;
    assert_eq!(status, 200, "{answer}");
    let query = json!({
        "TableName": EPHEMERAL,
        "IndexName": "recipients",
        "KeyConditionExpression": "#to = :to",
        "ExpressionAttributeNames": { "#to": "to" },
        "ExpressionAttributeValues": { ":to": { "S": "" } },
    });
    let (status, answer) = house.tables().ask("Query", &query).await;
    assert_eq!(status, 400, "{answer}");
}

#[tokio::test]
async fn engine_refuses_a_key_that_is_too_long() {
    let put = |pk: usize, sk: usize| json!({ "Item": key(&"p".repeat(pk), &"s".repeat(sk)) });
    are_refused(vec![
        ("partition", "PutItem", put(2_049, 1)),
        ("sort key", "PutItem", put(1, 1_025)),
    ])
    .await;
    are_taken(vec![("both", "PutItem", put(2_048, 1_024))]).await;
}

#[tokio::test]
async fn engine_refuses_an_empty_set() {
    let nested = json!({ "M": { "y": { "SS": [] } } });
    let batch = json!({ "RequestItems": { ACCOUNTS: [
        { "PutRequest": { "Item": item(&json!({ "SS": [] })) } }
    ] } });
    are_refused(vec![
        (
            "texts",
            "PutItem",
            json!({ "Item": item(&json!({ "SS": [] })) }),
        ),
        (
            "numbers",
            "PutItem",
            json!({ "Item": item(&json!({ "NS": [] })) }),
        ),
        (
            "bytes",
            "PutItem",
            json!({ "Item": item(&json!({ "BS": [] })) }),
        ),
        ("nested", "PutItem", json!({ "Item": item(&nested) })),
        (
            "set",
            "UpdateItem",
            update("SET x = :v", &json!({ "SS": [] })),
        ),
        (
            "add",
            "UpdateItem",
            update("ADD x :v", &json!({ "SS": [] })),
        ),
        ("batch", "BatchWriteItem", batch),
        (
            "transaction",
            "TransactWriteItems",
            transaction([("Put", json!({ "Item": item(&json!({ "SS": [] })) }))]),
        ),
        (
            "twice the same",
            "PutItem",
            json!({ "Item": item(&json!({ "SS": ["a", "a"] })) }),
        ),
    ])
    .await;
    are_taken(vec![
        (
            "an empty list",
            "PutItem",
            json!({ "Item": item(&json!({ "L": [] })) }),
        ),
        (
            "an empty text",
            "PutItem",
            json!({ "Item": item(&json!({ "S": "" })) }),
        ),
        (
            "an empty member",
            "PutItem",
            json!({ "Item": item(&json!({ "SS": [""] })) }),
        ),
    ])
    .await;
}

#[tokio::test]
async fn engine_refuses_an_item_over_400_kilobytes() {
    // `pk` and `sk` with a letter each, and the name `x`.
    let fits = LARGEST - 2 * 3 - 1;
    let batch = json!({ "RequestItems": { ACCOUNTS: [{ "PutRequest": { "Item": item(&text(fits + 1)) } }] } });
    are_refused(vec![
        ("put", "PutItem", json!({ "Item": item(&text(fits + 1)) })),
        (
            "update",
            "UpdateItem",
            update("SET x = :v", &text(fits + 1)),
        ),
        ("batch", "BatchWriteItem", batch),
        (
            "transaction",
            "TransactWriteItems",
            transaction([("Put", json!({ "Item": item(&text(fits + 1)) }))]),
        ),
    ])
    .await;
    are_taken(vec![(
        "put",
        "PutItem",
        json!({ "Item": item(&text(fits)) }),
    )])
    .await;
}

#[tokio::test]
async fn engine_refuses_to_grow_an_item_over_400_kilobytes() {
    let house = House::open().await;
    let half = update("SET x = :v", &text(LARGEST / 2));
    let (status, answer) = ask(&house, "UpdateItem", &half).await;
    assert_eq!(status, 200, "{answer}");
    let more = update("SET y = :v", &text(LARGEST / 2));
    let (status, answer) = ask(&house, "UpdateItem", &more).await;
    assert_eq!(status, 400, "{answer}");
}

#[tokio::test]
async fn engine_refuses_a_transaction_over_100_actions_or_4_megabytes() {
    let many = |count: usize| transaction((0..count).map(|n| put(&n.to_string())));
    let large = |bytes: usize| {
        transaction((0..11).map(|n| {
            let mut item = key(&n.to_string(), "B");
            item["x"] = text(bytes);
            ("Put", json!({ "Item": item }))
        }))
    };
    are_refused(vec![
        ("101", "TransactWriteItems", many(101)),
        ("none", "TransactWriteItems", many(0)),
        ("4.2 MB", "TransactWriteItems", large(390 * 1024)),
    ])
    .await;
    are_taken(vec![
        ("100", "TransactWriteItems", many(100)),
        ("3.6 MB", "TransactWriteItems", large(330 * 1024)),
    ])
    .await;
}

#[tokio::test]
async fn engine_refuses_two_actions_on_one_item() {
    let check = json!({ "Key": key("A", "B"), "ConditionExpression": "attribute_not_exists(pk)" });
    let delete = json!({ "Key": key("A", "B") });
    let two = [put("A"), ("Delete", delete.clone())];
    let mut both = transaction([put("A")]);
    both["TransactItems"][0]["Delete"] = delete;
    are_refused(vec![
        (
            "put twice",
            "TransactWriteItems",
            transaction([put("A"), put("A")]),
        ),
        (
            "check and put",
            "TransactWriteItems",
            transaction([("ConditionCheck", check), put("A")]),
        ),
        ("put and delete", "TransactWriteItems", transaction(two)),
        ("two in one", "TransactWriteItems", both),
    ])
    .await;
    are_taken(vec![(
        "two items",
        "TransactWriteItems",
        transaction([put("A"), put("B")]),
    )])
    .await;
}

#[tokio::test]
async fn engine_refuses_a_reserved_word_as_a_name() {
    let condition = |expression: &str| {
        let names = json!({ "#other": "other" });
        json!({ "Key": key("A", "B"), "ConditionExpression": expression, "ExpressionAttributeNames": names })
    };
    let mut cases = Vec::new();
    // Words that our items have, in any case of letters, also below another name.
    for word in [
        "status",
        "name",
        "ttl",
        "Status",
        "STATE",
        "to",
        "source",
        "roles",
        "region",
        "at.language",
        "language.at",
    ] {
        let expression = format!("SET {word} = :v");
        cases.push(("update", "UpdateItem", update(&expression, &text(1))));
        let expression = format!("attribute_not_exists(#other) AND attribute_not_exists({word})");
        cases.push(("condition", "DeleteItem", condition(&expression)));
        let action = update(&format!("REMOVE x SET {word} = :v"), &text(1));
        let action = transaction([("Update", action)]);
        cases.push(("transaction", "TransactWriteItems", action));
        let scan = json!({ "FilterExpression": format!("attribute_exists({word})") });
        cases.push(("filter", "Scan", scan));
        let get = json!({ "Key": key("A", "B"), "ProjectionExpression": format!("pk, {word}") });
        cases.push(("projection", "GetItem", get));
    }
    are_refused(cases).await;
}

#[tokio::test]
async fn engine_refuses_names_and_values_unused_or_unknown() {
    let value = |mut order: Value, name: &str| {
        order["ExpressionAttributeValues"][name] = text(1);
        order
    };
    let named = |mut order: Value| {
        order["ExpressionAttributeNames"] = json!({ "#n": "n" });
        order
    };
    let plain = || update("SET x = :v", &text(1));
    let check =
        || json!({ "Key": key("C", "B"), "ConditionExpression": "attribute_not_exists(pk)" });
    let all = |condition: &str| query(condition, "A");
    let scan = || json!({ "FilterExpression": "attribute_exists(pk)" });
    are_refused(vec![
        ("unused value", "UpdateItem", value(plain(), ":w")),
        ("unused name", "UpdateItem", named(plain())),
        (
            "no such value",
            "UpdateItem",
            update("SET x = :w", &text(1)),
        ),
        (
            "no such name",
            "UpdateItem",
            update("SET #x = :v", &text(1)),
        ),
        ("unused value", "DeleteItem", value(check(), ":w")),
        ("unused name", "DeleteItem", named(check())),
        (
            "name without use",
            "PutItem",
            named(json!({ "Item": key("A", "B") })),
        ),
        (
            "value without use",
            "PutItem",
            value(json!({ "Item": key("A", "B") }), ":w"),
        ),
        ("unused value", "Query", all("pk = :pk")),
        ("unused name", "Query", named(all("pk = :pk AND sk > :sk"))),
        ("unused value", "Scan", value(scan(), ":w")),
        ("unused name", "Scan", named(scan())),
        (
            "unused value",
            "TransactWriteItems",
            transaction([put("A"), ("ConditionCheck", value(check(), ":w"))]),
        ),
        (
            "unused name",
            "TransactWriteItems",
            transaction([("Update", named(plain())), ("ConditionCheck", check())]),
        ),
    ])
    .await;
    are_taken(vec![
        ("update", "UpdateItem", plain()),
        (
            "transaction",
            "TransactWriteItems",
            transaction([("ConditionCheck", check()), put("A")]),
        ),
        ("scan", "Scan", scan()),
    ])
    .await;
}

#[tokio::test]
async fn engine_refuses_to_update_a_key_or_an_attribute_twice() {
    are_refused(vec![
        ("the key", "UpdateItem", update("SET sk = :v", &text(1))),
        (
            "twice",
            "UpdateItem",
            update("SET x = :v REMOVE x", &text(1)),
        ),
        (
            "within",
            "UpdateItem",
            update("SET x = :v, x.y = :v", &text(1)),
        ),
        (
            "two parts",
            "UpdateItem",
            update("SET x = :v SET y = :v", &text(1)),
        ),
        (
            "no such map",
            "UpdateItem",
            update("SET z.y = :v", &text(1)),
        ),
        (
            "no such number",
            "UpdateItem",
            update("SET x = z + :v", &json!({ "N": "1" })),
        ),
    ])
    .await;
}

#[tokio::test]
async fn engine_refuses_a_transaction_that_changes_a_key() {
    let house = House::open().await;
    for expression in [
        "SET sk = :v",
        "SET x = :v REMOVE sk",
        "ADD pk :v",
        "DELETE #n :v",
    ] {
        let mut action = update(expression, &json!({ "SS": ["a"] }));
        if expression.contains('#') {
            action["ExpressionAttributeNames"] = json!({ "#n": "sk" });
        }
        let order = transaction([("Update", action)]);
        let (status, answer) = ask(&house, "TransactWriteItems", &order).await;
        assert_eq!(status, 400, "{expression}: {answer}");
    }
    let copied = update("SET x = sk, y = :v", &text(1));
    let order = transaction([("Update", copied)]);
    let (status, answer) = ask(&house, "TransactWriteItems", &order).await;
    // There is no such item, and so no key to copy: not that it may not be copied.
    assert!(
        status == 200 || !answer.to_string().contains("part of the key"),
        "{answer}"
    );
}

#[tokio::test]
async fn engine_refuses_a_condition_on_what_cannot_be_compared() {
    let order = |condition: &str, value: &Value| {
        json!({
            "Item": key("A", "B"),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": { ":v": value },
        })
    };
    let mut cases = Vec::new();
    for condition in [
        "x < :v",
        "x <= :v",
        "x > :v",
        ":v >= x",
        "x BETWEEN :v AND :v",
    ] {
        for value in [
            json!({ "BOOL": true }),
            json!({ "NULL": true }),
            json!({ "SS": ["a"] }),
            json!({ "L": [] }),
            json!({ "M": {} }),
        ] {
            cases.push(("operand", "PutItem", order(condition, &value)));
        }
    }
    for condition in [
        "x = x OR x = :v",
        "x <> x OR x = :v",
        "x IN (y, x, :v)",
        "begins_with(x, x) OR x = :v",
        "contains(x, x) OR x = :v",
        "attribute_type(x, :v)",
        "Attribute_Exists(x) OR x = :v",
        "exists(x) OR x = :v",
    ] {
        cases.push((
            "condition",
            "PutItem",
            order(condition, &json!({ "S": "Z" })),
        ));
    }
    are_refused(cases).await;
    let ok = |condition: &str, value: Value| {
        let condition = format!("attribute_not_exists(pk) OR {condition}");
        ("taken", "PutItem", order(&condition, &value))
    };
    are_taken(vec![ok("x <> :v", json!({ "M": {} }))]).await;
    are_taken(vec![ok("x BETWEEN :v AND :v", json!({ "N": "1" }))]).await;
    are_taken(vec![ok("attribute_type(x, :v)", json!({ "S": "BOOL" }))]).await;
    are_taken(vec![ok(
        "(NOT (x = :v)) AND size(x) > :v",
        json!({ "N": "1" }),
    )])
    .await;
    are_taken(vec![ok(
        "contains(x, :v) AND begins_with(x, :v)",
        json!({ "S": "a" }),
    )])
    .await;
}

#[tokio::test]
async fn engine_refuses_an_expression_that_is_too_large() {
    let values = |count: usize| {
        let values = (0..count).map(|n| (format!(":v{n}"), text(1)));
        values.collect::<serde_json::Map<_, _>>()
    };
    let order = |condition: String, count: usize| {
        json!({
            "Item": key("A", "B"),
            "ConditionExpression": format!("attribute_not_exists(pk) OR {condition}"),
            "ExpressionAttributeValues": values(count),
        })
    };
    let within = |count: usize| {
        let names: Vec<_> = (0..count).map(|n| format!(":v{n}")).collect();
        order(format!("x IN ({})", names.join(", ")), count)
    };
    let operators = |count: usize| order(vec!["x = :v0"; count].join(" OR "), 1);
    are_refused(vec![
        ("101 in a list", "PutItem", within(101)),
        ("more than 300 operators", "PutItem", operators(155)),
    ])
    .await;
    are_taken(vec![("100 in a list", "PutItem", within(100))]).await;
    are_taken(vec![("under 300 operators", "PutItem", operators(140))]).await;
}

#[tokio::test]
async fn engine_refuses_a_batch_over_25_writes_or_with_an_item_twice() {
    let delete = |pk: &str| json!({ "DeleteRequest": { "Key": key(pk, "B") } });
    let batch = |writes: Vec<Value>| json!({ "RequestItems": { ACCOUNTS: writes } });
    let many = |count: usize| batch((0..count).map(|n| delete(&n.to_string())).collect());
    are_refused(vec![
        ("26", "BatchWriteItem", many(26)),
        ("none", "BatchWriteItem", many(0)),
        (
            "twice",
            "BatchWriteItem",
            batch(vec![delete("A"), delete("A")]),
        ),
    ])
    .await;
    are_taken(vec![("25", "BatchWriteItem", many(25))]).await;
}

/// Any page that somebody has open can send requests to this machine: the engines' ports take none, nor another name.
#[tokio::test]
async fn engines_refuse_pages_and_foreign_hosts() {
    let house = House::open().await;
    #[expect(clippy::disallowed_methods, reason = "a page's place is taken here")]
    let client = reqwest::Client::new();
    for service in [
        "dynamodb",
        "secretsmanager",
        "ses",
        "sns",
        "twilio",
        "sendgrid",
    ] {
        let url = house.cloud().endpoint(service).unwrap();
        for (name, value) in [
            ("origin", "http://localhost:3000"),
            ("origin", "null"),
            ("host", "evil.example"),
        ] {
            for method in [reqwest::Method::POST, reqwest::Method::OPTIONS] {
                let call = client.request(method, &url).header(name, value);
                let answer = call.body("{}").send().await.unwrap();
                assert_eq!(answer.status(), 403, "{service} {name}: {value}");
                let open = answer.headers().get("access-control-allow-origin");
                assert!(open.is_none(), "{service} {name}: {value}");
            }
        }
    }
    let url = house.cloud().endpoint("s3").unwrap();
    let rebound = client.get(&url).header("host", "evil.example");
    assert_eq!(rebound.send().await.unwrap().status(), 403);
}
