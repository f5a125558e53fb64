//! Instructions per request, as valgrind's callgrind counts them: the difference between a long and a short run of the
//! same function, so that its start does not count.
//!
//! Where `PROFILES` names a folder, callgrind's own files of both runs are kept there, for `.ci/instructions`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests::{House, Running};

use crate::expect_success;

const SHORT: usize = 3;
const LONG: usize = 13;
/// How many events the two runs take.
pub(super) const EVENTS: usize = SHORT + LONG;

/// The count; `None` where there is no valgrind.
pub(super) async fn per_request(
    house: &House,
    binary: &Path,
    name: &str,
    events: &[Value],
) -> Option<u64> {
    let installed = Command::new("valgrind").arg("--version").output();
    if !installed.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let (short, long) = events.split_at(SHORT);
    let long = &long[..LONG];
    let short = counted(house, binary, name, short).await;
    let long = counted(house, binary, name, long).await;
    Some((long - short) / (LONG - SHORT) as u64)
}

#[expect(clippy::disallowed_methods, reason = "it is no setting of the service")]
fn profiles() -> Option<PathBuf> {
    std::env::var_os("PROFILES").map(PathBuf::from)
}

/// All instructions of a run with these events.
async fn counted(house: &House, binary: &Path, name: &str, events: &[Value]) -> u64 {
    let log = std::env::temp_dir().join(format!("cold-start-{}-{name}", std::process::id()));
    let mut command = Command::new("valgrind");
    let profile = profiles().map_or_else(
        || "/dev/null".into(),
        |folder| folder.join(format!("{name}.{}", events.len())),
    );
    command
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(format!("--log-file={}", log.display()))
        .arg(binary);
    let mut running = Running::start(command, name, house.environment().await).await;
    for event in events {
        expect_success(&running.runtime.invoke(event).await);
    }
    // Ended gently, valgrind writes down what it counted.
    let pid = running.process.id().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(told.expect("kill").success());
    let _ = running.process.wait();
    let text = std::fs::read_to_string(&log).expect("valgrind's log");
    let _ = std::fs::remove_file(&log);
    let line = text
        .lines()
        .find(|line| line.contains("I ") && line.contains("refs:"));
    let number = line.and_then(|line| line.rsplit(':').next());
    let digits: String = number
        .unwrap_or_else(|| panic!("{name}: {text}"))
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().expect("a number")
}
