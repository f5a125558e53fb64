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

/// The paths of the API's routes in the template: without the catch-all, and without the pages, which are for people.
fn routes() -> BTreeSet<&'static str> {
    let template = include_str!("../../../template.yaml");
    template
        .lines()
        .filter(|line| !line.contains("PagesIntegration"))
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

/// The properties in a part of the document that nobody explains, each with its place.
fn unexplained(place: &str, schema: &Value, found: &mut Vec<String>) {
    let properties = schema["properties"].as_object();
    for (name, property) in properties.into_iter().flatten() {
        let place = format!("{place}/{name}");
        if property["description"].as_str().is_none_or(str::is_empty) {
            found.push(place.clone());
        }
        unexplained(&place, property, found);
    }
    for part in ["items", "additionalProperties"] {
        if let Some(schema) = schema.get(part) {
            unexplained(place, schema, found);
        }
    }
}

/// So a field that is added to an answer, or a request that takes one more, does not stay without words.
#[test]
fn every_field_is_explained() {
    let document: Value = serde_json::from_str(&rendered()).unwrap();
    let mut found = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        unexplained(name, schema, &mut found);
    }
    for operation in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["description"].as_str().is_none_or(str::is_empty) {
                found.push(format!(
                    "{}?{}",
                    operation["operationId"], parameter["name"]
                ));
            }
        }
    }
    assert!(
        found.is_empty(),
        "without a doc comment, or words in prose/: {found:?}"
    );
}

#[test]
fn a_field_without_words_is_found() {
    #[derive(utoipa::ToSchema)]
    struct Answer {
        /// It has some.
        _told: u8,
        _untold: u8,
    }
    let schema = serde_json::to_value(<Answer as utoipa::PartialSchema>::schema()).unwrap();
    let mut found = Vec::new();
    unexplained("Answer", &schema, &mut found);
    assert_eq!(found, ["Answer/_untold"]);
}

/// The example of a refusal is what the route's own reader says of a wrong request.
#[test]
fn every_refusal_of_fields_names_some() {
    let document: Value = serde_json::from_str(&rendered()).unwrap();
    for operation in operations(&document) {
        let refusal = &operation["responses"]["422"]["content"]["application/problem+json"];
        let errors = &refusal["examples"]["invalid_request"]["value"]["errors"];
        let is_some = errors.as_array().is_some_and(|errors| !errors.is_empty());
        let name = &operation["operationId"];
        assert!(is_some || operation["responses"]["422"].is_null(), "{name}");
    }
}

fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document["paths"].as_object().unwrap().values();
    paths.flat_map(|methods| methods.as_object().unwrap().values())
}
