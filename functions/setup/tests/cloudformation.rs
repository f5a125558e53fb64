//! CloudFormation's events as they come, against a Secrets Manager that keeps versions and labels as Amazon's does.

mod amazon;

use amazon::{Amazon, SECRET};
use serde_json::{Value, json};

fn keys(kind: &str) -> Value {
    json!({"RequestType": kind, "ResourceType": "Custom::Keys", "LogicalResourceId": "Keys",
        "ResourceProperties": {"ServiceToken": "arn:…", "ServiceTimeout": "60", "Secret": SECRET}})
}

/// The names of a document's members.
fn members(document: &Value) -> Vec<&str> {
    let object = document.as_object().expect("an object");
    let mut names: Vec<_> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn setup_fills_an_empty_secret_once() {
    let amazon = Amazon::start(None).await;
    let answer = amazon.tells(keys("Create")).await;
    assert_eq!(answer["Status"], "SUCCESS", "{answer}");
    assert_eq!(answer["PhysicalResourceId"], "Keys");
    assert_eq!(answer["RequestId"], "request-1");
    let made = amazon.document();
    assert_eq!(members(&made), ["PEPPERS", "SIGNING_KEYS"]);
    let states: Vec<_> = made["SIGNING_KEYS"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|key| key["state"].as_str().expect("a state"))
        .collect();
    assert_eq!(states, ["current", "next"]);
    assert!(
        !answer.to_string().contains("PRIVATE KEY"),
        "nothing secret is told"
    );

    for kind in ["Create", "Update", "Delete"] {
        let answer = amazon.tells(keys(kind)).await;
        assert_eq!(answer["Status"], "SUCCESS", "{kind}: {answer}");
        assert_eq!(amazon.document(), made, "{kind} touched the document");
    }
    assert_eq!(amazon.versions(), 1);
}

#[tokio::test]
async fn setup_makes_what_the_functions_read() {
    let amazon = Amazon::start(None).await;
    amazon.tells(keys("Create")).await;
    let document = amazon.document().to_string();
    let document = shared::config::SecretDocument::parse(&document).expect("a document");
    let variables = shared::config::Variables::default();
    let mut reader = shared::config::Reader::new(&variables, &document);
    let signing = shared::keyring::SigningKeys::read(&mut reader);
    let peppers = shared::keyring::Peppers::read(&mut reader);
    let (signing, _) = reader.finish((signing, peppers)).expect("no complaint");
    assert_eq!(signing.overview().len(), 2);
}

#[tokio::test]
async fn setup_keeps_other_entries_of_the_secret() {
    let amazon = Amazon::start(Some(json!({"TWILIO_AUTH_TOKEN": "t0ken"}))).await;
    assert_eq!(amazon.tells(keys("Create")).await["Status"], "SUCCESS");
    let made = amazon.document();
    assert_eq!(
        members(&made),
        ["PEPPERS", "SIGNING_KEYS", "TWILIO_AUTH_TOKEN"]
    );
    assert_eq!(made["TWILIO_AUTH_TOKEN"], "t0ken");
    assert_eq!(
        amazon.previous(),
        Some(json!({"TWILIO_AUTH_TOKEN": "t0ken"}))
    );
}

#[tokio::test]
async fn setup_keeps_peppers_that_are_there() {
    let peppers = json!([{"version": 7, "secret": "c2VjcmV0"}]);
    let amazon = Amazon::start(Some(json!({"PEPPERS": peppers}))).await;
    assert_eq!(amazon.tells(keys("Update")).await["Status"], "SUCCESS");
    assert_eq!(amazon.document()["PEPPERS"], peppers);
    assert!(amazon.document()["SIGNING_KEYS"].is_array());
}

#[tokio::test]
async fn setup_keeps_what_somebody_writes_meanwhile() {
    for before in [None, Some(json!({"A": "1"}))] {
        let amazon = Amazon::start(before).await;
        amazon.writes_before_the_next_put(json!({"SENDGRID_API_KEY": "SG.1"}));
        let answer = amazon.tells(keys("Create")).await;
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
        let made = amazon.document();
        assert_eq!(made["SENDGRID_API_KEY"], "SG.1", "{made}");
        assert!(made["PEPPERS"].is_array(), "{made}");
    }
}

#[tokio::test]
async fn setup_run_twice_at_once_leaves_one_set_of_keys() {
    let amazon = Amazon::start(None).await;
    let (one, two) = tokio::join!(amazon.tells(keys("Create")), amazon.tells(keys("Create")));
    assert_eq!(
        (&one["Status"], &two["Status"]),
        (&json!("SUCCESS"), &json!("SUCCESS"))
    );
    assert_eq!(amazon.previous(), None, "the second wrote over the first");
}

#[tokio::test]
async fn setup_refuses_a_secret_that_is_no_document_with_a_sentence() {
    let amazon = Amazon::start(Some(json!("only a password"))).await;
    let answer = amazon.tells(keys("Create")).await;
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().expect("a reason");
    assert!(reason.contains("JSON object"), "{reason}");
    assert!(!reason.contains("password"), "{reason}");
    assert_eq!(amazon.document(), json!("only a password"));
}

#[tokio::test]
async fn setup_tells_a_failing_secrets_manager_and_never_stops_a_deletion() {
    let amazon = Amazon::start(None).await;
    amazon.refuses("InvalidRequestException", "marked for deletion", usize::MAX);
    let answer = amazon.tells(keys("Create")).await;
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().expect("a reason");
    assert!(
        reason.contains("InvalidRequestException") && reason.contains("marked for deletion"),
        "{reason}"
    );
    assert_eq!(amazon.tells(keys("Delete")).await["Status"], "SUCCESS");
}

#[tokio::test]
async fn setup_release_is_the_hash_of_its_parameters() {
    let amazon = Amazon::start(None).await;
    let release = |stage: &str| {
        json!({"RequestType": "Create", "ResourceType": "Custom::Release",
            "LogicalResourceId": "Release", "ResourceProperties": {"Parameters": {"Stage": stage}}})
    };
    let dev = amazon.tells(release("dev")).await;
    assert_eq!(dev["Status"], "SUCCESS", "{dev}");
    assert_eq!(amazon.tells(release("dev")).await["Data"], dev["Data"]);
    assert_ne!(amazon.tells(release("prod")).await["Data"], dev["Data"]);
    assert_eq!(amazon.versions(), 0, "it touches no secret");
}

#[tokio::test]
async fn setup_update_keeps_the_resources_id() {
    let amazon = Amazon::start(None).await;
    let mut event = keys("Update");
    event["PhysicalResourceId"] = json!("older");
    assert_eq!(amazon.tells(event).await["PhysicalResourceId"], "older");
}

#[tokio::test]
async fn setup_refuses_other_resources_and_missing_properties() {
    let amazon = Amazon::start(None).await;
    let mut event = keys("Create");
    event["ResourceType"] = json!("Custom::Bucket");
    let answer = amazon.tells(event).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(
        answer["Reason"]
            .as_str()
            .is_some_and(|r| r.contains("Custom::Bucket"))
    );
    let mut event = keys("Create");
    event["ResourceProperties"] = json!({});
    let answer = amazon.tells(event).await;
    assert!(
        answer["Reason"]
            .as_str()
            .is_some_and(|r| r.contains("Secret"))
    );
}

#[tokio::test]
async fn setup_sends_its_answer_again_and_refuses_a_strangers_event() {
    let amazon = Amazon::start(None).await;
    amazon.loses_the_next_answers(2);
    assert_eq!(amazon.tells(keys("Create")).await["Status"], "SUCCESS");
    amazon.loses_the_next_answers(3);
    let failure = amazon.hands_over(keys("Update")).await.unwrap_err();
    assert!(failure.contains("503"), "{failure}");
    assert!(
        !failure.contains("http"),
        "the address is signed: {failure}"
    );
    let failure = amazon
        .setup
        .handle(json!({"version": "2.0"}))
        .await
        .unwrap_err();
    assert!(failure.contains("CloudFormation"), "{failure}");
}

#[tokio::test]
async fn setup_waits_for_a_role_that_is_not_yet_known_everywhere() {
    let amazon = Amazon::start(None).await;
    amazon.refuses("AccessDeniedException", "not authorized", 1);
    assert_eq!(amazon.tells(keys("Create")).await["Status"], "SUCCESS");
}
