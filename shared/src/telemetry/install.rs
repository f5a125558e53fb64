//! Where log lines and metrics go in a deployed function: to standard output, which CloudWatch collects.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::level_filters::LevelFilter;

static METRICS_TO_STDOUT: AtomicBool = AtomicBool::new(false);

/// Sends log lines as JSON and metrics to standard output, and lets a panic name its place only.
///
/// A panic's words may have been made from a request, so they are not written.
pub fn install() {
    METRICS_TO_STDOUT.store(true, Ordering::Relaxed);
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_ansi(false)
        .with_max_level(LevelFilter::INFO)
        .finish();
    // Fails only where a subscriber stands already, which then serves.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place = place.as_deref().unwrap_or("unknown"), "panic");
    }));
}

/// Says which stage this process serves, once, before the first metric.
pub fn serve_stage(stage: &str) {
    super::emf::set_stage(stage);
}

/// Writes one line of metrics; where [`install`] was not called, as in the local cloud, it is a log line for debugging.
pub(super) fn metric_line(line: &str) {
    if METRICS_TO_STDOUT.load(Ordering::Relaxed) {
        // A log that cannot be written must not keep the answer back.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    } else {
        tracing::debug!(target: "metrics", "{line}");
    }
}
