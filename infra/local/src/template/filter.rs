//! What Lambda's filters for event sources may say: fewer things than EventBridge's patterns.
//!
//! Source: AWS Lambda Developer Guide, "Control which events Lambda sends to your function", the table "Filter rule
//! syntax", and for DynamoDB "Using event filtering with a DynamoDB event source".

use serde_json::Value;

/// Refuses a pattern with an operator that Lambda does not document. Amazon may take it all the same, or refuse the
/// mapping at the deployment, or never call the function.
pub(super) fn check(pattern: &Value) -> Result<(), String> {
    let Value::Object(members) = pattern else {
        return Err("expected an object of names and lists".to_owned());
    };
    for (name, inner) in members {
        match inner {
            Value::Array(branches) if name == "$or" => branches.iter().try_for_each(check)?,
            Value::Array(alternatives) => alternatives.iter().try_for_each(rule)?,
            Value::Object(_) => check(inner)?,
            other => return Err(format!("{name} is {other}; expected a list or an object")),
        }
    }
    Ok(())
}

fn rule(rule: &Value) -> Result<(), String> {
    let Value::Object(operator) = rule else {
        return match rule {
            Value::Array(_) => Err(format!("{rule} is no text, number, null or operator")),
            _ => Ok(()),
        };
    };
    let documented = match operator.iter().collect::<Vec<_>>()[..] {
        [(name, value)] => match (name.as_str(), value) {
            ("prefix" | "suffix" | "equals-ignore-case", Value::String(_)) => true,
            ("exists", Value::Bool(_)) => true,
            ("numeric", Value::Array(_)) => true,
            ("anything-but", Value::Array(others)) => others.iter().all(plain),
            _ => false,
        },
        _ => false,
    };
    documented
        .then_some(())
        .ok_or_else(|| format!("{rule} is no rule that Lambda documents for event sources"))
}

fn plain(value: &Value) -> bool {
    value.is_string() || value.is_number()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documented_rules_are_taken() {
        for rule in [
            json!("USER"),
            json!(7),
            json!(null),
            json!({"prefix": "SESSION#"}),
            json!({"suffix": ".png"}),
            json!({"equals-ignore-case": "a"}),
            json!({"exists": false}),
            json!({"numeric": [">", 5, "<=", 7]}),
            json!({"anything-but": ["a", "b"]}),
        ] {
            let pattern = json!({"dynamodb": {"Keys": {"sk": {"S": [rule]}}}});
            assert_eq!(check(&pattern), Ok(()));
        }
        assert_eq!(check(&json!({"$or": [{"a": ["b"]}, {"c": [1]}]})), Ok(()));
    }

    #[test]
    fn rules_of_the_bus_alone_are_refused() {
        for rule in [
            json!({"anything-but": {"prefix": "ACTIVITY#"}}),
            json!({"anything-but": [{"prefix": "a"}]}),
            json!({"prefix": {"equals-ignore-case": "a"}}),
            json!({"wildcard": "a*"}),
            json!({"cidr": "10.0.0.0/24"}),
            json!({"prefix": "a", "suffix": "b"}),
            json!({}),
        ] {
            let refusal = check(&json!({"$or": [{"sk": {"S": ["x", rule]}}]})).unwrap_err();
            assert!(refusal.contains("Lambda documents"), "{refusal}");
        }
        assert!(check(&json!({"sk": "USER"})).unwrap_err().contains("sk"));
    }
}
