//! Reads the tables as an operator with the `aws` command line would: through the engine's own endpoint.

use serde_json::{Map, Value, json};

use crate::House;

/// An item as plain JSON: `{"S": "a"}` is `"a"`, `{"N": "1"}` is `1`.
pub type Item = Map<String, Value>;

/// The way to the tables.
pub struct Tables<'h> {
    house: &'h House,
    endpoint: String,
}

/// The table of people, on this machine.
pub const ACCOUNTS: &str = "latchkey-accounts";
/// The table of codes, on this machine.
pub const EPHEMERAL: &str = "latchkey-ephemeral";

impl House {
    /// The tables of this house.
    #[must_use]
    pub fn tables(&self) -> Tables<'_> {
        Tables {
            house: self,
            endpoint: self.cloud().endpoint("dynamodb").expect("DynamoDB"),
        }
    }
}

impl Tables<'_> {
    /// Every item of the table of people.
    pub async fn accounts(&self) -> Vec<Item> {
        self.scan(ACCOUNTS).await
    }

    /// Every item that hangs on a person.
    pub async fn person(&self, user: &str) -> Vec<Item> {
        let order = json!({
            "TableName": ACCOUNTS,
            "KeyConditionExpression": "pk=:pk",
            "ExpressionAttributeValues": { ":pk": { "S": format!("USER#{user}") } },
        });
        let found = self.order("Query", &order).await;
        let items = found["Items"].as_array().into_iter().flatten();
        items.map(plain_map).collect()
    }

    /// Every item of the table of codes, limits and deliveries.
    pub async fn ephemeral(&self) -> Vec<Item> {
        self.scan(EPHEMERAL).await
    }

    /// Every item of both tables as DynamoDB gives it, for a search over all there is.
    pub async fn dump(&self) -> String {
        let accounts = self.order("Scan", &json!({ "TableName": ACCOUNTS })).await;
        let ephemeral = self.order("Scan", &json!({ "TableName": EPHEMERAL })).await;
        format!("{accounts}{ephemeral}")
    }

    /// The challenge of an address for signing in, if there is one.
    pub async fn challenge(&self, kind: &str, identifier: &str) -> Option<Item> {
        let pk = format!("CODE#signin#{kind}#{identifier}");
        let all = self.ephemeral().await;
        all.into_iter().find(|item| item["pk"] == pk.as_str())
    }

    /// Changes an item by hand, as only a test may: an update expression with its values in DynamoDB's form; `#name`
    /// stands for the attribute `name`, for those whose names are reserved words.
    pub async fn update(&self, table: &str, pk: &str, sk: &str, expression: &str, values: Value) {
        let mut order = json!({
            "TableName": table,
            "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
            "UpdateExpression": expression,
        });
        let names: Map<_, _> = expression
            .split('#')
            .skip(1)
            .map(|rest| {
                rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default()
            })
            .map(|name| (format!("#{name}"), json!(name)))
            .collect();
        if !names.is_empty() {
            order["ExpressionAttributeNames"] = Value::Object(names);
        }
        if values.is_object() {
            order["ExpressionAttributeValues"] = values;
        }
        let _ = self.order("UpdateItem", &order).await;
    }

    /// Puts items by hand, many at a time, in DynamoDB's form.
    pub async fn put_all(&self, table: &str, items: &[Value]) {
        for batch in items.chunks(25) {
            let puts: Vec<_> = batch
                .iter()
                .map(|item| json!({ "PutRequest": { "Item": item } }))
                .collect();
            let order = json!({ "RequestItems": { table: puts } });
            let _ = self.order("BatchWriteItem", &order).await;
        }
    }

    /// Gives a person the role `admin`, as the operator's command line does.
    pub async fn make_admin(&self, user: &str) {
        let order = json!({
            "TableName": ACCOUNTS,
            "Key": { "pk": { "S": format!("USER#{user}") }, "sk": { "S": "USER" } },
            "UpdateExpression": "SET #roles=:roles",
            "ExpressionAttributeNames": { "#roles": "roles" },
            "ExpressionAttributeValues": { ":roles": { "L": [{ "S": "admin" }] } },
        });
        let _ = self.order("UpdateItem", &order).await;
    }

    /// Deletes an item by hand.
    pub async fn delete(&self, table: &str, pk: &str, sk: &str) {
        let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        let _ = self
            .order("DeleteItem", &json!({ "TableName": table, "Key": key }))
            .await;
    }

    async fn scan(&self, table: &str) -> Vec<Item> {
        let (mut items, mut order) = (Vec::new(), json!({ "TableName": table }));
        loop {
            let page = self.order("Scan", &order).await;
            for item in page["Items"].as_array().expect("items") {
                items.push(plain_map(item));
            }
            match page.get("LastEvaluatedKey") {
                Some(key) if key.is_object() => order["ExclusiveStartKey"] = key.clone(),
                _ => return items,
            }
        }
    }

    async fn order(&self, operation: &str, order: &Value) -> Value {
        let (status, answer) = self.ask(operation, order).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// Sends the engine any order, and gives its status and its answer, refusals too.
    pub async fn ask(&self, operation: &str, order: &Value) -> (u16, Value) {
        let answer = self
            .house
            .client
            .post(&self.endpoint)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
            )
            .body(order.to_string())
            .send()
            .await
            .expect("the engine answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }
}

fn plain_map(item: &Value) -> Item {
    item.as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), plain(value)))
        .collect()
}

fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return Value::Null;
    };
    match (kind.as_str(), inner) {
        ("N", Value::String(number)) => serde_json::from_str(number).unwrap_or_default(),
        ("M", map) => Value::Object(plain_map(map)),
        ("L", Value::Array(list)) => list.iter().map(plain).collect(),
        ("NULL", _) => Value::Null,
        (_, other) => other.clone(),
    }
}
