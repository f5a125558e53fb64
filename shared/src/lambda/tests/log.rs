//! What the log says.

use std::io;
use std::sync::Mutex;

use super::*;

/// What is written to a log, kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn one_line_is_logged_and_nothing_personal_in_it() {
    // Without a subscriber on the other tests' threads, tracing may cache that nobody listens to the layer's line.
    let nowhere = tracing_subscriber::fmt().with_writer(io::sink).finish();
    let _ = tracing::subscriber::set_global_default(nowhere);
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let entry = entry();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            send_to(&entry, &greeting(r#"{"name": "jane@example.com"}"#)).await;
            let mut secret = event("GET", "/api/fail/jane@example.com/");
            secret["rawQueryString"] = "token=eyJhbGciOi".into();
            send_to(&entry, &secret).await;
            send_to(&entry, &event("JANE", "/api/fail/otp-123456/")).await;
            send_to(&entry, &event("GET", "/api/fail/store/")).await;
        });
    });
    let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    for personal in ["jane", "JANE", "123456", "eyJ", "203.0.113.7"] {
        assert!(!log.contains(personal), "{personal} in {log}");
    }
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seen: Vec<String> = lines
        .iter()
        .map(|l| {
            format!(
                "{} {} {} {} {} cold={} subject={} [{}]",
                l["level"].as_str().unwrap(),
                l["method"].as_str().unwrap(),
                l["route"].as_str().unwrap(),
                l["status"],
                l["code"].as_str().unwrap(),
                l["cold_start"],
                l["subject"].as_str().unwrap(),
                l["notes"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(seen.join("\n"), @r"
    INFO POST /api/greet/ 200 ok cold=true subject=abababababababab [channel=email]
    INFO GET - 404 not_found cold=false subject=- []
    INFO other /api/fail/{how}/ 405 method_not_allowed cold=false subject=- []
    ERROR GET /api/fail/{how}/ 503 unavailable cold=false subject=- [cause=table Accounts-prod throttled]
    ");
}
