//! What held and what did not.

use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table, presets::UTF8_BORDERS_ONLY};
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

/// Gathers the lines.
#[derive(Default)]
pub(crate) struct Report(Vec<Row>);

/// Why there was no attack.
#[expect(clippy::print_stderr, reason = "this is what writes to the terminal")]
pub(crate) fn refuse(sentence: &str) {
    eprintln!("attack: {sentence}");
}

impl Report {
    pub(crate) fn note(&mut self, attack: &Attack, outcome: Result<Outcome, String>) {
        let (result, detail) = match outcome {
            Ok(Outcome::Held(detail)) => ("held", detail),
            Ok(Outcome::Broke(detail)) => ("BROKE", detail),
            Ok(Outcome::Skipped(why)) => ("skipped", why.to_owned()),
            Err(error) => ("error", error),
        };
        self.0.push(Row {
            attack: attack.name,
            rows: attack.rows,
            result,
            detail,
        });
    }

    /// Writes it all; the exit code says whether everything held.
    #[expect(clippy::print_stdout, reason = "this is what writes to the terminal")]
    pub(crate) fn print(self, json: bool) -> ExitCode {
        if json {
            println!(
                "{}",
                serde_json::to_string_pretty(&self.0).unwrap_or_default()
            );
        } else {
            let mut table = Table::new();
            table
                .load_style(UTF8_BORDERS_ONLY)
                .set_content_arrangement(ContentArrangement::Dynamic);
            table.set_header(["attack", "rows", "result", "detail"]);
            for row in &self.0 {
                table.add_row([row.attack, row.rows, row.result, &row.detail]);
            }
            println!("{table}");
        }
        let bad = self
            .0
            .iter()
            .any(|row| matches!(row.result, "BROKE" | "error"));
        ExitCode::from(u8::from(bad))
    }
}
