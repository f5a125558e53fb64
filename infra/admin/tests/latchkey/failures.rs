//! Every failure says what to do, and has the exit code of its kind: 2 wrong use, 3 not found, 4 no answer, 6 denied.

use serde_json::json;
use tests::{ACCOUNTS, EPHEMERAL, House};

use crate::{at, latchkey};

/// What the stack's outputs hold.
const DEPLOYED: [(&str, &str); 4] = [
    ("AWS_REGION", "us-east-1"),
    ("ACCOUNTS_TABLE", ACCOUNTS),
    ("EPHEMERAL_TABLE", EPHEMERAL),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// A port that nothing listens at.
const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn wrong_use_is_explained() {
    let house = House::open().await;
    for (arguments, told) in [
        (
            &["users", "find", "jane"][..],
            "names nobody: it is no id (usr_ and 32 hex digits)",
        ),
        (
            &["users", "find", "usr_12"],
            "names nobody: it is no id (usr_ and 32 hex digits)",
        ),
        (
            &["users", "grant", "jane@example.com", "Chief Officer"],
            "nobody is known",
        ),
        (
            &["locks", "show", "nobody"],
            "names nobody: it is no id (usr_ and 32 hex digits)",
        ),
        (
            &["users", "fire", "jane@example.com"],
            "unrecognized subcommand",
        ),
        (
            &["users", "erase", "jane@example.com", "--grace", "400"],
            "--grace",
        ),
    ] {
        let ended = at(&house, arguments).await;
        let code = if told.contains("known") { 3 } else { 2 };
        ended.failed(code, told);
    }
    let _ = house.visitor("jane@example.com").signs_in().await;
    let role = ["users", "grant", "jane@example.com", "Chief Officer"];
    at(&house, &role).await.failed(2, "is no role");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let house = House::open().await;
    let nobody = "usr_00000000000000000000000000000000";
    for verb in ["find", "show", "suspend", "resume", "export", "erase"] {
        at(&house, &["users", verb, "jane@example.com"])
            .await
            .failed(3, "nobody is known by jane@example.com");
        at(&house, &["users", verb, nobody]).await.failed(3, nobody);
    }
    at(&house, &["locks", "open", "jane@example.com"])
        .await
        .failed(3, "nobody has asked");
    let json = at(&house, &["--json", "users", "find", "jane@example.com"]).await;
    json.failed(3, r#"{"error":"nobody is known by jane@example.com"}"#);
}

#[tokio::test]
async fn a_local_cloud_that_is_not_there_is_told() {
    let ended = latchkey(
        &["--local", NOWHERE, "users", "find", "jane@example.com"],
        &[],
    )
    .await;
    ended.failed(4, "start one with `cargo run`");
    let house = House::open().await;
    let engine = house.cloud().endpoint("secretsmanager").unwrap();
    let ended = latchkey(&["--local", &engine, "doctor"], &[]).await;
    assert!([1, 4].contains(&ended.code), "{ended:?}");
    assert!(ended.err.contains(&engine), "{ended:?}");
}

#[tokio::test]
async fn tables_that_do_not_answer_are_told() {
    let mut environment = DEPLOYED.to_vec();
    environment.extend([("STAGE", "local"), ("AWS_ENDPOINT_URL_DYNAMODB", NOWHERE)]);
    let ended = latchkey(&["users", "find", "jane@example.com"], &environment).await;
    // In the stage `local` nobody asks for credentials, so that this is about the tables alone.
    ended.failed(4, "AWS does not answer");
    let house = House::open().await;
    let order = json!({ "service": "dynamodb", "fault": "error", "times": 50 });
    house.fault(order).await;
    at(&house, &["users", "find", "jane@example.com"])
        .await
        .failed(4, "does not answer");
    assert!(house.end_faults().await > 0);
}

#[tokio::test]
async fn settings_that_are_missing_are_named() {
    let ended = latchkey(&["users", "find", "jane@example.com"], &[]).await;
    ended.failed(2, "ACCOUNTS_TABLE: it is not set");
    for told in ["EPHEMERAL_TABLE", "--local"] {
        assert!(ended.err.contains(told), "{told}: {ended:?}");
    }
    // What only some commands need is asked for by them.
    let mut environment = DEPLOYED.to_vec();
    environment.push(("STAGE", "local"));
    let ended = latchkey(&["users", "export", "jane@example.com"], &environment).await;
    ended.failed(2, "PEPPERS");
}

#[tokio::test]
async fn nobody_who_is_signed_in_to_aws_is_told() {
    let ended = latchkey(&["users", "find", "jane@example.com"], &DEPLOYED).await;
    ended.failed(6, "no credentials for AWS");
}
