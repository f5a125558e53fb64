//! Answers against the API's document: nothing is said that the document does not name.

use std::sync::LazyLock;

use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../docs/openapi.json"))
        .expect("docs/openapi.json is JSON")
});

/// What an answer says without being documented, as JSON pointers into it.
///
/// `to` is the request's method and path. The answer to a path that the document does not have is judged as a problem.
pub(crate) fn undocumented(to: &str, status: u16, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let (method, path) = to.split_once(' ').unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let operation = operation(&method.to_lowercase(), path);
    let schema = match operation {
        _ if status >= 400 => DOCUMENT.pointer("/components/schemas/Problem"),
        Some(operation) if !body.is_null() => operation
            .pointer(&format!(
                "/responses/{status}/content/application~1json/schema"
            ))
            .or_else(|| panic!("{to}: {status} is not documented: {body}")),
        _ => None,
    };
    if let Some(schema) = schema {
        unnamed("", schema, body, &mut found);
    }
    found
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object()?;
    // A path without parameters goes first: `/identifiers/verify/` is not `/identifiers/{kind}/`.
    let exact = paths
        .get_key_value(path)
        .filter(|(_, methods)| methods.get(method).is_some());
    let found = exact.or_else(|| {
        let mut all = paths.iter();
        all.find(|(template, methods)| takes(template, path) && methods.get(method).is_some())
    });
    found?.1.get(method)
}

fn takes(template: &str, path: &str) -> bool {
    let parts = |path: &str| {
        path.trim_end_matches('/')
            .split('/')
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (template, path) = (parts(template), parts(path));
    template.len() == path.len()
        && template
            .iter()
            .zip(&path)
            .all(|(expected, part)| expected.starts_with('{') || expected == part)
}

fn unnamed(place: &str, schema: &Value, value: &Value, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = DOCUMENT.pointer(reference.trim_start_matches('#'));
        return unnamed(
            place,
            target.expect("every reference leads somewhere"),
            value,
            found,
        );
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let full = choices.iter().find(|choice| choice["type"] != "null");
        return unnamed(place, full.unwrap_or(&Value::Null), value, found);
    }
    match value {
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                unnamed(&format!("{place}/{n}"), &schema["items"], item, found);
            }
        }
        Value::Object(members) => {
            let Some(properties) = schema["properties"].as_object() else {
                return; // a map, or what is told as it is stored
            };
            for (name, member) in members {
                match properties.get(name) {
                    Some(schema) => unnamed(&format!("{place}/{name}"), schema, member, found),
                    None => found.push(format!("{place}/{name}")),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_member_that_is_not_documented_is_found() {
        let session = json!({"id": "ses_1", "amr": ["otp"], "colour": "red"});
        let listed = json!({"results": [session], "next": null, "total": 1});
        let found = undocumented("GET /api/auth/sessions/?limit=1", 200, &listed);
        assert_eq!(found, ["/results/0/colour", "/total"]);
        let problem = json!({"type": "x", "errors": [{"pointer": "/a", "hint": "b"}]});
        assert_eq!(
            undocumented("GET /nowhere", 404, &problem),
            ["/errors/0/hint"]
        );
    }
}
