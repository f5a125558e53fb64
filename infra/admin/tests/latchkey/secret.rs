//! `latchkey secret`: one value in, nothing else touched, and nothing lost where two operators work at once.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use tests::House;

use crate::account::{STACK, WELL};
use crate::{at, latchkey};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The names of what is set.
async fn held(house: &House) -> Vec<String> {
    let listed = at(house, &["--json", "secret", "list"]).await.json();
    let rows = listed.as_array().cloned().unwrap_or_default();
    let set = rows.iter().filter(|row| row["set"] == true);
    set.filter_map(|row| Some(row["name"].as_str()?.to_owned()))
        .collect()
}

#[tokio::test]
async fn a_value_is_put_in_beside_the_others_and_never_shown() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let before = held(&house).await;
    assert!(before.contains(&"PEPPERS".to_owned()), "{before:?}");
    let done = at(
        &house,
        &[
            "secret",
            "set",
            "TWILIO_NEXT_AUTH_TOKEN",
            "fedcba9876543210",
        ],
    )
    .await
    .text();
    assert!(done.contains("deploy with SecretGeneration"), "{done}");
    assert!(!done.contains("fedcba9876543210"), "{done}");
    let listed = at(&house, &["secret", "list"]).await.text();
    assert!(
        listed.contains("TWILIO_NEXT_AUTH_TOKEN") && !listed.contains("fedcba9876543210"),
        "{listed}"
    );
    let mut expected = before.clone();
    expected.push("TWILIO_NEXT_AUTH_TOKEN".to_owned());
    let mut after = held(&house).await;
    expected.sort_unstable();
    after.sort_unstable();
    assert_eq!(after, expected);
    // Peppers and keys are what they were: she is still signed in, and can sign in again.
    let profile = house.get("/api/profile/").bearer(&jane.access).send().await;
    assert_eq!(profile.status, 200);
    let _ = at(&house, &["secret", "remove", "TWILIO_NEXT_AUTH_TOKEN"])
        .await
        .text();
    assert_eq!(held(&house).await, before);
    at(&house, &["secret", "remove", "TWILIO_NEXT_AUTH_TOKEN"])
        .await
        .failed(3, "holds no TWILIO_NEXT_AUTH_TOKEN");
}

#[tokio::test]
async fn operators_at_once_lose_nothing() {
    let house = House::open().await;
    let edge = format!("{TOKEN},{TOKEN}");
    let orders = [
        ("SENDGRID_API_KEY", "SG.key"),
        ("TWILIO_AUTH_TOKEN", TOKEN),
        ("TWILIO_NEXT_AUTH_TOKEN", TOKEN),
        ("TWILIO_SHARED_KEYS", r#"{"key1": "secret"}"#),
        ("EDGE_SECRETS", &edge),
    ];
    let arguments = orders.map(|(name, value)| ["secret", "set", name, value]);
    let [a, b, c, d, e] = &arguments;
    let done = tokio::join!(
        at(&house, a),
        at(&house, b),
        at(&house, c),
        at(&house, d),
        at(&house, e)
    );
    for ended in [done.0, done.1, done.2, done.3, done.4] {
        let _ = ended.text();
    }
    let held = held(&house).await;
    for (name, _) in orders {
        assert!(held.iter().any(|found| found == name), "{name}: {held:?}");
    }
}

#[tokio::test]
async fn two_rotations_at_once_are_one() {
    let house = House::open().await;
    let order = ["keys", "rotate", "--kind", "es256"];
    let _ = at(&house, &order).await.text();
    house.advance(62 * 60).await;
    let (first, second) = tokio::join!(at(&house, &order), at(&house, &order));
    let mut codes = [first.code, second.code];
    codes.sort_unstable();
    // The slower one finds the secret changed, or that somebody has just rotated.
    assert!([[0, 2], [0, 4]].contains(&codes), "{first:?} {second:?}");
    let keys = at(&house, &["--json", "keys", "list"]).await.json();
    assert_eq!(keys.as_array().map(Vec::len), Some(3), "{keys}");
}

#[tokio::test]
async fn what_is_no_secret_or_no_value_for_it_is_refused() {
    let house = House::open().await;
    let before = held(&house).await;
    for (arguments, told) in [
        (
            &["set", "SIGNING_KEYS", "[]"][..],
            "belongs to `latchkey keys`",
        ),
        (&["set", "PEPPERS", "[]"], "belongs to `latchkey keys`"),
        (&["remove", "PEPPERS"], "belongs to `latchkey keys`"),
        (
            &["set", "TWILIO_TOKEN", TOKEN],
            "expected one of EDGE_SECRETS",
        ),
        (
            &["set", "MAIL_FROM", "a@example.com"],
            "is nothing that the secret holds",
        ),
        (&["set", "TWILIO_AUTH_TOKEN", ""], "expected an auth token"),
        (
            &["set", "TWILIO_AUTH_TOKEN", "two words"],
            "expected an auth token",
        ),
        (&["set", "EDGE_SECRETS", "short"], "32 to 128"),
        (
            &["set", "TWILIO_SHARED_KEYS", "{}"],
            "a JSON object of key ids",
        ),
        (
            &["set", "SENDGRID_WEBHOOK_KEYS", "AAAA"],
            "base64 SPKI keys",
        ),
    ] {
        let mut line = vec!["secret"];
        line.extend(arguments);
        let ended = at(&house, &line).await;
        ended.failed(2, told);
        assert!(!ended.err.contains("two words"), "{ended:?}");
    }
    assert_eq!(held(&house).await, before);
}

#[tokio::test]
async fn a_value_comes_by_stdin_and_the_next_generation_is_named() {
    let house = House::open().await;
    let account = WELL.open(&house).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command
        .args([
            "--json",
            "--stack",
            STACK,
            "secret",
            "set",
            "TWILIO_AUTH_TOKEN",
            "-",
        ])
        .env_clear()
        .envs(account.signed_in())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let run = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("started");
        let mut stdin = child.stdin.take().expect("piped");
        writeln!(stdin, "{TOKEN}").expect("written");
        drop(stdin);
        child.wait_with_output().expect("ended")
    });
    let output = run.await.expect("ran");
    assert!(output.status.success(), "{output:?}");
    let done: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let next = done["next"].as_str().unwrap_or_default();
    assert!(next.contains("SecretGeneration=4"), "{done}");
    // The account sees no request without credentials.
    let ended = latchkey(&["--stack", STACK, "secret", "list"], &account.endpoints()).await;
    ended.failed(6, "no credentials for AWS");
}
