//! A function's real binary over a twin of the Lambda Runtime API (version 2018-06-01), with a house in place of AWS.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

use crate::{ACCOUNTS, EPHEMERAL, House};

/// The twin: gives out events one after the other and takes the answers.
pub struct Runtime {
    address: SocketAddr,
    events: mpsc::UnboundedSender<String>,
    polls: mpsc::UnboundedReceiver<Instant>,
    answers: mpsc::UnboundedReceiver<Reported>,
}

/// What a function reported of an event.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The path that it reported to; it ends in `/response` where all went well.
    pub path: String,
    pub body: String,
    pub at: Instant,
}

/// The side of the twin that connections share.
struct Counter {
    events: Mutex<mpsc::UnboundedReceiver<String>>,
    polls: mpsc::UnboundedSender<Instant>,
    answers: mpsc::UnboundedSender<Reported>,
}

impl Runtime {
    /// A twin on a port of its own.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let (events, waiting) = mpsc::unbounded_channel();
        let (told, polls) = mpsc::unbounded_channel();
        let (reported, answers) = mpsc::unbounded_channel();
        let counter = Arc::new(Counter {
            events: Mutex::new(waiting),
            polls: told,
            answers: reported,
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counter = Arc::clone(&counter);
                let service = service_fn(move |request| serve(request, Arc::clone(&counter)));
                tokio::spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self {
            address,
            events,
            polls,
            answers,
        }
    }

    /// What goes into `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until the function asks for an event; the time at which it did.
    pub async fn polled(&mut self) -> Instant {
        self.polls.recv().await.expect("the twin lives")
    }

    /// Gives an event and waits for what the function reports.
    pub async fn invoke(&mut self, event: &Value) -> Reported {
        self.events.send(event.to_string()).expect("the twin lives");
        self.answers.recv().await.expect("the twin lives")
    }
}

async fn serve(
    request: Request<Incoming>,
    counter: Arc<Counter>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    if request.method() == Method::GET && path.ends_with("/runtime/invocation/next") {
        let _ = counter.polls.send(Instant::now());
        let event = counter.events.lock().await.recv().await;
        let response = Response::builder()
            .header(
                "lambda-runtime-aws-request-id",
                "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            )
            .header("lambda-runtime-deadline-ms", "4102444800000")
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:123456789012:function:twin",
            )
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(event.unwrap_or_default())));
        return Ok(response.expect("a response"));
    }
    let body = request.into_body().collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    let _ = counter.answers.send(Reported {
        path,
        body: String::from_utf8_lossy(&body).into_owned(),
        at: Instant::now(),
    });
    let response = Response::builder().status(202).body(Full::default());
    Ok(response.expect("a response"))
}

/// A process that is ended with its owner.
pub struct Running {
    pub process: Child,
    /// The twin that it asks for events.
    pub runtime: Runtime,
    /// When it was started.
    pub started: Instant,
}

impl Running {
    /// Starts a function's binary, or a command around it, in an environment and no other.
    pub async fn start(
        mut command: Command,
        function: &str,
        environment: Vec<(String, String)>,
    ) -> Self {
        let runtime = Runtime::start().await;
        command
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_RUNTIME_API", runtime.address())
            // Its log lines; what keeps it from starting is on standard error.
            .stdout(Stdio::null());
        let started = Instant::now();
        let process = command.spawn();
        let process = process.unwrap_or_else(|error| panic!("{function}: {error}"));
        Self {
            process,
            runtime,
            started,
        }
    }

    /// The binary itself.
    pub async fn binary(path: &Path, function: &str, environment: Vec<(String, String)>) -> Self {
        Self::start(Command::new(path), function, environment).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl House {
    /// What a deployed function finds in its environment, with the engines of this house in place of AWS.
    pub async fn environment(&self) -> Vec<(String, String)> {
        let endpoints = self.get("/_local/endpoints").send().await.json();
        let mut all: Vec<_> = [
            ("STAGE", "local"),
            ("AWS_REGION", "us-east-1"),
            ("PUBLIC_URL", self.cloud().url().as_str()),
            ("MAIL_FROM", "Example <no-reply@example.com>"),
            ("ACCOUNTS_TABLE", ACCOUNTS),
            ("EPHEMERAL_TABLE", EPHEMERAL),
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
        for (member, name) in [
            ("dynamodb", "AWS_ENDPOINT_URL_DYNAMODB"),
            ("s3", "AWS_ENDPOINT_URL_S3"),
            ("ses", "AWS_ENDPOINT_URL_SES"),
            ("sns", "AWS_ENDPOINT_URL_SNS"),
            ("secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            ("eventbridge", "AWS_ENDPOINT_URL_EVENTBRIDGE"),
            ("twilio", "TWILIO_BASE_URL"),
            ("sendgrid", "SENDGRID_BASE_URL"),
            ("bucket", "AVATAR_BUCKET"),
            ("secret_id", "SECRET_ID"),
            ("event_bus", "EVENT_BUS"),
        ] {
            if let Some(value) = endpoints[member].as_str() {
                all.push((name.to_owned(), value.to_owned()));
            }
        }
        all
    }
}
