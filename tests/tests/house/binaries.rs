//! Each function's real binary over a twin of the Lambda Runtime API, with an event as API Gateway makes it: `main`, the
//! environment and the event's JSON are covered too.

mod runtime;

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tests::House;

/// Where cargo puts the binaries: beside the folder of this test's executable.
fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("an executable");
    let profile = own.ancestors().nth(2).expect("target/debug");
    profile.join(name)
}

/// Builds the functions where a binary is missing; one that is there is taken as it is.
fn build(functions: &[String]) {
    // One build for all tests of this process.
    static BUILT: Mutex<()> = Mutex::new(());
    let _one = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if functions.iter().all(|name| binary(name).is_file()) {
        return;
    }
    let packages = functions.iter().flat_map(|name| ["-p", name.as_str()]);
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--bins"])
        .args(packages)
        .current_dir(crate::root("."))
        .status()
        .expect("cargo");
    assert!(status.success(), "the functions do not build");
}

/// What a deployed function finds in its environment, with the engines of this house in place of AWS.
async fn environment(house: &House) -> Vec<(String, String)> {
    let endpoints = house.get("/_local/endpoints").send().await.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all: Vec<_> = [
        ("STAGE", "local"),
        ("AWS_REGION", "us-east-1"),
        ("PUBLIC_URL", "https://api.example.com"),
        ("MAIL_FROM", "Example <no-reply@example.com>"),
        ("ACCOUNTS_TABLE", tests::ACCOUNTS),
        ("EPHEMERAL_TABLE", tests::EPHEMERAL),
        ("AVATAR_BASE_URL", "https://pictures.example.com/avatars"),
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
        (
            "SNS_TOPIC_ARNS",
            "arn:aws:sns:us-east-1:000000000000:latchkey-mail-events",
        ),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (service, name) in [
        ("dynamodb", "AWS_ENDPOINT_URL_DYNAMODB"),
        ("s3", "AWS_ENDPOINT_URL_S3"),
        ("ses", "AWS_ENDPOINT_URL_SES"),
        ("sns", "AWS_ENDPOINT_URL_SNS"),
        ("secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
        ("eventbridge", "AWS_ENDPOINT_URL_EVENTBRIDGE"),
        ("twilio", "TWILIO_BASE_URL"),
        ("sendgrid", "SENDGRID_BASE_URL"),
    ] {
        if let Some(url) = endpoints[service].as_str() {
            all.push((name.to_owned(), url.to_owned()));
        }
    }
    for (member, name) in [
        ("bucket", "AVATAR_BUCKET"),
        ("secret_id", "SECRET_ID"),
        ("event_bus", "EVENT_BUS"),
    ] {
        all.push((name.to_owned(), text(&endpoints[member])));
    }
    all
}

#[tokio::test]
async fn every_binary_answers_an_event() {
    let functions: Vec<_> = crate::template::functions()
        .into_iter()
        .map(|f| f.name)
        .collect();
    let to_build = functions.clone();
    tokio::task::spawn_blocking(move || build(&to_build))
        .await
        .expect("built");
    let house = House::open().await;
    let environment = environment(&house).await;
    for name in &functions {
        let file: Value =
            serde_json::from_str(&crate::read(&format!("tests/events/{name}.json"))).expect("JSON");
        let twin = runtime::Twin::start(file["event"].to_string()).await;
        let mut process = Command::new(binary(name))
            .env_clear()
            .envs(environment.iter().cloned())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_RUNTIME_API", twin.address())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let answer = tokio::time::timeout(Duration::from_secs(60), twin.answer()).await;
        let _ = process.kill();
        let _ = process.wait();
        let (path, body) = answer.unwrap_or_else(|_| panic!("{name} did not answer"));
        assert!(path.ends_with("/response"), "{name}: {path} {body}");
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        let expected = &file["expect"];
        if expected["status"].is_null() {
            continue;
        }
        assert_eq!(answer["statusCode"], expected["status"], "{name}: {answer}");
        let text = answer["body"].as_str().unwrap_or_default();
        assert!(
            text.contains(expected["body"].as_str().expect("a text")),
            "{name}: {answer}"
        );
        assert!(
            answer["headers"]["x-request-id"].is_string(),
            "{name}: {answer}"
        );
    }
    // The first of them really sent a mail.
    assert_eq!(house.sent_to("jane@example.com").await.len(), 1);
}

/// A wrong setting ends the process with a sentence, before it asks for an event.
#[tokio::test]
async fn a_binary_with_a_wrong_setting_does_not_start() {
    let functions: Vec<_> = crate::template::functions()
        .into_iter()
        .map(|f| f.name)
        .collect();
    tokio::task::spawn_blocking(move || build(&functions))
        .await
        .expect("built");
    let house = House::open().await;
    let mut environment = environment(&house).await;
    environment.push(("OTP_CODE_LENGTH".to_owned(), "5".to_owned()));
    let twin = runtime::Twin::start("{}".to_owned()).await;
    let address = twin.address();
    let run = tokio::task::spawn_blocking(move || {
        Command::new(binary("otp-request"))
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_FUNCTION_NAME", "otp-request")
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .output()
    });
    let output = tokio::time::timeout(Duration::from_secs(60), run)
        .await
        .expect("it ends")
        .expect("ran");
    let output = output.expect("started");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("OTP_CODE_LENGTH"), "{said}");
}
