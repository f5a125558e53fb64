//! What the operator sees: tables in the terminal, or JSON.

use std::io::IsTerminal as _;

use comfy_table::{ContentArrangement, Table, presets::UTF8_BORDERS_ONLY};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use shared::domain::identifier::Identifier;

use crate::failure::Failure;

/// How results are written.
pub(crate) struct Output {
    json: bool,
    reveal: bool,
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what writes to the terminal"
)]
impl Output {
    /// As the operator asked for.
    pub(crate) fn new(json: bool, reveal: bool) -> Self {
        Self { json, reveal }
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
            println!("{object:#}");
            return;
        }
        let mut table = table();
        for (name, value) in object.as_object().into_iter().flatten() {
            table.add_row([name.clone(), cell(value)]);
        }
        println!("{table}");
    }

    /// Many things of one kind.
    pub(crate) fn rows(&self, columns: &[&str], rows: Vec<Value>) {
        if self.json {
            println!("{:#}", Value::Array(rows));
            return;
        }
        if rows.is_empty() {
            println!("none");
            return;
        }
        let mut table = table();
        table.set_header(columns.iter().copied());
        for row in &rows {
            table.add_row(columns.iter().map(|column| cell(&row[*column])));
        }
        println!("{table}");
    }

    /// What was done, in a sentence; `done` is the same for programs.
    pub(crate) fn done(&self, sentence: &str, done: Map<String, Value>) {
        if self.json {
            println!("{:#}", Value::Object(done));
        } else {
            println!("{sentence}");
        }
    }

    /// Why nothing was done.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json {
            eprintln!("{}", json!({"error": failure.to_string()}));
        } else {
            eprintln!("latchkey: {failure}");
        }
    }

    /// A bar for long work; silent where nobody watches.
    pub(crate) fn progress(&self, steps: usize, what: &'static str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(steps as u64)
            .with_style(style)
            .with_message(what)
    }
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
