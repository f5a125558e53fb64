//! Each function's real binary over a twin of the Lambda Runtime API, with an event as AWS makes it: `main`, the
//! environment and the event's JSON are covered too.

mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tests::{House, Running};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use wire::Wire;

/// Where cargo puts the binaries: beside the folder of this test's executable.
fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("an executable");
    let profile = own.ancestors().nth(2).expect("target/debug");
    profile.join(name)
}

/// The names of all functions, their binaries as new as their sources.
async fn functions() -> Vec<String> {
    // One build for all tests of this process.
    static BUILT: Mutex<()> = Mutex::new(());
    let names: Vec<_> = crate::template::functions()
        .into_iter()
        .map(|function| function.name)
        .collect();
    let functions = names.clone();
    let build = move || {
        let _one = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        if functions.iter().all(|name| is_new(name)) {
            return;
        }
        // All of the workspace, as the command that started this test did: another choice of packages would have the SDKs built
        // anew.
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--workspace", "--bins"])
            .current_dir(crate::root("."))
            .status()
            .expect("cargo");
        assert!(status.success(), "the functions do not build");
    };
    tokio::task::spawn_blocking(build).await.expect("built");
    names
}

/// Whether a function's binary is there, and younger than everything that it is made of.
fn is_new(name: &str) -> bool {
    let modified = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified());
    let Ok(built) = modified(&binary(name)) else {
        return false;
    };
    ["shared/src", &format!("functions/{name}/src")]
        .into_iter()
        .flat_map(crate::routes::sources)
        .all(|source| modified(&source).is_ok_and(|time| time <= built))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&crate::read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An answer of an HTTP function, against what its event is to lead to.
fn compare(name: &str, answer: &Value, expected: &Value) {
    if !expected["answer"].is_null() {
        assert_eq!(answer, &expected["answer"], "{name}");
        return;
    }
    assert_eq!(answer["statusCode"], expected["status"], "{name}: {answer}");
    let text = answer["body"].as_str().unwrap_or_default();
    let words = expected["body"].as_str().expect("a text");
    assert!(text.contains(words), "{name}: {answer}");
    assert!(
        answer["headers"]["x-request-id"].is_string(),
        "{name}: {answer}"
    );
}

/// In every stage but `local`, where Lambda puts them.
#[tokio::test]
async fn binary_signs_with_the_credentials_of_its_environment() {
    let _ = functions().await;
    let house = House::open().await;
    let mut environment = house.environment().await;
    environment.retain(|(name, _)| name != "STAGE");
    let credentials = [
        ("STAGE", "test"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "a secret"),
        ("AWS_SESSION_TOKEN", "a token"),
    ];
    environment.extend(credentials.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut running = Running::binary(&binary("tokens"), "tokens", environment).await;
    let polled = tokio::time::timeout(Duration::from_mins(1), running.runtime.polled()).await;
    polled.expect("without credentials the secret is not read, and it asks for no event");
}

/// What is slow is done before the first event: the secret is read, and as many connections to DynamoDB are open as the
/// first request needs.
#[tokio::test]
async fn binary_answers_an_event_and_is_warm_before_it() {
    let mut functions = functions().await;
    functions.retain(|name| name != "setup"); // it answers CloudFormation, see below
    let expected = json("tests/events/expected.json");
    let house = House::open().await;
    for name in &functions {
        let mut environment = house.environment().await;
        let url = environment
            .iter_mut()
            .find(|(name, _)| name == "AWS_ENDPOINT_URL_DYNAMODB");
        let url = &mut url.expect("a URL").1;
        let wire = Wire::to(url).await;
        *url = wire.url();
        let event = json(&format!("tests/events/{name}.json"));
        let patience = Duration::from_mins(1);
        let mut running = Running::binary(&binary(name), name, environment).await;
        let polled = tokio::time::timeout(patience, running.runtime.polled()).await;
        polled.unwrap_or_else(|_| panic!("{name} asks for no event"));
        let before = wire.connections();
        let answer = tokio::time::timeout(patience, running.runtime.invoke(&event)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{name} did not answer"));
        assert!(answer.path.ends_with("/response"), "{name}: {answer:?}");
        let body = serde_json::from_str(&answer.body).expect("JSON");
        compare(name, &body, &expected[name.as_str()]);
        if matches!(name.as_str(), "events" | "pages") {
            // Nobody waits for the one, and the other reads no table.
            continue;
        }
        assert!(before > 0, "{name} is not warm when it asks for an event");
        assert_eq!(
            wire.connections(),
            before,
            "{name} opened connections within its first request"
        );
    }
    // The first of them really sent a mail, the last really published.
    assert_eq!(house.sent_to("jane@example.com").await.len(), 1);
    let published = house.events().await;
    assert!(
        published
            .iter()
            .any(|event| event["detail-type"] == "address.suppressed"),
        "{published:?}"
    );
}

/// What is sent to `listener` as one request's body, with a length; it is answered with 200.
async fn body_of_one_request(listener: TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut text = String::new();
    loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.expect("bytes");
        text.push_str(std::str::from_utf8(&part[..read]).expect("text"));
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let mut lines = head.lines().map(str::to_ascii_lowercase);
        let length: Option<usize> =
            lines.find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() == length.expect("a length") {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.expect("written");
            return body.to_owned();
        }
    }
}

/// What it makes of the events is in functions/setup/tests; this is its `main`, over the Runtime API.
#[tokio::test]
async fn binary_of_setup_answers_cloudformation() {
    let _ = functions().await;
    let house = House::open().await;
    let environment = house.environment().await;
    let mut running = Running::binary(&binary("setup"), "setup", environment).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer = tokio::spawn(body_of_one_request(listener));
    let event = serde_json::json!({
        "RequestType": "Create", "ResourceType": "Custom::Release", "LogicalResourceId": "Release",
        "ResponseURL": format!("http://{address}/answer"), "StackId": "arn:…", "RequestId": "1",
        "ResourceProperties": {"ServiceToken": "arn:…", "Parameters": {"Stage": "dev"}},
    });
    let patience = Duration::from_mins(1);
    let reported = tokio::time::timeout(patience, running.runtime.invoke(&event)).await;
    let reported = reported.expect("setup did not answer");
    assert!(reported.path.ends_with("/response"), "{reported:?}");
    let answer: Value = serde_json::from_str(&answer.await.expect("a body")).expect("JSON");
    assert_eq!(answer["Status"], "SUCCESS", "{answer}");
    assert_eq!(answer["Data"]["Hash"].as_str().map(str::len), Some(32));
}

/// A wrong setting ends the process with a sentence, before it asks for an event.
#[tokio::test]
async fn binary_with_a_wrong_setting_does_not_start() {
    let _ = functions().await;
    let house = House::open().await;
    let mut environment = house.environment().await;
    environment.push(("OTP_CODE_LENGTH".to_owned(), "5".to_owned()));
    let run = tokio::task::spawn_blocking(move || {
        Command::new(binary("otp-request"))
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_FUNCTION_NAME", "otp-request")
            .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
            .output()
    });
    let output = tokio::time::timeout(Duration::from_mins(1), run)
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
