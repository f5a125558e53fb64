//! What docs/events promises to other systems, against the events that are really published.

use std::collections::{BTreeMap, BTreeSet};

use local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{House, another_code, code_in};

use crate::{read, template};

/// The schemas by the name of their event.
fn schemas() -> BTreeMap<String, Value> {
    let folder = crate::root("docs/events/schemas");
    let files = std::fs::read_dir(folder).expect("schemas");
    files
        .map(|file| {
            let path = file.expect("a file").path();
            let name = path
                .file_stem()
                .and_then(|name| name.to_str())
                .expect("a name");
            let text = std::fs::read_to_string(&path).expect("text");
            (name.to_owned(), serde_json::from_str(&text).expect("JSON"))
        })
        .collect()
}

/// What is wrong with a value by JSON Schema, as far as the schemas here use it; a keyword that is not known here
/// fails.
fn faults(value: &Value, schema: &Value, at: &str) -> Vec<String> {
    let keywords = schema.as_object().expect("a schema").iter();
    keywords
        .flat_map(|(keyword, wanted)| match keyword.as_str() {
            "items" | "required" | "properties" | "additionalProperties" => {
                faults_inside(value, schema, keyword, at)
            }
            _ if holds(value, keyword, wanted) => Vec::new(),
            _ => vec![format!("{at}: {value} is not {keyword} {wanted}")],
        })
        .collect()
}

/// Whether a value itself is as a keyword wants it.
fn holds(value: &Value, keyword: &str, wanted: &Value) -> bool {
    match keyword {
        "$schema" | "$id" | "title" | "description" => true,
        "type" => {
            let kinds = template::list(wanted);
            let mut kinds = kinds.iter().map(|kind| kind.as_str().expect("a type"));
            kinds.any(|kind| is_a(value, kind))
        }
        "enum" => wanted.as_array().expect("a list").contains(value),
        "const" => value == wanted,
        "pattern" => value.as_str().is_none_or(|text| fits(text, wanted)),
        "format" => {
            assert_eq!(wanted, "date-time");
            let text = value.as_str().unwrap_or_default();
            text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
        }
        "minimum" => value.as_i64().is_none_or(|n| Some(n) >= wanted.as_i64()),
        "minItems" => {
            let least = wanted.as_u64().unwrap_or(0);
            value
                .as_array()
                .is_none_or(|list| list.len() as u64 >= least)
        }
        "anyOf" => {
            let mut ways = wanted.as_array().expect("a list").iter();
            ways.any(|way| faults(value, way, "").is_empty())
        }
        _ => false,
    }
}

/// What is wrong with the members or items of a value.
fn faults_inside(value: &Value, schema: &Value, keyword: &str, at: &str) -> Vec<String> {
    let wanted = &schema[keyword];
    match keyword {
        "items" => {
            let items = value.as_array().into_iter().flatten();
            items
                .flat_map(|item| faults(item, wanted, &format!("{at}/*")))
                .collect()
        }
        "required" => {
            let names = wanted.as_array().expect("a list").iter();
            let missing =
                names.filter(|name| value.get(name.as_str().unwrap_or_default()).is_none());
            missing
                .map(|name| format!("{at}: {name} is missing"))
                .collect()
        }
        "properties" => {
            let properties = wanted.as_object().expect("properties").iter();
            let there =
                properties.filter_map(|(name, schema)| Some((name, value.get(name)?, schema)));
            there
                .flat_map(|(name, value, schema)| faults(value, schema, &format!("{at}/{name}")))
                .collect()
        }
        _ => {
            assert_eq!((keyword, wanted), ("additionalProperties", &json!(false)));
            let members = value.as_object().into_iter().flatten();
            let more =
                members.filter(|(name, _)| schema["properties"].get(name.as_str()).is_none());
            more.map(|(name, _)| format!("{at}: {name} is not described"))
                .collect()
        }
    }
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other}"),
    }
}

