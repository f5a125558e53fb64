//! What held and what did not.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table, presets::UTF8_BORDERS_ONLY};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::attacks::{Attack, Outcome};

/// One line of the table.
#[derive(Serialize)]
struct Row {
    attack: &'static str,
    rows: &'static str,
    result: &'static str,
    detail: String,
}

/// Gathers the lines, and tells meanwhile how far it is: with a bar on a terminal, by lines elsewhere.
pub(crate) struct Report {
    json: bool,
    bar: ProgressBar,
    lines: bool,
    rows: Vec<Row>,
}

/// Why there was no attack.
#[expect(clippy::print_stderr, reason = "this is what writes to the terminal")]
pub(crate) fn refuse(sentence: &str) {
    eprintln!("attack: {sentence}");
}

impl Report {
    pub(crate) fn new(json: bool, attacks: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal {
            ProgressBar::new(attacks as u64)
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template("{pos}/{len} {wide_bar} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            json,
            bar: bar.with_style(style),
            lines: !terminal,
            rows: Vec::new(),
        }
    }

    pub(crate) fn begins(&self, name: &'static str) {
        self.bar.set_message(name);
        self.line(|| name.to_owned());
    }

    /// How far a measurement is; every thousandth sample is worth a line.
    pub(crate) fn is_at(&self, sample: usize, of: usize) {
        let message = || format!("sample {sample} of {of}");
        if sample.is_multiple_of(20) {
            self.bar.set_message(message());
        }
        if sample > 0 && sample.is_multiple_of(1000) {
            self.line(message);
        }
    }

    #[expect(clippy::print_stderr, reason = "this is what writes to the terminal")]
    fn line(&self, message: impl FnOnce() -> String) {
        if self.lines {
            eprintln!("{}", message());
        }
    }

    pub(crate) fn ends(&mut self, attack: &Attack, outcome: Result<Outcome, String>) {
        let (result, detail) = match outcome {
            Ok(Outcome::Held(detail)) => ("held", detail),
            Ok(Outcome::Broke(detail)) => ("BROKE", detail),
            Ok(Outcome::Skipped(why)) => ("skipped", why.to_owned()),
            Err(error) => ("error", error),
        };
        self.rows.push(Row {
            attack: attack.name,
            rows: attack.rows,
            result,
            detail,
        });
        self.bar.inc(1);
    }

    /// Writes it all; the exit code says whether everything held.
    #[expect(clippy::print_stdout, reason = "this is what writes to the terminal")]
    pub(crate) fn print(self) -> ExitCode {
        self.bar.finish_and_clear();
        if self.json {
            println!(
                "{}",
                serde_json::to_string_pretty(&self.rows).unwrap_or_default()
            );
        } else {
            let mut table = Table::new();
            table
                .load_style(UTF8_BORDERS_ONLY)
                .set_content_arrangement(ContentArrangement::Dynamic);
            table.set_header(["attack", "rows", "result", "detail"]);
            for row in &self.rows {
                table.add_row([row.attack, row.rows, row.result, &row.detail]);
            }
            println!("{table}");
        }
        let bad = self
            .rows
            .iter()
            .any(|row| matches!(row.result, "BROKE" | "error"));
        ExitCode::from(u8::from(bad))
    }
}
