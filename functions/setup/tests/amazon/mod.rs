//! As much of Amazon as the function meets: one secret with its versions and labels, and the address for answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{post, put};
use serde_json::{Value, json};
use setup::Setup;
use shared::clock::SystemClock;
use shared::config::Variables;

pub(crate) const SECRET: &str =
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:Secret-abc";

#[derive(Default)]
struct World {
    /// Documents by version.
    versions: BTreeMap<String, String>,
    /// Versions by label.
    labels: BTreeMap<String, String>,
    /// What somebody else writes before the next put.
    intruder: Option<String>,
    refusal: Option<(String, String, usize)>,
    answers: Vec<Value>,
    lost: usize,
    told: usize,
}

/// A running one, and the function that talks to it.
pub(crate) struct Amazon {
    world: Arc<Mutex<World>>,
    url: String,
    pub(crate) setup: Setup,
}

impl Amazon {
    /// With a secret that holds this, or nothing.
    pub(crate) async fn start(document: Option<Value>) -> Self {
        let world: Arc<Mutex<World>> = Arc::default();
        if let Some(document) = document {
            let text = match document {
                Value::String(text) => text,
                document => document.to_string(),
            };
            world.lock().unwrap().write("first", text, "AWSCURRENT");
        }
        let router = Router::new()
            .route("/", post(secrets))
            .route("/answer", put(answer))
            .with_state(Arc::clone(&world));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let variables = Variables::from_iter([
            ("STAGE", "local"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str()),
        ]);
        let environment = shared::cloud::Setup::prepare(variables, Arc::new(SystemClock));
        let setup = Setup::open(&environment.unwrap()).unwrap();
        Self { world, url, setup }
    }

    /// Hands an event to the function, filled up with what all have, and returns what CloudFormation is told.
    pub(crate) async fn tells(&self, event: Value) -> Value {
        self.hands_over(event).await.unwrap();
        self.world().answers.last().expect("an answer").clone()
    }

    /// Hands an event to the function.
    pub(crate) async fn hands_over(&self, mut event: Value) -> Result<(), String> {
        let told = {
            let mut world = self.world();
            world.told += 1;
            world.told
        };
        event["ResponseURL"] = json!(format!("{}/answer", self.url));
        event["StackId"] = json!("arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1");
        event["RequestId"] = json!(format!("request-{told}"));
        self.setup.handle(event).await
    }

    /// The current document.
    pub(crate) fn document(&self) -> Value {
        self.labelled("AWSCURRENT").expect("a current version")
    }

    /// The one before.
    pub(crate) fn previous(&self) -> Option<Value> {
        self.labelled("AWSPREVIOUS")
    }

    fn labelled(&self, label: &str) -> Option<Value> {
        let world = self.world();
        let text = &world.versions[world.labels.get(label)?];
        Some(serde_json::from_str(text).unwrap_or_else(|_| json!(text)))
    }

    /// How many versions were ever made.
    pub(crate) fn versions(&self) -> usize {
        self.world().versions.len()
    }

    /// Somebody writes this just before the function does.
    pub(crate) fn writes_before_the_next_put(&self, document: Value) {
        self.world().intruder = Some(document.to_string());
    }

    /// So many calls are refused.
    pub(crate) fn refuses(&self, code: &str, message: &str, times: usize) {
        self.world().refusal = Some((code.to_owned(), message.to_owned(), times));
    }

    /// The next answers are refused with 503.
    pub(crate) fn loses_the_next_answers(&self, times: usize) {
        self.world().lost = times;
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

type Refusal = (&'static str, String);

impl World {
    fn write(&mut self, version: &str, text: String, label: &str) {
        self.versions.insert(version.to_owned(), text);
        self.label(label, version);
    }

    fn label(&mut self, label: &str, version: &str) {
        let before = self.labels.insert(label.to_owned(), version.to_owned());
        if let ("AWSCURRENT", Some(before)) = (label, before) {
            self.labels.insert("AWSPREVIOUS".to_owned(), before);
        }
    }

    fn get(&self) -> Result<Value, Refusal> {
        let version = self.labels.get("AWSCURRENT").ok_or((
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
                .to_owned(),
        ))?;
        Ok(json!({"VersionId": version, "SecretString": self.versions[version]}))
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the other operations")]
    fn put(&mut self, body: &Value) -> Result<Value, Refusal> {
        if let Some(document) = self.intruder.take() {
            self.write("intruder", document, "AWSCURRENT");
        }
        let version = body["ClientRequestToken"].as_str().expect("a token");
        let text = body["SecretString"].as_str().expect("a text");
        let mut labels = vec![body["VersionStages"][0].as_str().unwrap_or("AWSCURRENT")];
        if self.labels.is_empty() {
            labels.push("AWSCURRENT");
        }
        for label in &labels {
            self.write(version, text.to_owned(), label);
        }
        Ok(json!({"VersionId": version, "VersionStages": labels}))
    }

    fn stage(&mut self, body: &Value) -> Result<Value, Refusal> {
        let text = |name: &str| body[name].as_str().expect("a text").to_owned();
        let label = text("VersionStage");
        if self.labels.get(&label).map(String::as_str) != body["RemoveFromVersionId"].as_str() {
            return Err((
                "InvalidParameterException",
                format!("The label {label} is attached to another version."),
            ));
        }
        self.label(&label, &text("MoveToVersionId"));
        Ok(json!({}))
    }
}

async fn secrets(
    State(world): State<Arc<Mutex<World>>>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["SecretId"], SECRET);
    let mut world = world.lock().unwrap();
    let refused = |code: &str, message: &str| {
        let body = json!({"__type": code, "message": message});
        (StatusCode::BAD_REQUEST, body.to_string())
    };
    if let Some((code, message, times)) = &mut world.refusal
        && *times > 0
    {
        *times -= 1;
        return refused(code, message);
    }
    let answer = match target.as_str() {
        "secretsmanager.GetSecretValue" => world.get(),
        "secretsmanager.PutSecretValue" => world.put(&body),
        "secretsmanager.UpdateSecretVersionStage" => world.stage(&body),
        other => panic!("nobody is granted {other}"),
    };
    match answer {
        Ok(answer) => (StatusCode::OK, answer.to_string()),
        Err((code, message)) => refused(code, &message),
    }
}

async fn answer(
    State(world): State<Arc<Mutex<World>>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let mut world = world.lock().unwrap();
    // The address is signed without one.
    assert!(headers.get("content-type").is_none(), "{headers:?}");
    if world.lost > 0 {
        world.lost -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    world.answers.push(serde_json::from_str(&body).unwrap());
    StatusCode::OK
}
