//! The document against its rendered copy, and against the routes of template.yaml.

use std::collections::BTreeSet;

use document::document;
use serde_json::Value;

/// The address in the rendered copy.
const PUBLIC_URL: &str = "https://auth.example.com";

fn rendered() -> String {
    let document = serde_json::to_string_pretty(&document(PUBLIC_URL)).unwrap();
    document + "\n"
}

#[test]
fn the_document_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let rendered = rendered();
    if std::fs::read_to_string(path).ok().as_deref() != Some(&rendered) {
        std::fs::write(path, rendered).unwrap();
        panic!("docs/openapi.json was out of date; it is written anew, commit it");
    }
}

/// The paths of the template's routes, without the catch-all.
fn routes() -> BTreeSet<&'static str> {
    let template = include_str!("../../../template.yaml");
    template
        .lines()
        .filter_map(|line| line.split("RouteKey: ").nth(1))
        .filter_map(|key| key.trim_start_matches('"').strip_prefix("ANY "))
        .filter_map(|path| path.split(['"', ',']).next())
        .collect()
}

fn paths() -> Vec<String> {
    let document: Value = serde_json::from_str(&rendered()).unwrap();
    document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// Whether a route of the template takes this path.
fn takes(route: &str, path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    match route.strip_suffix("/{proxy+}") {
        Some(root) => path
            .strip_prefix(root)
            .is_some_and(|rest| rest.starts_with('/')),
        None => route == path,
    }
}

#[test]
fn every_path_is_sent_to_a_function() {
    let routes = routes();
    assert!(
        routes.len() > 10,
        "the template is read wrongly: {routes:?}"
    );
    for path in paths() {
        assert!(routes.iter().any(|route| takes(route, &path)), "{path}");
    }
}

#[test]
fn every_route_family_is_described() {
    let paths = paths();
    for route in routes() {
        let family = route.strip_suffix("/{proxy+}").unwrap_or(route);
        assert!(paths.iter().any(|path| path.starts_with(family)), "{route}");
    }
}

#[test]
fn every_reference_points_to_something_and_everything_named_is_pointed_to() {
    let document: Value = serde_json::from_str(&rendered()).unwrap();
    let mut found = BTreeSet::new();
    collect(&document, &mut found);
    for reference in &found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} points nowhere"
        );
    }
    for kind in ["schemas", "responses", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(found.contains(&reference), "nothing points to {reference}");
        }
    }
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(reference) if name == "$ref" => {
                        found.insert(reference.clone());
                    }
                    other => collect(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}
