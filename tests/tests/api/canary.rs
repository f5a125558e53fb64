//! The canary (M03, I12): while all other tests of this binary run, nothing that is secret or personal comes into a
//! log.

use std::io::Write;
use std::sync::{Mutex, Once, PoisonError};

use tests::{House, another_code};

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Kept;

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter =
            tracing_subscriber::EnvFilter::new("info,shared=trace,metrics=debug,local=info");
        tracing_subscriber::fmt()
            .json()
            .with_env_filter(filter)
            .with_writer(|| Kept)
            .init();
    });
}

fn log() -> String {
    let bytes = LOG.lock().unwrap_or_else(PoisonError::into_inner).clone();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn log_has_no_secret_and_no_address() {
    listen();
    let house = House::open().await;
    let mut secrets = Vec::new();
    for n in 0..8 {
        let identifier = if n % 2 == 0 {
            format!("canary{n}@example.com")
        } else {
            format!("+1415555010{n}")
        };
        let visitor = house.visitor(&identifier);
        let code = visitor.gets_a_code().await;
        let _ = visitor.enters(&another_code(&code, 0)).await.is(401);
        // What fails is logged too.
        house
            .fault(serde_json::json!({"service": "dynamodb", "fault": "error", "times": 20}))
            .await;
        let _ = visitor.enters(&code).await.is(503);
        house.end_faults().await;
        let answer = visitor.enters(&code).await.is(200);
        let person = tests::SignedIn::read(&answer);
        let _ = house
            .get("/api/profile/")
            .bearer(&person.access)
            .send()
            .await
            .is(200);
        assert!(!answer.text.contains(&code), "no answer repeats a code");
        secrets.extend([
            identifier,
            code,
            person.access,
            person.refresh,
            person.device_token,
        ]);
    }
    let failing = house.visitor("refused@example.com");
    house
        .fault(serde_json::json!({"service": "ses", "fault": "error", "times": 9}))
        .await;
    let _ = failing.asks_for_a_code().await.is(503);

    let log = log();
    assert!(
        log.contains("/api/auth/otp/verify/"),
        "the log was heard: {} bytes",
        log.len()
    );
    for secret in &secrets {
        let line = log.lines().find(|line| stands_in(line, secret));
        assert!(line.is_none(), "{secret:?} in {line:?}");
    }
    for pattern in [
        "eyJ",
        "rt_",
        "dev_",
        "@example.com",
        "@gmail.com",
        "BEGIN PRIVATE",
        "otp_code\":",
    ] {
        let line = log.lines().find(|line| line.contains(pattern));
        assert!(line.is_none(), "{pattern:?} in {line:?}");
    }
}

/// Whether a word stands in a line by itself, whatever is around it: six digits of a longer number are no code.
fn stands_in(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[test]
fn log_search_finds_a_code_however_it_is_written() {
    for line in [
        "code=123456",
        "\"123456\"",
        "123456",
        "a 123456, b",
        "123456\n",
    ] {
        assert!(stands_in(line, "123456"), "{line}");
    }
    for line in ["", "1234567", "a123456", "49.0123456Z", "123456Z"] {
        assert!(!stands_in(line, "123456"), "{line}");
    }
}
