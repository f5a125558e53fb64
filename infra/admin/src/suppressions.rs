//! `latchkey suppressions …`

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use shared::keyring::derive::AddressKeys;
use shared::store::operator::Suppressed;
use shared::store::suppression::Cause;

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
    /// Sends again to an address, or to all that are suppressed for a reason. What happened before does not count any more,
    /// also where it is reported again.
    Remove(Remove),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// A mail address or a number.
    address: Option<String>,
    /// All that are suppressed for this: bounce, complaint, `opt_out`, unreachable or operator.
    #[arg(long, value_parser = ["bounce", "complaint", "opt_out", "unreachable", "operator"])]
    reason: Option<String>,
}

#[derive(Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    which: Which,
    /// With --reason: only those since this day or moment, such as 2026-11-30 or 2026-11-30T08:00:00Z.
    #[arg(long, requires = "reason")]
    since: Option<String>,
    /// With --reason: only says which they are.
    #[arg(long, requires = "reason")]
    dry_run: bool,
}

pub(crate) async fn run(command: Suppressions, app: &App, output: &Output) -> Result<(), Failure> {
    match command {
        Suppressions::List => {
            let found = app.store.suppressions(app.now()).await?;
            output.rows(&COLUMNS, found.iter().map(row).collect());
        }
        Suppressions::Add { address } => {
            let identifier = identifier(&address)?;
            let peppers = app.peppers()?;
            let mac = AddressKeys::new(&peppers).suppression(&identifier);
            let now = app.now();
            let cause = Cause {
                kind: identifier.kind(),
                mac: &mac,
                reason: "operator",
                at: now,
                masked: &identifier.masked(),
            };
            app.store.suppress(cause, now).await?;
            told(
                output,
                "nothing is sent there any more",
                &identifier.masked(),
                true,
            );
        }
        Suppressions::Remove(order) => match (&order.which.address, &order.which.reason) {
            (Some(address), _) => remove(address, app, output).await?,
            (None, Some(reason)) => remove_all(reason, &order, app, output).await?,
            (None, None) => {}
        },
    }
    Ok(())
}

async fn remove(address: &str, app: &App, output: &Output) -> Result<(), Failure> {
    let identifier = identifier(address)?;
    let peppers = app.peppers()?;
    let macs = AddressKeys::new(&peppers).suppressions(&identifier);
    let lifted = app
        .store
        .unsuppress(identifier.kind(), &macs, None, app.now());
    if !lifted.await? {
        return Err(Failure::NotFound(format!(
            "{} is not suppressed",
            identifier.masked()
        )));
    }
    told(output, "may be sent to again", &identifier.masked(), false);
    Ok(())
}

/// Lets through again what one cause has suppressed, such as a broken DKIM record.
async fn remove_all(
    reason: &str,
    order: &Remove,
    app: &App,
    output: &Output,
) -> Result<(), Failure> {
    let since = order.since.as_deref().map(since).transpose()?;
    let now = app.now();
    let mut found = app.store.suppressions(now).await?;
    found.retain(|entry| {
        entry.reason.as_deref() == Some(reason)
            && since.is_none_or(|since| entry.at.is_some_and(|at| at >= since))
    });
    if order.dry_run {
        let rows = found.iter().map(row);
        output.rows(&COLUMNS, rows.collect());
        return Ok(());
    }
    let bar = output.progress(found.len(), "suppressions");
    let mut removed = 0;
    for entry in &found {
        removed += usize::from(app.store.lift_suppression(entry, now).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let done = Map::from_iter([("removed".to_owned(), json!(removed))]);
    output.done(&format!("{removed} may be sent to again"), done);
    Ok(())
}

/// The beginning of a day, or a moment.
fn since(text: &str) -> Result<Timestamp, Failure> {
    let day = |text: &str| {
        let day: jiff::civil::Date = text.parse().ok()?;
        let midnight = day.to_datetime(jiff::civil::Time::midnight());
        jiff::tz::TimeZone::UTC.to_timestamp(midnight).ok()
    };
    let moment = text.parse().ok().or_else(|| day(text));
    moment.ok_or_else(|| {
        Failure::Usage(format!(
            "--since {text:?} is neither a day nor a moment: expected 2026-11-30 or 2026-11-30T08:00:00Z"
        ))
    })
}

const COLUMNS: [&str; 5] = ["kind", "address", "reason", "at", "until"];

fn row(entry: &Suppressed) -> Value {
    json!({
        "kind": entry.kind, "address": entry.masked, "reason": entry.reason,
        "at": entry.at.map(moment), "until": entry.until.map(moment),
    })
}

fn told(output: &Output, sentence: &str, masked: &str, suppressed: bool) {
    let done = Map::from_iter([
        ("address".to_owned(), json!(masked)),
        ("suppressed".to_owned(), json!(suppressed)),
    ]);
    output.done(&format!("{masked}: {sentence}"), done);
}
