//! `latchkey suppressions …`

use clap::Subcommand;
use serde_json::{Map, json};
use shared::keyring::derive::AddressKeys;

use crate::connect::App;
use crate::failure::Failure;
use crate::output::{Output, moment};
use crate::people::identifier;

#[derive(Subcommand)]
pub(crate) enum Suppressions {
    /// All of them; addresses are kept masked, so they cannot be revealed.
    List,
    /// Sends nothing to an address any more.
    Add {
        /// A mail address or a number.
        address: String,
    },
    /// Sends to an address again.
    Remove {
        /// A mail address or a number.
        address: String,
    },
}

pub(crate) async fn run(command: Suppressions, app: &App, output: &Output) -> Result<(), Failure> {
    match command {
        Suppressions::List => {
            let rows = app.store.suppressions().await?.into_iter().map(|entry| {
                json!({"kind": entry.kind, "address": entry.masked, "reason": entry.reason, "at": entry.at.map(moment), "until": entry.until.map(moment)})
            });
            output.rows(
                &["kind", "address", "reason", "at", "until"],
                rows.collect(),
            );
        }
        Suppressions::Add { address } => {
            let identifier = identifier(&address)?;
            let peppers = app.peppers()?;
            let mac = AddressKeys::new(&peppers).suppression(&identifier);
            app.store
                .suppress(
                    identifier.kind(),
                    &mac,
                    "operator",
                    &identifier.masked(),
                    app.now(),
                )
                .await?;
            told(
                output,
                "nothing is sent there any more",
                &identifier.masked(),
                true,
            );
        }
        Suppressions::Remove { address } => {
            let identifier = identifier(&address)?;
            let peppers = app.peppers()?;
            let macs = AddressKeys::new(&peppers).suppressions(&identifier);
            if !app.store.unsuppress(identifier.kind(), &macs).await? {
                return Err(Failure::NotFound(format!(
                    "{} is not suppressed",
                    identifier.masked()
                )));
            }
            told(output, "may be sent to again", &identifier.masked(), false);
        }
    }
    Ok(())
}

fn told(output: &Output, sentence: &str, masked: &str, suppressed: bool) {
    let done = Map::from_iter([
        ("address".to_owned(), json!(masked)),
        ("suppressed".to_owned(), json!(suppressed)),
    ]);
    output.done(&format!("{masked}: {sentence}"), done);
}
