//! `latchkey peppers …`: what codes, refresh tokens and suppressions are derived from.
//!
//! A pepper is published before it makes anything and kept while something is left that it made; taking one out says what
//! is forgotten with it, and asks.

use clap::Subcommand;
use serde_json::{Map, Value, json};
use shared::keyring::fresh;

use crate::connect::App;
use crate::failure::Failure;
use crate::keys::unreadable;
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Peppers {
    /// The peppers by their versions, without what is secret.
    List,
    /// Publishes a new pepper, which makes nothing yet.
    Add,
    /// Lets a published pepper make everything new from now on.
    Use {
        /// Its version.
        version: u32,
    },
    /// Takes a pepper out: what it made counts no more, suppressions of addresses included.
    Remove {
        /// Its version.
        version: u32,
        /// Does it, whatever is forgotten.
        #[arg(long)]
        yes: bool,
    },
}

const MEMBER: &str = "PEPPERS";

/// What goes with a pepper, for an operator who takes one out.
const FORGOTTEN: &str = "With it go the live codes, refresh tokens and device tokens that it made, and the suppressions that were noted under \
it: addresses that bounced, complained or opted out are written to again. `latchkey suppressions list` shows what there is; add those \
again that must stay, with `latchkey suppressions add ADDRESS`";

pub(crate) async fn run(command: Peppers, app: &App, output: &Output) -> Result<(), Failure> {
    let secret = app.secret()?;
    let mut document = secret.document().await.map_err(unreadable)?;
    let mut ring = Ring::read(document.members.get(MEMBER))?;
    let sentence = match command {
        Peppers::List => {
            let rows = ring
                .0
                .iter()
                .map(|entry| json!({"version": entry["version"], "state": entry["state"]}));
            output.rows(&["version", "state"], rows.collect());
            return Ok(());
        }
        Peppers::Add => {
            let version = ring.add(fresh::pepper());
            format!(
                "pepper {version} is published and makes nothing yet; after two minutes every function knows it: latchkey peppers use {version}"
            )
        }
        Peppers::Use { version } => {
            ring.set_current(version)?;
            format!(
                "pepper {version} makes everything new from now on; functions pick it up within a minute"
            )
        }
        Peppers::Remove { version, yes } => {
            ring.remove(version)?;
            if !yes {
                return Err(Failure::Usage(format!(
                    "pepper {version} would be taken out. {FORGOTTEN}. To go on, add --yes"
                )));
            }
            format!("pepper {version} is taken out")
        }
    };
    let versions: Vec<_> = ring
        .0
        .iter()
        .map(|entry| entry["version"].clone())
        .collect();
    document
        .members
        .insert(MEMBER.to_owned(), Value::Array(ring.0));
    secret.replace(document).await?;
    let done = Map::from_iter([("versions".to_owned(), json!(versions))]);
    output.done(&sentence, done);
    Ok(())
}

/// The entries, each with its state written out.
struct Ring(Vec<Value>);

impl Ring {
    fn read(member: Option<&Value>) -> Result<Self, Failure> {
        let list = match member {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
            Some(list) => list.clone(),
            None => Value::Null,
        };
        let Value::Array(mut entries) = list else {
            return Err(Failure::Usage(
                "the secret holds no list of PEPPERS; `latchkey keys new` fills an empty one"
                    .to_owned(),
            ));
        };
        let named = entries.iter().any(|entry| entry["state"].is_string());
        for (place, entry) in entries.iter_mut().enumerate() {
            if !entry["state"].is_string() {
                let current = !named && place == 0;
                entry["state"] = json!(if current { "current" } else { "previous" });
            }
        }
        Ok(Self(entries))
    }

    fn version(entry: &Value) -> u64 {
        entry["version"].as_u64().unwrap_or(0)
    }

    fn add(&mut self, secret: String) -> u64 {
        let version = self.0.iter().map(Self::version).max().unwrap_or(0) + 1;
        self.0
            .push(json!({"version": version, "secret": secret, "state": "next"}));
        version
    }

    fn find(&self, version: u32) -> Result<usize, Failure> {
        let place = self
            .0
            .iter()
            .position(|entry| Self::version(entry) == u64::from(version));
        place.ok_or_else(|| Failure::NotFound(format!("there is no pepper {version}")))
    }

    fn set_current(&mut self, version: u32) -> Result<(), Failure> {
        let place = self.find(version)?;
        for (n, entry) in self.0.iter_mut().enumerate() {
            if n == place {
                entry["state"] = json!("current");
            } else if entry["state"] == "current" {
                entry["state"] = json!("previous");
            }
        }
        Ok(())
    }

    fn remove(&mut self, version: u32) -> Result<(), Failure> {
        let place = self.find(version)?;
        if self.0[place]["state"] == "current" {
            return Err(Failure::Usage(format!(
                "pepper {version} is the current one; let another one take its place first: latchkey peppers use VERSION"
            )));
        }
        self.0.remove(place);
        Ok(())
    }
}
