//! `latchkey locks …`

use clap::Subcommand;
use serde_json::{Map, json};
use shared::config::OtpRules;

use crate::connect::App;
use crate::failure::Failure;
use crate::output::{Output, moment};
use crate::people::identifier;

#[derive(Subcommand)]
pub(crate) enum Locks {
    /// The failures of an address, and what they hold up.
    Show {
        /// A mail address or a number.
        address: String,
    },
    /// Forgets the failures of an address, so that it need not wait any more.
    Open {
        /// A mail address or a number.
        address: String,
    },
}

pub(crate) async fn run(command: Locks, app: &App, output: &Output) -> Result<(), Failure> {
    match command {
        Locks::Show { address } => {
            let identifier = identifier(&address)?;
            let mut reader = app.setup.reader();
            let rules = OtpRules::read(&mut reader);
            let rules = reader
                .finish(rules)
                .map_err(|error| Failure::Usage(error.to_string()))?;
            let rows = app
                .store
                .locks(&identifier, rules.failure_cap, app.now())
                .await?
                .into_iter()
                .map(|lock| {
                    json!({
                        "purpose": lock.purpose.as_str(),
                        "lane": lock.lane,
                        "failures": lock.failures,
                        "last_failure": lock.last.map(moment),
                        "closed": lock.failures >= rules.failure_cap,
                        "wait_seconds": lock.retry_after,
                    })
                });
            output.rows(
                &[
                    "purpose",
                    "lane",
                    "failures",
                    "last_failure",
                    "closed",
                    "wait_seconds",
                ],
                rows.collect(),
            );
        }
        Locks::Open { address } => {
            let identifier = identifier(&address)?;
            let opened = app.store.open_locks(&identifier).await?;
            if !opened {
                return Err(Failure::NotFound(format!(
                    "nobody has asked for a code for {}",
                    identifier.masked()
                )));
            }
            let done = Map::from_iter([
                ("address".to_owned(), json!(identifier.masked())),
                ("failures".to_owned(), json!(0)),
            ]);
            output.done(
                &format!("{} need not wait any more", identifier.masked()),
                done,
            );
        }
    }
    Ok(())
}
