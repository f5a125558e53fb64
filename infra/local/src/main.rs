//! Starts the local cloud; `cargo run -- --help` says how.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use local::{Cloud, Options};
use tokio::signal::unix::{SignalKind, signal};

/// As in the functions. With the C library's, a sixth of a sign-in's computing is the allocator.
#[global_allocator]
static ALLOCATOR: shared::lambda::Allocator = shared::lambda::Allocator;

/// Runs Latchkey and everything it needs, on this machine alone.
#[derive(Parser)]
#[command(name = "latchkey-local", version)]
struct Arguments {
    /// Keep data in memory and forget them at the end.
    #[arg(long, conflicts_with = "data")]
    memory: bool,
    /// Keep data in this folder.
    #[arg(long, value_name = "DIR", default_value = "target/local")]
    data: PathBuf,
    /// The port on 127.0.0.1 and `[::1]`; 0 takes any free one.
    #[arg(long, value_name = "N", default_value_t = 3000)]
    port: u16,
    /// Use this DynamoDB engine in place of the embedded one, such as AWS's DynamoDB Local.
    #[arg(long, value_name = "URL", requires = "memory")]
    dynamodb: Option<String>,
    /// Send each call to both engines, and append what they answer differently to this file.
    #[arg(long, value_name = "FILE", requires = "dynamodb")]
    compare: Option<PathBuf>,
    /// Set a configuration variable (docs/CONFIGURATION.md); can be given more than once.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    settings: Vec<(String, String)>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected NAME=VALUE".to_owned())
}

/// Bytes of a thread's stack: unoptimised, the futures of a whole request do not fit into the usual two megabytes. A function
/// runs on its main thread, which has eight.
const STACK: usize = 8 << 20;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => {
            tracing::error!(%error, "no thread can be started");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command line, and these lines are its answer"
)]
async fn run(arguments: Arguments) -> ExitCode {
    let options = Options {
        data: (!arguments.memory).then(|| in_workspace(arguments.data)),
        port: arguments.port,
        settings: environment().chain(arguments.settings).collect(),
        dynamodb: arguments.dynamodb,
        comparison: arguments.compare,
        ..Options::default()
    };
    let cloud = match Cloud::start(options).await {
        Ok(cloud) => cloud,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(notice) = cloud.notice() {
        eprintln!("{notice}");
    }
    println!("listening on http://{}", cloud.address());
    println!("open {}", cloud.url());
    match told_to_end().await {
        Ok(()) => {
            cloud.shutdown().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("signals cannot be waited for: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The settings of the environment, as the functions have them deployed; `--set` stands over them. What the local cloud
/// wires itself, such as tables and endpoints, is not taken from there.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars().filter(|(name, _)| local::is_for_people(name))
}

/// A relative folder that begins with `target` is the workspace's, wherever below it this was started.
fn in_workspace(folder: PathBuf) -> PathBuf {
    if !folder.starts_with("target") {
        return folder;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .find(|above| above.join("template.yaml").is_file());
    root.map_or_else(|| folder.clone(), |root| root.join(&folder))
}

/// Logs go to standard error, as lines for people.
fn log() {
    let filter = tracing_subscriber::EnvFilter::new("warn,shared=info,local=info,dynoxide=error");
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

async fn told_to_end() -> std::io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}
