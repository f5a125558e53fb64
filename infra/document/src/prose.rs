//! Words and examples for people, from prose/*.yaml.

use std::collections::BTreeMap;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde::Deserialize;
use serde_json::Value;
use shared::http::spec::Prose;

/// The address in the examples.
const SAMPLE: &str = "https://auth.example.com";

/// One group of routes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) group: String,
    /// What it is about.
    pub(crate) about: String,
    routes: BTreeMap<String, Prose>,
}

/// Reads a group, for an API at this URL.
///
/// # Panics
/// For a file that is not understood, which the first test finds.
pub(crate) fn read(text: &str, public_url: &str) -> Group {
    let text = text.replace(SAMPLE, public_url);
    let documents = Yaml::load_from_str(&text).expect("prose is YAML");
    let group = documents.first().map(value).unwrap_or_default();
    serde_json::from_value(group).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

impl Group {
    /// The prose of its routes, by their names.
    pub(crate) fn routes(self) -> impl Iterator<Item = (String, Prose)> {
        let group = self.group;
        self.routes.into_iter().map(move |(name, prose)| {
            let group = group.clone();
            (name, Prose { group, ..prose })
        })
    }
}

fn value(node: &Yaml) -> Value {
    match node {
        Yaml::Value(Scalar::Boolean(flag)) => (*flag).into(),
        Yaml::Value(Scalar::Integer(number)) => (*number).into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::String(text)) => text.as_ref().into(),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(entries) => {
            let name = |key| value(key).as_str().unwrap_or_default().to_owned();
            let entries = entries.iter();
            Value::Object(
                entries
                    .map(|(key, entry)| (name(key), value(entry)))
                    .collect(),
            )
        }
        _ => Value::Null,
    }
}
