//! A rotation under way, by a clock and a secret that the test moves.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::keyring::signing::tests::{claims, rules};

struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A secret that the test changes, and how often it was read.
struct Safe {
    document: Mutex<Result<String, String>>,
    reads: AtomicUsize,
    clock: Arc<Hands>,
}

impl Safe {
    fn new(keys: &[(&str, &str)]) -> Arc<Self> {
        Arc::new(Self {
            document: Mutex::new(Ok(document(keys))),
            reads: AtomicUsize::new(0),
            clock: Arc::new(Hands(Mutex::new(Timestamp::from_second(1_000).unwrap()))),
        })
    }

    fn put(&self, document: Result<String, String>) {
        *self.document.lock().unwrap() = document;
    }

    fn wait(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    fn handle(self: &Arc<Self>) -> KeyringHandle {
        let first = parse(&self.document.lock().unwrap().clone().unwrap());
        let safe = self.clone();
        let reload: Reload = Arc::new(move || {
            safe.reads.fetch_add(1, Ordering::SeqCst);
            let document = safe.document.lock().unwrap().clone();
            Box::pin(async move { document.and_then(|text| SecretDocument::parse(&text)) })
        });
        Reloading::new(
            first,
            Variables::default(),
            self.clock.clone(),
            Some(reload),
        )
    }
}

fn document(keys: &[(&str, &str)]) -> String {
    let keys: Vec<_> = keys
        .iter()
        .map(|(kid, state)| json!({"kid": kid, "state": state, "secret": format!("{kid:->40}")}))
        .collect();
    let pepper = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    json!({"SIGNING_KEYS": keys, "PEPPERS": [{"version": 1, "secret": pepper}]}).to_string()
}

fn parse(text: &str) -> Keyring {
    let (variables, secrets) = (Variables::default(), SecretDocument::parse(text).unwrap());
    let mut reader = Reader::new(&variables, &secrets);
    let keyring = Keyring::read(&mut reader);
    reader.finish(keyring).unwrap()
}

/// Lets the background task have its turn; it never waits for anything here.
async fn others_work() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_old_snapshot_is_handed_out_while_a_newer_one_comes() {
    let safe = Safe::new(&[("a", "current")]);
    let handle = safe.handle();
    safe.put(Ok(document(&[("a", "previous"), ("b", "current")])));

    safe.wait(60);
    assert!(handle.snapshot().signing.by_kid("b").is_none());
    others_work().await;
    assert_eq!(safe.reads(), 0, "a minute is not over");

    safe.wait(1);
    for _ in 0..5 {
        assert!(
            handle.snapshot().signing.by_kid("b").is_none(),
            "nobody waits"
        );
    }
    others_work().await;
    assert_eq!(safe.reads(), 1, "one of the five asked");
    assert!(handle.snapshot().signing.by_kid("b").is_some());
}

#[tokio::test]
async fn what_cannot_be_read_changes_nothing() {
    let safe = Safe::new(&[("a", "current")]);
    let handle = safe.handle();
    for broken in [
        Err("no answer".to_owned()),
        Ok("{}".to_owned()),
        Ok(document(&[])),
    ] {
        safe.put(broken);
        safe.wait(61);
        let _ = handle.snapshot();
        others_work().await;
        assert!(handle.snapshot().signing.by_kid("a").is_some());
    }
    assert_eq!(safe.reads(), 3);
}

#[tokio::test]
async fn an_unknown_key_waits_for_the_secret_once_a_minute() {
    let safe = Safe::new(&[("a", "current")]);
    let handle = safe.handle();
    let newer = document(&[("a", "previous"), ("b", "current")]);
    let token = parse(&newer).signing.sign(&claims()).unwrap();

    assert_eq!(handle.verify(&token, &rules()).await, None);
    assert_eq!(handle.verify("a.b.c", &rules()).await, None);
    assert_eq!(safe.reads(), 1, "the secret did not hold the key yet");

    safe.put(Ok(newer));
    assert_eq!(handle.verify(&token, &rules()).await, None);
    assert_eq!(
        safe.reads(),
        1,
        "a flood of unknown keys reads once a minute"
    );

    safe.wait(61);
    assert_eq!(handle.verify(&token, &rules()).await, Some(claims()));
    assert!(safe.reads() <= 3, "one in the background, one waited for");
}

#[tokio::test]
async fn a_rotation_in_three_steps_refuses_no_token() {
    let safe = Safe::new(&[("a", "current")]);
    let (signer, verifier) = (safe.handle(), safe.handle());
    let steps = [
        vec![("a", "current"), ("b", "next")],
        vec![("a", "previous"), ("b", "current")],
        vec![("a", "previous"), ("b", "current"), ("c", "next")],
        vec![("b", "previous"), ("c", "current")],
    ];
    let mut refused = 0;
    for step in steps {
        safe.put(Ok(document(&step)));
        for _ in 0..9 {
            safe.wait(13);
            others_work().await;
            let mut claims = claims();
            claims.iat = safe.clock.now().as_second();
            claims.exp = claims.iat + 900;
            let token = signer.snapshot().signing.sign(&claims).unwrap();
            refused += usize::from(verifier.verify(&token, &rules()).await.is_none());
            others_work().await;
        }
    }
    assert_eq!(refused, 0);
    assert!(
        signer.snapshot().signing.by_kid("c").is_some(),
        "the rotation arrived"
    );
}
