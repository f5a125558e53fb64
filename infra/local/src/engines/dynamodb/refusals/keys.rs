//! Keys: never empty, also where they are only compared; never changed, also in a transaction.

use serde_json::Value;

use super::expression;

/// The most bytes of a sort key.
const LONGEST: usize = 1_024;

/// A query that compares its keys with an empty text, as `begins_with(sk, "")` does, or with one that is too long.
pub(super) fn compared(query: &Value) -> Option<String> {
    let condition = expression(query, "KeyConditionExpression")?;
    condition.tokens.iter().find_map(|token| {
        let (kind, value) = condition.value(token)?;
        if value == "" && matches!(kind, "S" | "B") {
            return Some(format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an \
                 empty string value. Key: {token}"
            ));
        }
        // The engine looks at the partition key itself.
        let sort = !condition.tokens.windows(3).any(|three| {
            three[1] == "=" && (three[0] == *token || three[2] == *token)
        });
        (sort && value.as_str().is_some_and(|text| text.len() > LONGEST)).then(|| {
            "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit \
             of 1024 bytes"
                .to_owned()
        })
    })
}

/// An action that changes an attribute of its own key.
pub(super) fn changed(action: &Value) -> Option<String> {
    let update = expression(action, "UpdateExpression")?;
    let key = action["Key"].as_object()?;
    let mut clause = "";
    for (place, token) in update.tokens.iter().enumerate() {
        if let Some(begun) = ["SET", "REMOVE", "ADD", "DELETE"]
            .into_iter()
            .find(|begun| update.is(place, begun))
        {
            clause = begun;
        }
        let is_target = clause != "SET" || update.is(place + 1, "=");
        let name = update.attribute(token);
        if is_target && key.contains_key(name) {
            return Some(format!(
                "One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part of \
                 the key"
            ));
        }
    }
    None
}
