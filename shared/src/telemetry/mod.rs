//! What an operator sees: one log line per request, and metrics in CloudWatch's embedded format.
//!
//! Code that works for a request may say something about it with [`note`], [`subject`], [`upstream`] and [`metric`];
//! all of it is kept in the request's [`Scope`], a task-local, and written once, when the answer is ready. No personal
//! data belongs here: an address is noted as its keyed hash or not at all.

mod emf;
mod install;
mod scrub;

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub use emf::Unit;
pub use install::{install, serve_stage};

tokio::task_local! {
    static SCOPE: Arc<Scope>;
}

/// What is known about the request that the current task works for.
#[derive(Debug)]
pub struct Scope {
    request_id: String,
    function: Option<String>,
    cold: bool,
    started: Instant,
    ledger: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    upstream_calls: u32,
    upstream: Duration,
    subject: Option<String>,
    notes: BTreeMap<&'static str, String>,
    metrics: emf::Metrics,
}

/// How a request ended, for its log line.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The method, or `EVENT` for what is no HTTP request.
    pub method: &'a str,
    /// The route's template, never the path itself (a path may hold an id).
    pub route: &'a str,
    /// The HTTP status, 0 for an event.
    pub status: u16,
    /// `ok` or the problem's code.
    pub code: &'a str,
}

impl Scope {
    /// Opens the scope of one request; `function` is the dimension of the runtime's metrics, `cold` whether this is
    /// the first request of its process.
    #[must_use]
    pub fn new(request_id: impl Into<String>, function: Option<String>, cold: bool) -> Arc<Self> {
        Arc::new(Self {
            request_id: request_id.into(),
            function,
            cold,
            started: Instant::now(),
            ledger: Mutex::default(),
        })
    }

    /// Runs `work` inside this scope.
    pub async fn run<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        SCOPE.scope(Arc::clone(self), work).await
    }

    /// Writes the log line and the metrics of a request that is over.
    pub fn close(&self, outcome: Outcome<'_>, now: Timestamp) {
        let elapsed = self.started.elapsed();
        let mut ledger = self.ledger();
        let notes = ledger
            .notes
            .iter()
            .fold(String::new(), |mut line, (key, value)| {
                let gap = if line.is_empty() { "" } else { " " };
                let _ = write!(line, "{gap}{key}={value}");
                line
            });
        let subject = ledger.subject.as_deref().unwrap_or("-");
        let (calls, upstream_ms, ms) = (
            ledger.upstream_calls,
            milliseconds(ledger.upstream),
            milliseconds(elapsed),
        );
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    request_id = self.request_id,
                    method = outcome.method,
                    route = outcome.route,
                    status = outcome.status,
                    code = outcome.code,
                    subject,
                    upstream_calls = calls,
                    upstream_ms,
                    ms,
                    cold_start = self.cold,
                    notes,
                    "request"
                )
            };
        }
        if outcome.status >= 500 {
            line!(error);
        } else {
            line!(info);
        }

        let function: Vec<_> = self
            .function
            .iter()
            .map(|name| ("function", name.as_str()))
            .collect();
        let mut metrics = std::mem::take(&mut ledger.metrics);
        drop(ledger);
        metrics.add(
            "cold_start",
            &function,
            f64::from(u8::from(self.cold)),
            Unit::Count,
        );
        metrics.add("upstream_calls", &function, f64::from(calls), Unit::Count);
        metrics.add("upstream_ms", &function, upstream_ms, Unit::Milliseconds);
        metrics.add("request_ms", &function, ms, Unit::Milliseconds);
        for line in metrics.lines(now.as_millisecond(), &self.request_id) {
            install::metric_line(&line);
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

fn with<T>(act: impl FnOnce(&Scope) -> T) -> Option<T> {
    SCOPE.try_with(|scope| act(scope)).ok()
}

/// Runs `work` as one request of its own: what it notes and counts is written when it ends.
///
/// For work that no HTTP request stands behind, such as one record of a batch; the layer opens a scope by itself.
pub async fn scope<F: Future>(request_id: impl Into<String>, work: F) -> F::Output {
    use crate::clock::Clock as _;
    let scope = Scope::new(request_id, None, false);
    let output = scope.run(work).await;
    let outcome = Outcome {
        method: "EVENT",
        route: "-",
        status: 0,
        code: "ok",
    };
    scope.close(outcome, crate::clock::SystemClock.now());
    output
}

/// The id of the request that this task works for; `None` outside of any.
#[must_use]
pub fn request_id() -> Option<String> {
    with(|scope| scope.request_id.clone())
}

/// Counts a call to another service (`DynamoDB`, `UpdateItem`) and the time that it took.
pub fn upstream(service: &str, operation: &str, elapsed: Duration) {
    tracing::debug!(service, operation, ms = milliseconds(elapsed), "upstream");
    with(|scope| {
        let mut ledger = scope.ledger();
        ledger.upstream_calls += 1;
        ledger.upstream += elapsed;
    });
}

/// Adds a word to the request's log line; the last one under a key stays. Never personal data, never a secret.
pub fn note(key: &'static str, value: impl Display) {
    with(|scope| {
        scope.ledger().notes.insert(key, value.to_string());
    });
}

/// Notes why a request failed on our side. These are words of other people's libraries, so whatever looks like an
/// address, a code or a token is taken out.
pub fn cause(words: impl Display) {
    note("cause", scrub::scrub(&words.to_string()));
}

/// Notes whom the request is about, as a keyed hash; the first eight bytes are written.
pub fn subject(keyed_hash: &[u8]) {
    let hex = keyed_hash
        .iter()
        .take(8)
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    with(|scope| scope.ledger().subject = Some(hex));
}

/// Counts one of something: `metric("otp_failed", &[("reason", "wrong")])`.
///
/// Labels become CloudWatch dimensions, each combination a metric that is paid for: few values, never an id. The total
/// over a label's values is kept too, so a metric is counted with its labels or without, not both.
pub fn metric(name: &'static str, labels: &[(&'static str, &str)]) {
    measure(name, labels, 1.0, Unit::Count);
}

/// Adds `value` to a metric of this request.
pub fn measure(name: &'static str, labels: &[(&'static str, &str)], value: f64, unit: Unit) {
    with(|scope| scope.ledger().metrics.add(name, labels, value, unit));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_noted_belongs_to_one_request() {
        let (one, other) = (
            Scope::new("one", None, true),
            Scope::new("other", None, false),
        );
        let work = |name: &'static str| async move {
            for _ in 0..3 {
                upstream("DynamoDB", "GetItem", Duration::from_millis(2));
                tokio::task::yield_now().await;
            }
            note("name", name);
            request_id()
        };
        let (a, b) = tokio::join!(one.run(work("one")), other.run(work("other")));
        assert_eq!((a.as_deref(), b.as_deref()), (Some("one"), Some("other")));
        for (scope, name) in [(&one, "one"), (&other, "other")] {
            let ledger = scope.ledger();
            assert_eq!(ledger.upstream_calls, 3);
            assert_eq!(ledger.upstream, Duration::from_millis(6));
            assert_eq!(ledger.notes["name"], name);
        }
    }

    #[test]
    fn outside_of_a_request_nothing_happens() {
        note("key", "value");
        metric("otp_sent", &[]);
        upstream("S3", "PutObject", Duration::ZERO);
        assert_eq!(request_id(), None);
    }
}
