//! `latchkey init`: what `sam deploy --guided` would ask, checked before anything is made, into samconfig.toml.

mod records;
mod samconfig;
mod template;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;
use console::Term;
use serde_json::{Map, json};

use crate::failure::Failure;
use crate::output::Output;
pub(crate) use samconfig::Place;
use samconfig::Samconfig;
use template::Template;

#[derive(Args)]
pub(crate) struct Init {
    /// Parameters of template.yaml, each NAME=VALUE, such as 'MailFrom=Example <no-reply@example.com>'.
    #[arg(value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// The sender of mail: Example <no-reply@example.com>.
    #[arg(long)]
    mail_from: Option<String>,
    /// The domain that mail is sent under.
    #[arg(long)]
    mail_identity: Option<String>,
    /// The stage: dev, staging, prod or a word of yours.
    #[arg(long)]
    stage: Option<String>,
    /// A domain of yours for the API; it needs --certificate-arn.
    #[arg(long)]
    domain_name: Option<String>,
    /// The domain's certificate, from ACM in the stack's region.
    #[arg(long)]
    certificate_arn: Option<String>,
    /// Who is told of alarms.
    #[arg(long)]
    alarm_email: Option<String>,
    /// The section of samconfig.toml that is written, as in `sam deploy --config-env`.
    #[arg(long, default_value = "default")]
    config_env: String,
    /// The file.
    #[arg(long, default_value = "samconfig.toml")]
    file: PathBuf,
    /// Replaces values that the file has already.
    #[arg(long)]
    force: bool,
}

/// What nobody can guess, and what most people want to say.
const ASKED: [&str; 6] = [
    "Stage",
    "MailIdentity",
    "MailFrom",
    "DomainName",
    "CertificateArn",
    "AlarmEmail",
];

pub(crate) fn run(order: Init, place: Place<'_>, output: &Output) -> Result<(), Failure> {
    let template = Template::read()?;
    let mut file = Samconfig::open(&order.file, &order.config_env)?;
    let mut there = file.parameters()?;
    there.retain(|name, value| !is_placeholder(name, value));
    let mut given = given(&order)?;
    for (name, value) in &given {
        template.check(name, value).map_err(Failure::Usage)?;
    }
    if std::io::stdin().is_terminal() && !output.is_json() {
        ask(&template, &there, &mut given)?;
    }
    let mut all = there.clone();
    all.extend(given.clone());
    template.check_all(&all).map_err(Failure::Usage)?;
    if !order.force {
        unchanged(&there, &given, &order)?;
    }
    file.write(&all, place, order.force)?;

    let region = place.region.map(str::to_owned).or_else(|| file.region());
    let records = records::of(&all, region.as_deref());
    let environment = match order.config_env.as_str() {
        "default" => String::new(),
        name => format!(" --config-env {name}"),
    };
    let next = format!("sam build && sam deploy{environment}");
    let path = order.file.display();
    let told = records.iter().fold(
        format!(
            "{path} has the parameters of [{}]. Next: `{next}`, then these DNS records:",
            order.config_env
        ),
        |told, record| format!("{told}\n  {record}"),
    );
    let done = Map::from_iter([
        ("file".to_owned(), json!(path.to_string())),
        ("parameters".to_owned(), json!(all)),
        ("next".to_owned(), json!(next)),
        ("records".to_owned(), json!(records)),
    ]);
    output.done(&told, done);
    Ok(())
}

/// The options and the words.
fn given(order: &Init) -> Result<BTreeMap<String, String>, Failure> {
    let options = [
        ("MailFrom", &order.mail_from),
        ("MailIdentity", &order.mail_identity),
        ("Stage", &order.stage),
        ("DomainName", &order.domain_name),
        ("CertificateArn", &order.certificate_arn),
        ("AlarmEmail", &order.alarm_email),
    ];
    let mut given: BTreeMap<String, String> = options
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
        .collect();
    for pair in &order.parameters {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Failure::Usage(format!(
                "{pair:?} is no parameter: expected NAME=VALUE, such as Stage=prod"
            )));
        };
        given.insert(name.to_owned(), value.to_owned());
    }
    Ok(given)
}

/// Asks for what was not given, with the value that holds without an answer.
fn ask(
    template: &Template,
    there: &BTreeMap<String, String>,
    given: &mut BTreeMap<String, String>,
) -> Result<(), Failure> {
    let terminal = Term::stderr();
    let failed =
        |error: std::io::Error| Failure::Other(format!("the terminal does not answer: {error}"));
    for name in ASKED {
        let without_domain = given.get("DomainName").is_none_or(String::is_empty)
            && !there.contains_key("DomainName");
        if given.contains_key(name) || name == "CertificateArn" && without_domain {
            continue;
        }
        let (description, default) = template.question(name);
        let default = there.get(name).map(String::as_str).or(default);
        loop {
            let hint = match default {
                Some("") => " [none]".to_owned(),
                Some(value) => format!(" [{value}]"),
                None => String::new(),
            };
            terminal.write_line(description).map_err(failed)?;
            terminal
                .write_str(&format!("{name}{hint}: "))
                .map_err(failed)?;
            let answer = terminal.read_line().map_err(failed)?;
            let answer = answer.trim();
            if answer.is_empty() && default.is_some() {
                break;
            }
            match template.check(name, answer) {
                Ok(()) => {
                    given.insert(name.to_owned(), answer.to_owned());
                    break;
                }
                Err(told) => terminal.write_line(&told).map_err(failed)?,
            }
        }
    }
    Ok(())
}

/// What the repository's own file has where a value of one's own belongs.
fn is_placeholder(name: &str, value: &str) -> bool {
    match name {
        "MailIdentity" => value == "example.com",
        "MailFrom" => value.contains("@example.com"),
        _ => false,
    }
}

/// A value that somebody wrote down is not replaced by the way.
fn unchanged(
    there: &BTreeMap<String, String>,
    given: &BTreeMap<String, String>,
    order: &Init,
) -> Result<(), Failure> {
    let replaced: Vec<_> = given
        .iter()
        .filter_map(|(name, value)| {
            let old = there.get(name).filter(|old| *old != value)?;
            Some(format!("{name} ({old:?}, given {value:?})"))
        })
        .collect();
    if replaced.is_empty() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{} has another value for {}; --force replaces it",
        order.file.display(),
        replaced.join(", ")
    )))
}
