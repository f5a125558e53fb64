//! YAML with CloudFormation's short tags (`!Ref`, `!Sub`, `!GetAtt` …), as plain JSON: for the local cloud, and for the
//! tests that hold template.yaml against the code.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value};

/// Reads the first document of `text`; `!Sub x` becomes `{"Fn::Sub": x}`, as CloudFormation itself reads it.
///
/// # Errors
/// Where the text is no YAML, or that it is empty.
pub fn read(text: &str) -> Result<Value, String> {
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    let first = documents.first().map(value);
    first.ok_or_else(|| "it is empty".to_owned())
}

fn value(node: &Yaml) -> Value {
    match node {
        Yaml::Value(scalar) => plain(scalar),
        Yaml::Representation(text, _, tag) => match tag {
            Some(tag) => tagged(&tag.suffix, Value::String(text.to_string())),
            None => Value::String(text.to_string()),
        },
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, entry)| (name(key), value(entry)))
                .collect(),
        ),
        Yaml::Tagged(tag, inner) => tagged(&tag.suffix, value(inner)),
        Yaml::Alias(_) | Yaml::BadValue => Value::Null,
    }
}

fn tagged(tag: &str, inner: Value) -> Value {
    let function = match tag {
        "Ref" | "Condition" => tag.to_owned(),
        other => format!("Fn::{other}"),
    };
    Value::Object(Map::from_iter([(function, inner)]))
}

fn plain(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(flag) => (*flag).into(),
        Scalar::Integer(number) => (*number).into(),
        Scalar::FloatingPoint(number) => number.into_inner().into(),
        Scalar::String(text) => text.as_ref().into(),
    }
}

fn name(key: &Yaml) -> String {
    match value(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_become_their_long_form() {
        let document = "A: !Ref Table\nB: !Sub 'x-${Stage}'\nC: !GetAtt T.Arn\nD: !If [Prod, 1, !Ref X]\nE: {F: true}";
        assert_eq!(
            read(document).unwrap(),
            json!({
                "A": {"Ref": "Table"},
                "B": {"Fn::Sub": "x-${Stage}"},
                "C": {"Fn::GetAtt": "T.Arn"},
                "D": {"Fn::If": ["Prod", 1, {"Ref": "X"}]},
                "E": {"F": true},
            })
        );
    }

    #[test]
    fn broken_yaml_is_a_sentence() {
        assert!(read("a: [").is_err_and(|sentence| !sentence.is_empty()));
        assert_eq!(read("").unwrap_err(), "it is empty");
    }
}
