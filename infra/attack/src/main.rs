//! `attack`: tries the black-box part of what the service must survive, against a target whose operator consents.
//!
//! The target shows its consent by serving a token at `/.well-known/latchkey-attack-consent` (setting
//! `ATTACK_CONSENT`), and the person who runs this must know it. A local cloud consents by itself. What needs the codes
//! that were sent runs against a local cloud only, which shows them in its outbox.

mod attacks;
mod progress;
mod report;
mod target;

use std::process::ExitCode;

use clap::Parser;

use attacks::{ATTACKS, Effort};
use progress::Progress;
use report::Report;
use target::Target;

/// Tries Latchkey's defences from outside.
#[derive(Parser)]
#[command(name = "attack", version)]
struct Arguments {
    /// The API's base URL.
    #[arg(default_value = "http://localhost:3000")]
    url: String,
    /// The token by which the target's operator consents.
    #[arg(long, default_value = "local")]
    consent: String,
    /// Requests of each kind for the timing comparison.
    #[arg(long, default_value_t = 200)]
    samples: usize,
    /// Answers as JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let target = match Target::consenting(&arguments.url, &arguments.consent).await {
        Ok(target) => target,
        Err(sentence) => {
            report::refuse(&sentence);
            return ExitCode::from(2);
        }
    };
    let (progress, mut report) = (Progress::new(ATTACKS.len()), Report::default());
    for attack in ATTACKS {
        progress.begins(attack.name);
        let effort = Effort {
            samples: arguments.samples,
            progress: &progress,
        };
        report.note(attack, attack.run(&target, effort).await);
        progress.ended();
    }
    progress.finish();
    report.print(arguments.json)
}
