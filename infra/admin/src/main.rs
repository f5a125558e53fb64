//! `latchkey`: what an operator does, on the same store as the functions.
//!
//! Against AWS by the usual credentials and `--stack`, or the environment that the functions have (`ACCOUNTS_TABLE`,
//! `EPHEMERAL_TABLE`, `SECRET_ID`); against a local cloud by `--local`.

mod analytics;
mod aws;
mod connect;
mod deliveries;
mod doctor;
mod failure;
mod init;
mod keys;
mod leaving;
mod local;
mod locks;
mod output;
mod people;
mod peppers;
mod secret;
mod sessions;
mod stack;
mod suppressions;
mod users;
mod web;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use aws::Account;
use connect::{App, Way};
use failure::Failure;
use output::Output;

/// The operator's command line of Latchkey.
#[derive(Parser)]
#[command(name = "latchkey", version, arg_required_else_help = true)]
struct Arguments {
    /// A local cloud in place of AWS; without a URL the one that `cargo run` starts.
    #[arg(long, global = true, value_name = "URL")]
    local: Option<String>,
    /// The CloudFormation stack to work on; it knows tables, secret, bucket, sender and URL.
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "local")]
    stack: Option<String>,
    /// The stack's region, where it is not that of `AWS_REGION` or the profile.
    #[arg(long, global = true, conflicts_with = "local")]
    region: Option<String>,
    /// A profile of the AWS configuration, in place of `AWS_PROFILE`.
    #[arg(long, global = true, conflicts_with = "local")]
    profile: Option<String>,
    /// A setting in place of the stack's own, such as the table of a restore; may be given several times.
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Answers as JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Shows addresses whole; they are masked otherwise.
    #[arg(long, global = true)]
    reveal: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the parameters of a deployment into samconfig.toml, and tells which DNS records come next.
    Init(Box<init::Init>),
    #[command(flatten)]
    Work(Work),
}

/// What is done with a service that is there.
#[derive(Subcommand)]
enum Work {
    /// People: find, show, suspend, resume, export, erase, give and take roles.
    #[command(subcommand)]
    Users(users::Users),
    /// Sessions of a person.
    #[command(subcommand)]
    Sessions(sessions::Sessions),
    /// Where people come from.
    #[command(subcommand)]
    Sources(analytics::Sources),
    /// Registrations, active users, codes: the numbers of `/api/analytics/`.
    #[command(subcommand)]
    Analytics(analytics::Analytics),
    /// What became of a message.
    #[command(subcommand)]
    Deliveries(deliveries::Deliveries),
    /// Addresses that nothing is sent to.
    #[command(subcommand)]
    Suppressions(suppressions::Suppressions),
    /// Failures that hold an address up.
    #[command(subcommand)]
    Locks(locks::Locks),
    /// The keys that sign access tokens.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// What codes, refresh tokens and suppressions are derived from.
    #[command(subcommand)]
    Peppers(peppers::Peppers),
    /// What else the secret holds: the providers' keys, by name.
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Looks whether everything is set up as it should be.
    Doctor,
}

/// `--local` takes a URL or none; without one, the word behind it is the command's, so the URL is put in here.
fn with_local_url(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words = words.peekable();
    let mut line = Vec::new();
    while let Some(word) = words.next() {
        let is_url = |next: &OsString| next.to_str().is_some_and(|next| next.contains("://"));
        let bare = word == "--local" && !words.peek().is_some_and(is_url);
        line.push(word);
        if bare {
            line.push(connect::LOCAL.into());
        }
    }
    line
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse_from(with_local_url(std::env::args_os()));
    let output = Output::new(arguments.json, arguments.reveal);
    match run(arguments, &output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

async fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let command = match arguments.command {
        Command::Work(command) => command,
        Command::Init(order) => {
            let place = init::Place {
                stack: arguments.stack.as_deref(),
                region: arguments.region.as_deref(),
            };
            return init::run(*order, place, output);
        }
    };
    let way = Way {
        local: arguments.local.as_deref(),
        stack: arguments.stack.as_deref(),
        account: Account {
            region: arguments.region.as_deref(),
            profile: arguments.profile.as_deref(),
        },
        set: &arguments.set,
    };
    let app = App::open(way).await?;
    match command {
        Work::Users(command) => users::run(command, &app, output).await,
        Work::Sessions(command) => sessions::run(command, &app, output).await,
        Work::Sources(command) => analytics::sources(command, &app, output).await,
        Work::Analytics(command) => analytics::run(command, &app, output).await,
        Work::Deliveries(command) => deliveries::run(command, &app, output).await,
        Work::Suppressions(command) => suppressions::run(command, &app, output).await,
        Work::Locks(command) => locks::run(command, &app, output).await,
        Work::Keys(command) => keys::run(command, &app, output).await,
        Work::Peppers(command) => peppers::run(command, &app, output).await,
        Work::Secret(command) => secret::run(command, &app, output).await,
        Work::Doctor => doctor::run(&app, output).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Arguments {
        let words = words.split(' ').map(OsString::from);
        Arguments::try_parse_from(with_local_url(words)).unwrap()
    }

    #[test]
    fn a_local_cloud_may_be_named_or_not_before_and_behind_the_command() {
        for (words, url) in [
            ("latchkey users find x", None),
            ("latchkey --local users find x", Some(connect::LOCAL)),
            ("latchkey users find x --local", Some(connect::LOCAL)),
            ("latchkey users --local find x", Some(connect::LOCAL)),
            (
                "latchkey --local http://127.0.0.1:1 users find x",
                Some("http://127.0.0.1:1"),
            ),
            (
                "latchkey users find x --local=http://127.0.0.1:1",
                Some("http://127.0.0.1:1"),
            ),
        ] {
            assert_eq!(read(words).local.as_deref(), url, "{words}");
        }
    }
}
