//! `cargo run -p tests --example recount -- --things 10000`: a crowd does as many things at random while the streams
//! and what reads them fail, and every number of the API is counted again on the way and at the end.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use tests::Crowd;

/// Lets a crowd loose on a local cloud of its own, and counts again what is counted.
#[derive(Parser)]
struct Arguments {
    /// How many things are done.
    #[arg(long, default_value_t = 10_000)]
    things: usize,
    /// After how many everything is counted again.
    #[arg(long, default_value_t = 500)]
    every: usize,
    /// The seed of everything that is left to chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the outcome is for the person who started it"
)]
async fn main() {
    let arguments = Arguments::parse();
    let mut crowd = Crowd::gather(arguments.seed).await;
    let bar = ProgressBar::new(arguments.things as u64);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} things, {eta} left") {
        bar.set_style(style);
    }
    let mut done = 0;
    while done < arguments.things {
        let some = arguments.every.clamp(1, arguments.things - done);
        crowd.does(some).await;
        done += some;
        bar.set_position(done as u64);
    }
    bar.finish_and_clear();
    println!(
        "seed {}: {done} things, every number right. {}",
        arguments.seed,
        crowd.told()
    );
}