/// `^prefix[0-9a-f]{n}$`, which is all that the schemas here use.
fn fits(text: &str, pattern: &Value) -> bool {
    let pattern = pattern.as_str().expect("a pattern");
    let parts = pattern
        .strip_prefix('^')
        .and_then(|rest| rest.strip_suffix("}$"));
    let (prefix, length) = parts
        .and_then(|rest| rest.split_once("[0-9a-f]{"))
        .expect("a known form");
    let digits = text.strip_prefix(prefix).unwrap_or_default();
    digits.len().to_string() == length
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Somebody does everything that is told of.
async fn everything_happens(house: &House) {
    let visitor = house.visitor("jane@example.com");
    let jane = visitor.signs_in().await;
    house.advance(31).await;
    let other = visitor.signs_in().await;
    let link = json!({ "identifier": "+14155550142" });
    let path = "/api/profile/identifiers/";
    let _ = house
        .post(path, &link)
        .bearer(&jane.access)
        .send()
        .await
        .is(200);
    let code = house.codes_sent_to("+14155550142").await.remove(0);
    let proof = json!({ "identifier": "+14155550142", "otp_code": code });
    let proven = house.post(&format!("{path}verify/"), &proof);
    let _ = proven.bearer(&jane.access).send().await.is(200); // ends the other session
    let gone = house
        .get("/api/profile/")
        .bearer(&other.access)
        .send()
        .await;
    let _ = gone.is(401);
    let name = json!({ "first_name": "Jane" });
    let change = house
        .call(Method::PATCH, "/api/profile/")
        .body("application/json", name.to_string());
    let _ = change.bearer(&jane.access).send().await.is(200);
    for _ in 0..2 {
        house.advance(31).await;
        let code = visitor.gets_a_code().await;
        for n in 0..3 {
            let _ = visitor.enters(&another_code(&code, n)).await;
        }
    }
    // A refresh token that is repeated from another network at once, and from there again when it was succeeded long
    // since.
    for (ip, wait) in [
        ("203.0.113.7", 0),
        ("198.51.100.9", 60),
        ("198.51.100.9", 0),
    ] {
        let body = json!({ "refresh": jane.refresh });
        let refresh = house.post("/api/auth/token/refresh/", &body).from(ip);
        let _ = refresh.send().await;
        house.advance(wait).await;
    }
    let messages = house.sent_to("jane@example.com").await;
    let mut codes = messages.iter().filter(|message| code_in(message).is_some());
    let message = codes.next().expect("a code");
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let _ = house
        .post(&path, &json!({ "status": "bounce" }))
        .send()
        .await
        .is(200);
    let tom = house.visitor("tom@example.com").signs_in().await;
    let _ = house
        .call(Method::DELETE, "/api/profile/")
        .bearer(&tom.access)
        .send()
        .await
        .is(202);
}

#[tokio::test]
async fn events_are_as_their_schema_says() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    everything_happens(&house).await;
    let schemas = schemas();
    let mut told = BTreeSet::new();
    for event in house.events().await {
        let name = event["detail-type"].as_str().expect("a name").to_owned();
        let schema = schemas
            .get(&name)
            .unwrap_or_else(|| panic!("no schema of {name}"));
        let found = faults(&event["detail"], schema, &name);
        assert!(found.is_empty(), "{found:#?}");
        told.insert(name);
    }
    let described: BTreeSet<_> = schemas.keys().cloned().collect();
    assert_eq!(told, described, "what is told, and what is described");
}

/// The AsyncAPI document names every event, and nothing else.
#[test]
fn events_with_a_schema_are_in_the_asyncapi_document() {
    let document = template::parse(&read("docs/events/asyncapi.yaml"));
    let names = |value: &Value| -> BTreeSet<String> {
        value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect()
    };
    let described: BTreeSet<_> = schemas().into_keys().collect();
    assert_eq!(
        names(&document["channels"]["events"]["messages"]),
        described
    );
    assert_eq!(names(&document["components"]["messages"]), described);
    for (name, message) in document["components"]["messages"]
        .as_object()
        .expect("messages")
    {
        let payload = &message["payload"]["properties"];
        assert_eq!(payload["detail-type"]["const"], name.as_str());
        assert_eq!(payload["source"]["const"], "latchkey");
        assert_eq!(payload["detail"]["$ref"], format!("./schemas/{name}.json"));
        let listed = &document["channels"]["events"]["messages"][name]["$ref"];
        assert_eq!(listed, &format!("#/components/messages/{name}"));
    }
}

/// A schema that says nothing would let everything pass.
#[test]
fn events_that_are_wrong_are_found() {
    let schemas = schemas();
    let schema = &schemas["user.erased"];
    let id = "0".repeat(32);
    let right = json!({ "id": format!("evt_{id}"), "occurred_at": "2026-01-31T12:00:00Z", "user_id": format!("usr_{id}") });
    assert_eq!(faults(&right, schema, ""), Vec::<String>::new());
    for (member, wrong) in [
        ("id", json!("evt_1")),
        ("occurred_at", json!("yesterday")),
        ("user_id", json!(format!("ses_{id}"))),
        ("email", json!("jane@example.com")),
        ("id", Value::Null),
    ] {
        let mut event = right.clone();
        event[member] = wrong;
        assert!(!faults(&event, schema, "").is_empty(), "{event}");
    }
}
