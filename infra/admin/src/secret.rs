//! `latchkey secret …`: one provider's key into the secret's document, the rest of it untouched.

use std::io::{IsTerminal as _, Read as _};

use clap::Subcommand;
use serde_json::{Map, Value, json};
use shared::cloud::{Setup, Stored, WriteError};
use shared::config::settings::{self, Setting};
use shared::config::{EdgeSecrets, Public, SecretDocument, Variables};
use shared::messaging::MessagingSettings;

use crate::connect::App;
use crate::failure::Failure;
use crate::keys::unreadable;
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Secret {
    /// Puts one value in.
    Set {
        /// Such as `TWILIO_AUTH_TOKEN`.
        name: String,
        /// The value, or - for stdin; asked for at a terminal, where no shell remembers it.
        value: Option<String>,
    },
    /// Takes one value out.
    Remove {
        /// Such as `TWILIO_NEXT_AUTH_TOKEN`.
        name: String,
    },
    /// What is in it, by name; no value is ever shown.
    List,
}

/// Two operators at once are slower than this only if they mean to be.
const ATTEMPTS: usize = 8;

/// What `latchkey keys` looks after: a wrong value there signs everybody out.
const KEYS: [&settings::Setting; 2] = [&settings::SIGNING_KEYS, &settings::PEPPERS];

pub(crate) async fn run(command: Secret, app: &App, output: &Output) -> Result<(), Failure> {
    match command {
        Secret::Set { name, value } => {
            let setting = setting(&name)?;
            let value = value_of(value, setting)?;
            good(app, setting, &value)?;
            let put = |members: &mut Map<String, Value>| {
                members.insert(setting.name.to_owned(), json!(value));
                true
            };
            change(app, put).await?;
            told(app, output, setting, "is in the secret");
            Ok(())
        }
        Secret::Remove { name } => {
            let name = removable(&name)?;
            let take = |members: &mut Map<String, Value>| members.remove(&name).is_some();
            if !change(app, take).await? {
                return Err(Failure::NotFound(format!("the secret holds no {name}")));
            }
            match settings::ALL.iter().find(|setting| setting.name == name) {
                Some(setting) => told(app, output, setting, "is no longer in the secret"),
                None => output.done(
                    &format!("{name} is no longer in the secret"),
                    Map::from_iter([("name".to_owned(), json!(name))]),
                ),
            }
            Ok(())
        }
        Secret::List => list(app, output).await,
    }
}

/// A secret setting that is not `latchkey keys`' own.
fn setting(name: &str) -> Result<&'static Setting, Failure> {
    let name = removable(name)?;
    let settable = || settings::ALL.iter().filter(|s| s.secret && !is_key(s.name));
    settable()
        .find(|setting| setting.name == name)
        .copied()
        .ok_or_else(|| {
            let names: Vec<_> = settable().map(|setting| setting.name).collect();
            Failure::Usage(format!(
                "{name:?} is nothing that the secret holds; expected one of {}",
                names.join(", ")
            ))
        })
}

fn is_key(name: &str) -> bool {
    name == crate::keys::ROTATED_AT || KEYS.iter().any(|key| key.name == name)
}

fn removable(name: &str) -> Result<String, Failure> {
    if is_key(name) {
        return Err(Failure::Usage(format!(
            "{name} belongs to `latchkey keys`: `keys new` makes it, `keys rotate` changes it"
        )));
    }
    Ok(name.to_owned())
}

/// From the command line, from stdin, or from somebody whose typing is not shown.
fn value_of(given: Option<String>, setting: &Setting) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::Usage(format!(
            "{}: no value could be read ({error}); expected {}",
            setting.name, setting.expects
        ))
    };
    let stdin = std::io::stdin();
    let value = match given.as_deref() {
        Some(value) if value != "-" => value.to_owned(),
        None if stdin.is_terminal() => {
            let terminal = console::Term::stderr();
            let prompt = format!("{} ({}): ", setting.name, setting.expects);
            terminal.write_str(&prompt).map_err(failed)?;
            terminal.read_secure_line().map_err(failed)?
        }
        _ => {
            let mut text = String::new();
            stdin.lock().read_to_string(&mut text).map_err(failed)?;
            text
        }
    };
    Ok(value.trim().to_owned())
}

