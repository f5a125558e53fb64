//! Damages small pictures at random and decodes them, looking for panics and for memory (THREATS.md, H14).
//!
//! `cargo run --release -p picture --example fuzz -- [EXECUTIONS [SEED]]`. The same seed gives the same pictures. A
//! picture that ends in a panic or takes too much is kept in the directory for temporary files.
#![expect(clippy::print_stdout, reason = "it tells what it found")]

#[path = "../src/samples/mod.rs"]
#[expect(dead_code, reason = "what the tests need and this does not")]
mod samples;

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use picture::{Picture, Refusal, decode_alone};

/// The most that one picture may take, in bytes.
const MEMORY: u64 = 128_000_000;

/// Of so many pictures one goes the whole way to three files; the others are only decoded.
const WHOLE: u64 = 1_000;

#[derive(Default)]
struct Found {
    decoded: u64,
    refused: u64,
    too_costly: u64,
    most: u64,
    slowest: Duration,
    bad: u64,
}

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|arg| arg.parse::<u64>());
    let (Ok(executions), Ok(seed)) = (
        numbers.next().unwrap_or(Ok(100_000)),
        numbers.next().unwrap_or(Ok(1)),
    ) else {
        println!("Expected the number of executions and a seed.");
        return ExitCode::FAILURE;
    };
    let start = Instant::now();
    let mut mutations = samples::Mutations::new(seed);
    let mut found = Found::default();
    for n in 1..=executions {
        try_one(n, &mut mutations, &mut found);
        if n % 1_000_000 == 0 || n == executions {
            tell(n, start.elapsed(), &found);
        }
    }
    ExitCode::from(u8::from(found.bad > 0))
}

fn try_one(n: u64, mutations: &mut samples::Mutations, found: &mut Found) {
    let bytes = mutations.next();
    let mut outcome = None;
    let start = Instant::now();
    let counted = measure(|| {
        outcome = catch_unwind(|| {
            if n.is_multiple_of(WHOLE) {
                Picture::read(&bytes).map(|_| ())
            } else {
                decode_alone(&bytes).map(|_| ())
            }
        })
        .ok();
    });
    found.slowest = found.slowest.max(start.elapsed());
    found.most = found.most.max(counted.bytes_max);
    let panicked = outcome.is_none();
    match outcome {
        Some(Ok(())) => found.decoded += 1,
        Some(Err(Refusal::TooCostly)) => found.too_costly += 1,
        Some(Err(_)) => found.refused += 1,
        None => {}
    }
    if panicked || counted.bytes_max > MEMORY {
        found.bad += 1;
        let file = std::env::temp_dir().join(format!("latchkey-picture-{n}"));
        let kept = std::fs::write(&file, &bytes);
        println!(
            "{n}: {} bytes, kept as {}: {kept:?}",
            counted.bytes_max,
            file.display()
        );
    }
    if matches!(outcome, Some(Ok(()))) {
        mutations.keep(bytes);
    }
}

fn tell(n: u64, elapsed: Duration, found: &Found) {
    let Found {
        decoded,
        refused,
        too_costly,
        most,
        slowest,
        bad,
    } = found;
    println!(
        "{n} executions in {} s: {decoded} decoded, {refused} refused, {too_costly} too costly, {bad} bad; \
         at most {:.1} MB and {} ms for one; {}",
        elapsed.as_secs(),
        *most as f64 / 1e6,
        slowest.as_millis(),
        resident()
    );
}

/// The most memory that the process has had, as Linux counts it.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("resident memory unknown".to_owned(), |peak| {
        format!("resident at most {}", peak.trim())
    })
}
