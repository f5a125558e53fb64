//! Progress: a bar on a terminal, lines elsewhere.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

pub(crate) struct Progress {
    /// Hidden where there is no terminal.
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(attacks: usize) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(attacks as u64)
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template("{pos}/{len} {wide_bar} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            bar: bar.with_style(style),
        }
    }

    /// An attack begins.
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

    /// An attack is over.
    pub(crate) fn ended(&self) {
        self.bar.inc(1);
    }

    /// All are over.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }

    #[expect(clippy::print_stderr, reason = "this is what writes to the terminal")]
    fn line(&self, message: impl FnOnce() -> String) {
        if self.bar.is_hidden() {
            eprintln!("{}", message());
        }
    }
}
