//! Cold starts and warm requests of the functions' real binaries, over the twin of the Lambda Runtime API, as a table
//! for docs/PERFORMANCE.md:
//!
//! `cargo run -p tests --example cold_start -- target/release [cold starts] [warm requests] [functions]`
//!
//! Without names it measures all functions.
//!
//! A house stands in place of AWS. It holds each of its answers for ten milliseconds, about what DynamoDB takes, so the
//! milliseconds of a request are its steps; what the function itself does is in the columns of processor time and of
//! instructions, the latter counted by valgrind where it is installed.

mod instructions;
mod process;
mod script;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tests::{House, Reported, Running};

use script::Script;

/// In the order of the table.
const FUNCTIONS: [&str; 9] = [
    "otp-request",
    "otp-verify",
    "tokens",
    "profile",
    "avatar",
    "webhooks",
    "analytics",
    "events",
    "pages",
];

/// One start of a function.
struct Cold {
    /// From its start until it asks for an event.
    poll: Duration,
    /// From there until its first answer.
    answer: Duration,
    /// What it computed until it asked.
    init: Duration,
    /// What it holds in memory after the first answer, in KiB.
    resident: u64,
}

/// What one function was seen to do.
struct Seen {
    cold: Vec<Cold>,
    warm: Vec<Duration>,
    /// What it computed for one warm request, on average.
    work: Duration,
    instructions: Option<u64>,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the table is what this is for")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(
        arguments
            .next()
            .unwrap_or_else(|| "target/release".to_owned()),
    );
    let mut number = |default| {
        let given = arguments.next().map(|text| text.parse());
        given.unwrap_or(Ok(default)).expect("a whole number")
    };
    let (starts, requests) = (number(20), number(100));
    let chosen: Vec<_> = arguments.collect();
    println!(
        "{starts} cold starts and {requests} warm requests of each function in {}; medians, times in milliseconds\n",
        folder.display()
    );
    println!(
        "| function | one request is | start → poll | of it computing | first answer | resident MB | warm p50 | p90 | p99 | computing | instructions |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for name in FUNCTIONS {
        if !chosen.is_empty() && !chosen.iter().any(|one| one == name) {
            continue;
        }
        let house = House::open().await;
        let script = Script::write(&house, name, starts + requests + instructions::EVENTS).await;
        let seen = watch(&house, &folder.join(name), name, &script, starts, requests).await;
        println!("{}", row(name, script.what, seen));
    }
}

async fn watch(
    house: &House,
    binary: &Path,
    name: &str,
    script: &Script,
    starts: usize,
    requests: usize,
) -> Seen {
    let mut events = script.events.iter();
    let mut next = || events.next().expect("enough events");
    let mut cold = Vec::new();
    for _ in 0..starts {
        let mut running = Running::binary(binary, name, house.environment().await).await;
        cold.push(start(&mut running, next()).await);
    }
    let mut running = Running::binary(binary, name, house.environment().await).await;
    let _ = start(&mut running, next()).await;
    let before = process::computed(running.process.id());
    let mut warm = Vec::new();
    for _ in 1..requests {
        let began = std::time::Instant::now();
        let answer = running.runtime.invoke(next()).await;
        warm.push(answer.at - began);
        expect_success(&answer);
    }
    let work = process::computed(running.process.id()).saturating_sub(before);
    let work = work / u32::try_from(warm.len()).expect("few");
    drop(running);
    let rest: Vec<_> = events.cloned().collect();
    let instructions = instructions::per_request(house, binary, name, &rest).await;
    Seen {
        cold,
        warm,
        work,
        instructions,
    }
}

/// Waits for the first poll, and gives the first event.
async fn start(running: &mut Running, event: &Value) -> Cold {
    let polled = running.runtime.polled().await;
    let init = process::computed(running.process.id());
    let answer = running.runtime.invoke(event).await;
    expect_success(&answer);
    Cold {
        poll: polled - running.started,
        answer: answer.at - polled,
        init,
        resident: process::resident(running.process.id()),
    }
}

/// A bench of refusals would tell nothing.
fn expect_success(reported: &Reported) {
    let answer: Value = serde_json::from_str(&reported.body).expect("JSON");
    let status = answer["statusCode"].as_u64().unwrap_or(200);
    let good = reported.path.ends_with("/response") && (200..300).contains(&status);
    assert!(good, "{reported:?}");
}

fn row(name: &str, what: &str, seen: Seen) -> String {
    let middle = |of: fn(&Cold) -> Duration| {
        let all = seen.cold.iter().map(of).collect();
        milliseconds(at(all, 50))
    };
    let resident = seen
        .cold
        .iter()
        .map(|cold| Duration::from_micros(cold.resident));
    let resident = at(resident.collect(), 50).as_micros() as f64 / 1024.0;
    let warm = |percent| milliseconds(at(seen.warm.clone(), percent));
    let instructions = seen.instructions.map_or_else(
        || "not counted".to_owned(),
        |count| format!("{:.2} million", count as f64 / 1e6),
    );
    format!(
        "| `{name}` | {what} | {} | {} | {} | {resident:.1} | {} | {} | {} | {} | {instructions} |",
        middle(|cold| cold.poll),
        middle(|cold| cold.init),
        middle(|cold| cold.answer),
        warm(50),
        warm(90),
        warm(99),
        milliseconds(seen.work),
    )
}

/// The value that so many percent are not above.
fn at(mut all: Vec<Duration>, percent: usize) -> Duration {
    all.sort_unstable();
    let place = (all.len() * percent).div_ceil(100).max(1) - 1;
    all[place]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}