/// Reads the value as the functions would, all providers being in use.
fn good(app: &App, setting: &'static Setting, value: &str) -> Result<(), Failure> {
    let document = json!({ setting.name: value }).to_string();
    let secrets = SecretDocument::parse(&document).map_err(Failure::Other)?;
    let everything = [
        ("PUBLIC_URL", "https://api.example.com"),
        ("MAIL_PROVIDER", "sendgrid"),
        ("MAIL_FROM", "no-reply@example.com"),
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000000"),
        ("TWILIO_FROM", "+14155550199"),
    ];
    let setup = Setup {
        variables: Variables::from_iter(everything),
        secrets,
        ..app.setup.clone()
    };
    let mut reader = setup.reader();
    let public = Public::read(&mut reader);
    EdgeSecrets::read(&mut reader);
    MessagingSettings::read(&mut reader, &setup, &public);
    webhooks::check_settings(&mut reader, &public);
    reader.optional(&settings::TWILIO_NEXT_AUTH_TOKEN, |token| {
        (!token.chars().any(char::is_whitespace)).then_some(())
    });
    let complaints = reader.finish(()).err().into_iter().flat_map(|all| all.0);
    let mut own = complaints.filter(|complaint| complaint.name == setting.name);
    own.next().map_or(Ok(()), |complaint| {
        Err(Failure::Usage(format!(
            "{}: {}",
            complaint.name, complaint.sentence
        )))
    })
}

/// Changes the document as it stands; where somebody else was faster, the one that stands then.
async fn change(
    app: &App,
    change: impl Fn(&mut Map<String, Value>) -> bool,
) -> Result<bool, Failure> {
    let secret = app.secret()?;
    for _ in 1..ATTEMPTS {
        let mut document = secret.document().await.map_err(unreadable)?;
        if !change(&mut document.members) {
            return Ok(false);
        }
        match secret.replace(document).await {
            Err(WriteError::Changed) => {}
            done => return Ok(done.map(|()| true)?),
        }
    }
    Err(WriteError::Changed.into())
}

/// What was done, and what makes the functions see it.
fn told(app: &App, output: &Output, setting: &Setting, done: &str) {
    let next = if at_once(setting.name) {
        "functions have it within a minute".to_owned()
    } else {
        let generation = app.setup.variables.get(settings::SECRET_GENERATION.name);
        let higher = generation
            .and_then(|found| found.parse::<u32>().ok())
            .map_or_else(
                || "SecretGeneration one higher".to_owned(),
                |now| format!("SecretGeneration={}", now + 1),
            );
        format!(
            "functions read it when they start: deploy with {higher}, and each starts anew with it"
        )
    };
    output.done(
        &format!("{} {done}; {next}", setting.name),
        Map::from_iter([
            ("name".to_owned(), json!(setting.name)),
            ("next".to_owned(), json!(next)),
        ]),
    );
}

/// What running functions read again.
fn at_once(name: &str) -> bool {
    is_key(name) || name == settings::EDGE_SECRETS.name
}

async fn list(app: &App, output: &Output) -> Result<(), Failure> {
    let Stored { members, .. } = app.secret()?.document().await.map_err(unreadable)?;
    let known = settings::ALL.iter().filter(|setting| setting.secret);
    let mut rows: Vec<Value> = known
        .map(|setting| {
            let name = setting.name;
            let set = members.contains_key(name);
            let read = if at_once(name) {
                "within a minute"
            } else {
                "at the start"
            };
            json!({ "name": name, "set": set, "read": read })
        })
        .collect();
    let others = members.keys().filter(|name| {
        *name != crate::keys::ROTATED_AT
            && !settings::ALL
                .iter()
                .any(|s| s.secret && s.name == name.as_str())
    });
    rows.extend(others.map(|name| json!({ "name": name, "set": true, "read": "never" })));
    output.rows(&["name", "set", "read"], rows);
    Ok(())
}
