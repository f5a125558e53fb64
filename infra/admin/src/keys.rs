//! `latchkey keys …`: the secret's signing keys and pepper.
//!
//! A rotation goes next → current → previous. The next key is published before it signs and the previous one while its
//! tokens live, so that no token is refused on the way.

mod forge;

use clap::{Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use crate::connect::House;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Fills an empty secret: a current and a next key, and a pepper.
    New {
        /// The kind of signing key.
        #[arg(long, value_enum, default_value_t = Kind::Rs256)]
        kind: Kind,
    },
    /// Lets the next key sign from now on, keeps the current one for verifying, and makes a new next one.
    Rotate {
        /// The kind of the new next key.
        #[arg(long, value_enum, default_value_t = Kind::Rs256)]
        kind: Kind,
    },
    /// The keys of the ring, without what is secret.
    List,
}

/// A kind of signing key.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    /// RSA with 2048 bits.
    Rs256,
    /// ECDSA on P-256.
    Es256,
    /// Ed25519.
    Eddsa,
}

pub(crate) async fn run(command: Keys, house: &House, output: &Output) -> Result<(), Failure> {
    match command {
        Keys::New { kind } => new(kind, house, output).await,
        Keys::Rotate { kind } => rotate(kind, house, output).await,
        Keys::List => list(house, output),
    }
}

async fn new(kind: Kind, house: &House, output: &Output) -> Result<(), Failure> {
    let secret = house.secret()?;
    let mut document = secret.document().await.map_err(unreadable)?;
    if document.contains_key("SIGNING_KEYS") || document.contains_key("PEPPERS") {
        return Err(Failure::Usage(
            "the secret holds keys already; `latchkey keys rotate` changes the signing key"
                .to_owned(),
        ));
    }
    let now = house.now();
    let ring = json!([
        forge::key(kind, "current", now)?,
        forge::key(kind, "next", now)?
    ]);
    let kids = kids(&ring);
    document.insert("SIGNING_KEYS".to_owned(), ring);
    document.insert(
        "PEPPERS".to_owned(),
        json!([{"version": 1, "secret": forge::pepper()}]),
    );
    secret.replace(&document).await.map_err(unreadable)?;
    output.done(
        &format!("the secret holds the keys {kids} and a pepper"),
        Map::from_iter([("kids".to_owned(), json!(kids))]),
    );
    Ok(())
}

async fn rotate(kind: Kind, house: &House, output: &Output) -> Result<(), Failure> {
    let secret = house.secret()?;
    let mut document = secret.document().await.map_err(unreadable)?;
    let ring = document
        .get("SIGNING_KEYS")
        .cloned()
        .map(|ring| match ring {
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::Null),
            ring => ring,
        });
    let Some(Value::Array(ring)) = ring else {
        return Err(Failure::Usage(
            "the secret holds no list of SIGNING_KEYS; `latchkey keys new` fills an empty one"
                .to_owned(),
        ));
    };
    let rotated = rotated(ring, forge::key(kind, "next", house.now())?);
    let kids = kids(&rotated);
    document.insert("SIGNING_KEYS".to_owned(), rotated);
    secret.replace(&document).await.map_err(unreadable)?;
    let sentence = format!("the ring is now {kids}; functions pick it up within a minute");
    output.done(
        &sentence,
        Map::from_iter([("kids".to_owned(), json!(kids))]),
    );
    Ok(())
}

/// The ring after a rotation. Without a next key the new one cannot sign yet: it is published first, and the current
/// one goes on.
fn rotated(ring: Vec<Value>, fresh: Value) -> Value {
    let has_next = ring.iter().any(|key| key["state"] == "next");
    let mut rotated: Vec<Value> = ring
        .into_iter()
        .filter_map(|mut key| {
            let state = match key["state"].as_str() {
                Some("next") => "current",
                Some("current") if has_next => "previous",
                Some("current") => "current",
                // One older than the previous one: its last token is over, unless rotations followed each other at once.
                _ if has_next => return None,
                _ => "previous",
            };
            key["state"] = json!(state);
            Some(key)
        })
        .collect();
    rotated.push(fresh);
    Value::Array(rotated)
}

fn list(house: &House, output: &Output) -> Result<(), Failure> {
    let keys = house.signing_keys()?;
    let rows = keys
        .overview()
        .into_iter()
        .map(|(kid, algorithm, state)| json!({"kid": kid, "alg": algorithm, "state": state}));
    output.rows(&["kid", "alg", "state"], rows.collect());
    Ok(())
}

fn kids(ring: &Value) -> String {
    let name = |key: &Value| {
        Some(format!(
            "{} ({})",
            key["kid"].as_str()?,
            key["state"].as_str()?
        ))
    };
    ring.as_array()
        .into_iter()
        .flatten()
        .filter_map(name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn unreadable(cause: String) -> Failure {
    Failure::Unavailable(format!("the secret cannot be read or written: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kid: &str, state: &str) -> Value {
        json!({"kid": kid, "state": state})
    }

    fn ring(keys: Vec<Value>, fresh: &str) -> Vec<String> {
        let rotated = rotated(keys, key(fresh, "next"));
        rotated
            .as_array()
            .unwrap()
            .iter()
            .map(|k| {
                format!(
                    "{}:{}",
                    k["kid"].as_str().unwrap(),
                    k["state"].as_str().unwrap()
                )
            })
            .collect()
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_after_it_signed() {
        assert_eq!(
            ring(vec![key("a", "current")], "b"),
            ["a:current", "b:next"]
        );
        assert_eq!(
            ring(vec![key("a", "current"), key("b", "next")], "c"),
            ["a:previous", "b:current", "c:next"]
        );
        let third = vec![key("a", "previous"), key("b", "current"), key("c", "next")];
        assert_eq!(ring(third, "d"), ["b:previous", "c:current", "d:next"]);
    }
}
