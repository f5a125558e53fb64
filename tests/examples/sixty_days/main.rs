//! `cargo run -p tests --example sixty_days -- --url http://localhost:3000`: a thousand people over sixty days, at a
//! local cloud whose clock is moved. They come from several sources, by mail, SMS and WhatsApp, come back, mistype,
//! bounce.
//!
//! The same seed gives the same people on the same days. Afterwards the clock stands where it stood before.

mod client;
mod town;

use std::fmt::Write as _;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use client::{Failure, LocalCloud};
use town::{Day, Town};

/// Lets a thousand people use a running local cloud for sixty days.
#[derive(Parser)]
struct Arguments {
    /// Where the local cloud listens.
    #[arg(long, default_value = "http://localhost:3000")]
    url: String,
    /// How many people register.
    #[arg(long, default_value_t = 1000)]
    people: usize,
    /// Over how many days.
    #[arg(long, default_value_t = 60)]
    days: u32,
    /// The seed of everything that is left to chance.
    #[arg(long, default_value_t = 60)]
    seed: u64,
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let arguments = Arguments::parse();
    run(&arguments).await.map_err(|failure| failure.to_string())
}

#[expect(
    clippy::print_stdout,
    reason = "the outcome is for the person who started it"
)]
async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let client = LocalCloud::open(&arguments.url)?;
    let before = client.now().await?;
    let mut town = Town::plan(arguments.seed, arguments.people, arguments.days);
    let bar = ProgressBar::new(u64::from(arguments.days));
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} day {pos} of {len}, {eta} left") {
        bar.set_style(style);
    }
    let mut sums = Day::default();
    for day in 0..arguments.days {
        for (hour, visits) in town.day(day) {
            let back = i64::from(arguments.days - 1 - day) * 24 + 24 - i64::from(hour);
            client
                .set(before - jiff::SignedDuration::from_hours(back))
                .await?;
            sums.add(town.hour(&client, visits).await?);
        }
        bar.inc(1);
    }
    client.set(before).await?;
    bar.finish_and_clear();
    let mut told = String::new();
    for (name, sum) in sums.told() {
        let _ = write!(told, "{name} {sum}, ");
    }
    println!(
        "{} days are over: {}",
        arguments.days,
        told.trim_end_matches(", ")
    );
    Ok(())
}
