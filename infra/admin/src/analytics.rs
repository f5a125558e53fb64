//! `latchkey analytics …` and `latchkey sources …`: the numbers of `/api/analytics/`, read from the same counters.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::InvalidValue;
use shared::store::statistics::range::{MOST_DAYS, USUAL_DAYS, date, moment, usual_since};
use shared::store::statistics::{OtpTotals, Range, Registered, SourceRow};

use crate::connect::App;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Analytics {
    /// Users by where they came from, the source with most of them first.
    Sources,
    /// New users a day, by the way they signed in first.
    Registrations(Days),
    /// Users with a sign of life on one of the last days; each counts once.
    Active {
        /// How many days, today among them.
        #[arg(long, default_value_t = USUAL_DAYS, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_DAYS)))]
        days: u32,
    },
    /// What became of codes, by day and channel, and how many were used of those sent.
    Otp(Days),
    /// Who registered, newest first.
    Users {
        /// Since a day or a moment; for 30 days where it is not given.
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

#[derive(Subcommand)]
pub(crate) enum Sources {
    /// Users by where they came from, with each source's share and the sum.
    Report,
}

/// UTC days, both ends included; the last 30 where none are given.
#[derive(Args)]
pub(crate) struct Days {
    /// The first day, such as 2026-01-31.
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last day; today where it is not given.
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
}

impl Days {
    fn range(&self, now: Timestamp) -> Result<Range, Failure> {
        let read = |name: &'static str, text: &Option<String>| {
            let day = text.as_deref().map(date).transpose();
            day.map_err(|fault| wrong(name, &fault))
        };
        let (from, to) = (read("--from", &self.from)?, read("--to", &self.to)?);
        Range::new(from, to, now).map_err(|fault| wrong("--from", &fault))
    }
}

fn wrong(option: &str, fault: &InvalidValue) -> Failure {
    Failure::Usage(format!("{option}: {}", fault.detail))
}

pub(crate) async fn run(command: Analytics, app: &App, output: &Output) -> Result<(), Failure> {
    let now = app.now();
    match command {
        Analytics::Sources => {
            let rows = app.store.source_rows().await?;
            output.rows(
                &["source.url", "users", "by_method", "last_registration"],
                rows.iter().map(|row| json!(row)).collect(),
            );
        }
        Analytics::Registrations(days) => {
            let rows = app.store.registration_rows(days.range(now)?).await?;
            output.rows(
                &["day", "total", "by_method"],
                rows.iter().map(|row| json!(row)).collect(),
            );
        }
        Analytics::Active { days } => output.object(json!(app.store.active(days, now).await?)),
        Analytics::Otp(days) => {
            let rows = app.store.otp_rows(days.range(now)?).await?;
            let mut totals = json!(OtpTotals::of(&rows));
            if !output.is_json() {
                totals["day"] = "all".into();
                totals["channel"] = match &totals["success_rate"] {
                    Value::Null => Value::Null,
                    rate => format!("success {rate}").into(),
                };
            }
            output.report(
                &[
                    "day",
                    "channel",
                    "requested",
                    "sent",
                    "delivered",
                    "verified",
                    "failed",
                    "limited",
                ],
                rows.iter().map(|row| json!(row)).collect(),
                totals,
            );
        }
        Analytics::Users { since, limit } => {
            let since = match since {
                Some(text) => moment(&text).map_err(|fault| wrong("--since", &fault))?,
                None => usual_since(now),
            };
            let rows = registered(app, output, since, limit).await?;
            output.rows(
                &["id", "email", "phone_number", "date_joined", "source.url"],
                rows,
            );
        }
    }
    Ok(())
}

/// Reads on until there are enough, or all.
async fn registered(
    app: &App,
    output: &Output,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Value>, Failure> {
    const PAGE: usize = 100;
    let bar = output.progress(limit, "reading users");
    let (mut rows, mut behind) = (Vec::new(), None);
    while rows.len() < limit {
        let wanted = PAGE.min(limit - rows.len());
        let mut found = app
            .store
            .registered(since, behind, app.now(), wanted)
            .await?;
        let more = found.len() > wanted;
        found.truncate(wanted);
        behind = found.last().map(|(place, _)| *place).or(behind);
        rows.extend(
            found
                .into_iter()
                .filter_map(|(_, row)| Some(shown(row?, output))),
        );
        bar.set_position(rows.len() as u64);
        if !more {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(rows)
}

fn shown(row: Registered, output: &Output) -> Value {
    json!({
        "email": output.address(row.email.as_deref()),
        "phone_number": output.address(row.phone_number.as_deref()),
        "id": row.id, "date_joined": row.date_joined, "source": row.source,
    })
}

pub(crate) async fn sources(command: Sources, app: &App, output: &Output) -> Result<(), Failure> {
    let Sources::Report = command;
    let rows = app.store.source_rows().await?;
    let users: u64 = rows.iter().map(|row| row.users).sum();
    let shown = |row: &SourceRow| {
        let mut shown = json!(row);
        shown["share"] = share(row.users, users).into();
        shown
    };
    let mut totals = json!({ "sources": rows.len(), "users": users });
    if !output.is_json() {
        totals["source"] = json!({ "url": "all" });
        totals["share"] = share(users, users).into();
    }
    output.report(
        &[
            "source.url",
            "users",
            "share",
            "by_method",
            "last_registration",
        ],
        rows.iter().map(shown).collect(),
        totals,
    );
    Ok(())
}

/// In per cent, to one decimal.
fn share(part: u64, whole: u64) -> String {
    let per_mille = (part * 1000 + whole / 2) / whole.max(1);
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded() {
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(2, 3), "66.7 %");
        assert_eq!(share(0, 0), "0.0 %");
        assert_eq!(share(7, 7), "100.0 %");
    }
}
