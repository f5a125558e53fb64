//! What the operator sees: tables in the terminal, or JSON.

use std::io::{IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, Table, presets::UTF8_BORDERS_ONLY};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use shared::domain::identifier::Identifier;

use crate::failure::Failure;

/// How results are written.
pub(crate) struct Output {
    json: bool,
    reveal: bool,
}

impl Output {
    /// As the operator asked for.
    pub(crate) fn new(json: bool, reveal: bool) -> Self {
        Self { json, reveal }
    }

    /// Whether a program reads it.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// An address, masked unless the operator asked for all of it.
    pub(crate) fn address(&self, address: Option<&str>) -> Value {
        let Some(address) = address else {
            return Value::Null;
        };
        if self.reveal {
            return address.into();
        }
        Identifier::restore(address)
            .map_or_else(|| "…".into(), |identifier| identifier.masked().into())
    }

    /// One thing.
    pub(crate) fn object(&self, object: Value) {
        if self.json {
            say(format_args!("{object:#}"));
            return;
        }
        let mut table = table();
        for (name, value) in object.as_object().into_iter().flatten() {
            table.add_row([name.clone(), cell(value)]);
        }
        say(format_args!("{table}"));
    }

    /// Many things of one kind; a column such as `source.url` is a member of a member.
    pub(crate) fn rows(&self, columns: &[&str], rows: Vec<Value>) {
        if self.json {
            say(format_args!("{:#}", Value::Array(rows)));
        } else {
            in_a_table(columns, &rows);
        }
    }

    /// Many things of one kind and what they come to, which has a row of its own at the end of the table.
    pub(crate) fn report(&self, columns: &[&str], mut rows: Vec<Value>, totals: Value) {
        if self.json {
            let report = json!({ "results": rows, "totals": totals });
            say(format_args!("{report:#}"));
            return;
        }
        if !rows.is_empty() {
            rows.push(totals);
        }
        in_a_table(columns, &rows);
    }

    /// A document, as it is.
    #[expect(clippy::unused_self, reason = "all output goes through here")]
    pub(crate) fn document(&self, document: &Value) {
        say(format_args!("{document:#}"));
    }

    /// What was done, in a sentence; `done` is the same for programs.
    pub(crate) fn done(&self, sentence: &str, done: Map<String, Value>) {
        if self.json {
            say(format_args!("{:#}", Value::Object(done)));
        } else {
            say(format_args!("{sentence}"));
        }
    }

    /// Why nothing was done.
    pub(crate) fn failure(&self, failure: &Failure) {
        let told = if self.json {
            json!({"error": failure.to_string()}).to_string()
        } else {
            format!("latchkey: {failure}")
        };
        let _ = writeln!(std::io::stderr(), "{told}");
    }

    /// A bar for long work, on stderr; silent where nobody watches.
    pub(crate) fn progress(&self, steps: usize, what: &'static str) -> ProgressBar {
        self.watched(
            ProgressBar::new(steps as u64),
            "{msg} {wide_bar} {pos}/{len}",
            what,
        )
    }

    /// The same for work of which nobody knows how long it takes.
    pub(crate) fn spinner(&self, what: &'static str) -> ProgressBar {
        let bar = self.watched(ProgressBar::new_spinner(), "{spinner} {msg} {pos}", what);
        if !bar.is_hidden() {
            bar.enable_steady_tick(std::time::Duration::from_millis(100));
        }
        bar
    }

    fn watched(&self, bar: ProgressBar, template: &str, what: &'static str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.with_style(style).with_message(what)
    }
}

/// Writes a line. A reader that went away, such as `head`, is no failure of ours.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn in_a_table(columns: &[&str], rows: &[Value]) {
    if rows.is_empty() {
        return say(format_args!("none"));
    }
    let mut table = table();
    table.set_header(
        columns
            .iter()
            .map(|column| column.split('.').next())
            .map(Option::unwrap_or_default),
    );
    for row in rows {
        let member = |column: &&str| cell(column.split('.').fold(row, |value, name| &value[name]));
        table.add_row(columns.iter().map(member));
    }
    say(format_args!("{table}"));
}

fn table() -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{name} {}", cell(value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

/// A moment, to the second.
pub(crate) fn moment(moment: Timestamp) -> Value {
    Timestamp::from_second(moment.as_second())
        .unwrap_or(moment)
        .to_string()
        .into()
}
