//! `latchkey keys …`: the secret's signing keys and pepper.
//!
//! A rotation goes next → current → previous. The next key is published before it signs and the previous one while its
//! tokens live, so that no token is refused on the way.

use clap::{Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use shared::keyring::fresh::{self, Algorithm};

use crate::connect::App;
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
    /// Lets the next key sign from now on, keeps the current one for verifying, and makes a new next one. Where there is no
    /// next key, a new one is only published; it signs from the rotation after that on.
    Rotate {
        /// The kind of the new next key.
        #[arg(long, value_enum, default_value_t = Kind::Rs256)]
        kind: Kind,
        /// Rotates although the last rotation was just now: tokens that are still in time are refused then.
        #[arg(long)]
        force: bool,
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

pub(crate) async fn run(command: Keys, app: &App, output: &Output) -> Result<(), Failure> {
    match command {
        Keys::New { kind } => new(kind, app, output).await,
        Keys::Rotate { kind, force } => rotate(kind, force, app, output).await,
        Keys::List => list(app, output),
    }
}

async fn new(kind: Kind, app: &App, output: &Output) -> Result<(), Failure> {
    let secret = app.secret()?;
    let mut document = secret.document().await.map_err(unreadable)?;
    if document.members.contains_key("SIGNING_KEYS") || document.members.contains_key("PEPPERS") {
        return Err(Failure::Usage(
            "the secret holds keys already; `latchkey keys rotate` changes the signing key"
                .to_owned(),
        ));
    }
    let now = app.now();
    let ring = json!([key(kind, "current", now)?, key(kind, "next", now)?]);
    let kids = kids(&ring);
    document.members.insert("SIGNING_KEYS".to_owned(), ring);
    document.members.insert(
        "PEPPERS".to_owned(),
        json!([{"version": 1, "secret": fresh::pepper()}]),
    );
    secret.replace(document).await?;
    output.done(
        &format!("the secret holds the keys {kids} and a pepper"),
        Map::from_iter([("kids".to_owned(), json!(kids))]),
    );
    Ok(())
}

fn key(kind: Kind, state: &str, now: Timestamp) -> Result<Value, Failure> {
    let algorithm = match kind {
        Kind::Rs256 => Algorithm::Rs256,
        Kind::Es256 => Algorithm::Es256,
        Kind::Eddsa => Algorithm::EdDsa,
    };
    fresh::signing_key(algorithm, state, now)
        .ok_or_else(|| Failure::Other("a key cannot be made on this machine".to_owned()))
}

async fn rotate(kind: Kind, force: bool, app: &App, output: &Output) -> Result<(), Failure> {
    let secret = app.secret()?;
    let mut document = secret.document().await.map_err(unreadable)?;
    let ring = document
        .members
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
    let signs = ring.iter().find(|key| key["state"] == "next");
    let signs = signs.and_then(|key| key["kid"].as_str()).map(str::to_owned);
    let now = app.now();
    let last = document.members.get(ROTATED_AT).and_then(Value::as_str);
    if !force {
        patience(&ring, last, now)?;
    }
    let rotated = rotated(ring, key(kind, "next", now)?);
    let kids = kids(&rotated);
    document.members.insert("SIGNING_KEYS".to_owned(), rotated);
    document
        .members
        .insert(ROTATED_AT.to_owned(), json!(whole(now)));
    secret.replace(document).await?;
    let what = match signs {
        Some(kid) => format!("{kid} signs from now on"),
        None => "the next key is only published, and signs from the next rotation on".to_owned(),
    };
    let sentence = format!("{what}: the ring is now {kids}; functions pick it up within a minute");
    output.done(
        &sentence,
        Map::from_iter([("kids".to_owned(), json!(kids))]),
    );
    Ok(())
}

/// The secret's member that says when the ring was rotated last; the functions do not read it.
pub(crate) const ROTATED_AT: &str = "SIGNING_KEYS_ROTATED_AT";

/// So long two rotations lie apart. A token lives an hour at the most, the key set may be kept for an hour
/// (`Cache-Control`), and the functions read the secret again within a minute; then another for clocks that differ.
const APART: SignedDuration = SignedDuration::from_mins(62);

/// Refuses a rotation that would drop a key whose tokens are in time, or let a key sign that not everybody has seen.
fn patience(ring: &[Value], last: Option<&str>, now: Timestamp) -> Result<(), Failure> {
    let has = |state: &str| ring.iter().any(|key| key["state"] == state);
    if !has("next") {
        return Ok(()); // a next key is made, and nothing else changes
    }
    let Some(last) = last.and_then(|last| last.parse::<Timestamp>().ok()) else {
        if !has("previous") {
            return Ok(()); // nothing is dropped
        }
        return Err(Failure::Usage(format!(
            "the secret does not say when the keys were rotated last; if that was more than {} minutes ago, use --force",
            APART.as_mins()
        )));
    };
    let left = APART - now.duration_since(last);
    if left <= SignedDuration::ZERO {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "the keys were rotated at {last}; for another {} minutes tokens that the previous key signed may be in time, and \
         the next key may not be known to everybody. Wait, or use --force where the key is known to others and its tokens must be refused",
        left.as_mins() + 1
    )))
}

/// Without the part of a second.
fn whole(now: Timestamp) -> String {
    Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
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
                // One older than the previous one: its last token is over, unless somebody forced it.
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

fn list(app: &App, output: &Output) -> Result<(), Failure> {
    let keys = app.signing_keys()?;
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

pub(crate) fn unreadable(cause: String) -> Failure {
    Failure::of(&format!("the secret cannot be read or written: {cause}"))
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

    #[test]
    fn a_key_whose_tokens_are_in_time_is_not_dropped() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let full = [key("a", "previous"), key("b", "current"), key("c", "next")];
        let last = Some("2026-01-01T12:00:00Z");
        assert!(patience(&full, last, at("2026-01-01T12:00:01Z")).is_err());
        let refusal = patience(&full, last, at("2026-01-01T13:01:30Z")).unwrap_err();
        assert!(
            refusal.to_string().contains("another 1 minutes"),
            "{refusal}"
        );
        assert!(patience(&full, last, at("2026-01-01T13:02:00Z")).is_ok());
        assert!(patience(&full, None, at("2026-01-01T13:02:00Z")).is_err());
        assert!(patience(&full[1..], None, at("2026-01-01T12:00:01Z")).is_ok());
        assert!(patience(&full[..2], last, at("2026-01-01T12:00:01Z")).is_ok());
    }
}
