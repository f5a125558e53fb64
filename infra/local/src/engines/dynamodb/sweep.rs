//! TTL: deletes what is past its end, as DynamoDB does now and then.
//!
//! An engine's own sweep goes by the machine's clock; this one goes by ours everywhere. Its records in the stream look
//! like anybody's deletions: without DynamoDB's `userIdentity`, which nothing here reads.

use serde_json::{Value, json};

use super::endpoint::{Endpoint, EngineError};
use crate::template::Table;

/// How many items a sweep looks at before it lets others in.
const AT_ONCE: usize = 200;

/// Sweeps a table page by page, so that others are let in between; an item that was given a later end meanwhile stays.
pub(super) async fn sweep(
    engine: &Endpoint,
    table: &Table,
    attribute: &str,
    now: i64,
) -> Result<usize, EngineError> {
    let keys: Vec<_> = table.create["KeySchema"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|key| key["AttributeName"].as_str())
        .collect();
    let mut names = json!({ "#ttl": attribute });
    let placeholders: Vec<_> = (0..keys.len()).map(|n| format!("#k{n}")).collect();
    for (placeholder, key) in placeholders.iter().zip(&keys) {
        names[placeholder] = (*key).into();
    }
    let values = json!({ ":now": { "N": now.to_string() }, ":number": { "S": "N" } });
    let over = "attribute_type(#ttl, :number) AND #ttl < :now";
    let mut page = json!({
        "TableName": table.name, "Limit": AT_ONCE, "FilterExpression": over,
        "ProjectionExpression": placeholders.join(", "),
        "ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
    });
    let mut swept = 0;
    loop {
        let read = engine.ask("Scan", &page).await?;
        for key in read["Items"].as_array().into_iter().flatten() {
            let delete = json!({
                "TableName": table.name, "Key": key, "ConditionExpression": over,
                "ExpressionAttributeNames": { "#ttl": attribute }, "ExpressionAttributeValues": values,
            });
            match engine.ask("DeleteItem", &delete).await {
                Ok(_) => swept += 1,
                Err(error) if error.is("ConditionalCheckFailedException") => {}
                Err(error) => return Err(error),
            }
        }
        match &read["LastEvaluatedKey"] {
            Value::Null => return Ok(swept),
            last => page["ExclusiveStartKey"] = last.clone(),
        }
    }
}
