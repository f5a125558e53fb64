//! The real `latchkey` against a running local cloud: what it prints, and the exit code that a script acts on.

mod account;
mod credentials;
mod doctor;
mod failures;
mod init;
mod keys;
mod leaving;
mod numbers;
mod people;
mod secret;
mod stack;

use std::process::{Command, Stdio};

use serde_json::Value;
use tests::House;

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

/// Runs the command line with nothing in its environment but this, and nobody at the terminal.
async fn latchkey(arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::null());
    let run = tokio::task::spawn_blocking(move || command.output());
    let output = run.await.expect("ran").expect("started");
    Ended {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The same against a local cloud.
async fn at(house: &House, arguments: &[&str]) -> Ended {
    // What happened before is counted by now.
    let _ = house.cloud().settle().await;
    let url = house.cloud().url();
    let mut all = vec!["--local", url.as_str()];
    all.extend(arguments);
    latchkey(&all, &[]).await
}

impl Ended {
    /// Asserts that it went well; gives what it printed.
    #[track_caller]
    fn text(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self.out
    }

    /// The same as JSON.
    #[track_caller]
    fn json(self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Asserts that it failed with this code and said this.
    #[track_caller]
    fn failed(&self, code: i32, said: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(said), "expected {said:?}: {self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
    }
}
