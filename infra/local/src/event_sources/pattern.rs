//! Event patterns, as EventBridge and Lambda's event filters write them.

use serde_json::Value;

/// Whether an event fits a pattern: every member of the pattern fits, a list being alternatives.
pub(super) fn fits(pattern: &Value, event: &Value) -> bool {
    let Value::Object(members) = pattern else {
        return false;
    };
    members.iter().all(|(name, inner)| match inner {
        Value::Array(branches) if name == "$or" => {
            branches.iter().any(|branch| fits(branch, event))
        }
        Value::Array(alternatives) => any(alternatives, event.get(name)),
        Value::Object(_) => event.get(name).is_some_and(|found| fits(inner, found)),
        _ => false,
    })
}

fn any(alternatives: &[Value], found: Option<&Value>) -> bool {
    // A list in the event fits when one of its elements does.
    if let Some(Value::Array(elements)) = found {
        return elements
            .iter()
            .any(|element| any(alternatives, Some(element)));
    }
    alternatives.iter().any(|one| alternative(one, found))
}

fn alternative(wanted: &Value, found: Option<&Value>) -> bool {
    let Value::Object(operator) = wanted else {
        return found == Some(wanted);
    };
    let text = found.and_then(Value::as_str);
    operator
        .iter()
        .all(|(name, value)| match (name.as_str(), value) {
            ("exists", Value::Bool(wanted)) => found.is_some() == *wanted,
            ("prefix", Value::String(start)) => text.is_some_and(|t| t.starts_with(start)),
            ("suffix", Value::String(end)) => text.is_some_and(|t| t.ends_with(end)),
            ("equals-ignore-case", Value::String(other)) => {
                text.is_some_and(|t| t.eq_ignore_ascii_case(other))
            }
            ("anything-but", Value::Array(others)) => {
                found.is_some_and(|f| others.iter().all(|other| !alternative(other, Some(f))))
            }
            ("anything-but", other) => found.is_some_and(|f| !alternative(other, Some(f))),
            ("numeric", Value::Array(terms)) => number(found).is_some_and(|n| numeric(terms, n)),
            _ => false,
        })
}

/// A number, also in the text form in which DynamoDB writes it.
fn number(found: Option<&Value>) -> Option<f64> {
    match found? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn numeric(terms: &[Value], found: f64) -> bool {
    terms.chunks(2).all(|term| match term {
        [Value::String(comparison), limit] => limit.as_f64().is_some_and(|limit| match comparison
            .as_str()
        {
            "=" => (found - limit).abs() < f64::EPSILON,
            "<" => found < limit,
            "<=" => found <= limit,
            ">" => found > limit,
            ">=" => found >= limit,
            _ => false,
        }),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_fit_as_documented() {
        let event = json!({
            "eventName": "INSERT",
            "dynamodb": {"NewImage": {"pk": {"S": "DELIVERY#1"}, "n": {"N": "7"}}},
            "tags": ["a", "b"],
        });
        for (pattern, expected) in [
            (json!({}), true),
            (json!({"eventName": ["INSERT", "MODIFY"]}), true),
            (json!({"eventName": ["REMOVE"]}), false),
            (json!({"eventName": [{"anything-but": ["REMOVE"]}]}), true),
            (
                json!({"eventName": [{"anything-but": {"prefix": "INS"}}]}),
                false,
            ),
            (
                json!({"dynamodb": {"NewImage": {"pk": {"S": [{"prefix": "DELIVERY#"}]}}}}),
                true,
            ),
            (
                json!({"dynamodb": {"NewImage": {"pk": {"S": [{"prefix": "CODE#"}]}}}}),
                false,
            ),
            (
                json!({"dynamodb": {"NewImage": {"n": {"N": [{"numeric": [">", 5, "<=", 7]}]}}}}),
                true,
            ),
            (json!({"dynamodb": {"OldImage": [{"exists": false}]}}), true),
            (
                json!({"dynamodb": {"OldImage": {"pk": {"S": ["x"]}}}}),
                false,
            ),
            (json!({"tags": ["b"]}), true),
            (
                json!({"$or": [{"eventName": ["REMOVE"]}, {"tags": ["a"]}]}),
                true,
            ),
            (json!({"eventName": "INSERT"}), false),
        ] {
            assert_eq!(fits(&pattern, &event), expected, "{pattern}");
        }
    }
}
