//! What a deployment needs that CloudFormation cannot say: keys that are made once ([`keys`]), and a name for the
//! values that it was deployed with ([`release`]).
//!
//! CloudFormation calls it for two custom resources of template.yaml and waits for an answer at a signed address
//! ([`request`]). No request of the API reaches it.

mod keys;
mod release;
mod request;
mod secret;

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use serde_json::{Map, Value};
use shared::clock::{SharedClock, SystemClock};
use shared::cloud::{Setup as Environment, StartError};
use shared::config::Variables;

use request::{Kind, Request};
use secret::Secrets;

/// Answers CloudFormation.
pub struct Setup {
    secrets: Secrets,
    web: reqwest::Client,
    clock: SharedClock,
}

impl Setup {
    /// Opens the function.
    ///
    /// # Errors
    /// Every complaint about the settings, at once.
    pub fn open(environment: &Environment) -> Result<Self, StartError> {
        let mut reader = environment.reader();
        let secrets = Secrets::open(environment, &mut reader);
        Ok(Self {
            secrets: reader.finish(secrets)?,
            web: shared::messaging::web::client()
                .map_err(|error| StartError::Client(error.to_string()))?,
            clock: environment.clock.clone(),
        })
    }

    /// Takes one of CloudFormation's events, does it, and sends the outcome where the event says.
    ///
    /// # Errors
    /// A sentence: the event is not CloudFormation's, or its answer does not arrive. Lambda then calls again, and all
    /// of it may be done again.
    pub async fn handle(&self, event: Value) -> Result<(), String> {
        let request = Request::read(event)?;
        let outcome = self.outcome(&request).await;
        match &outcome {
            Ok(_) => tracing::info!(resource = request.resource_type, "done"),
            Err(reason) => tracing::error!(resource = request.resource_type, reason, "failed"),
        }
        request.answer(&self.web, outcome).await
    }

    /// The attributes of the resource, or why it cannot be made.
    async fn outcome(&self, request: &Request) -> Result<Map<String, Value>, String> {
        // The secret outlives the stack, and a hash is nothing that could be deleted.
        if request.kind == Kind::Delete {
            return Ok(Map::new());
        }
        match request.resource_type.as_str() {
            "Custom::Keys" => {
                keys::ensure(&self.secrets, request.property("Secret")?, &self.clock).await
            }
            "Custom::Release" => release::hash(&request.properties),
            other => Err(format!(
                "The function setup makes Custom::Keys and Custom::Release; found {other}."
            )),
        }
    }
}

/// Runs the function: the whole body of its `main`. A start that fails says why on standard error.
pub async fn run() -> ExitCode {
    shared::telemetry::install();
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "The function does not start.\n{error}");
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<(), lambda_runtime::Error> {
    let environment = Environment::prepare(Variables::from_process(), Arc::new(SystemClock))?;
    let setup = Arc::new(Setup::open(&environment)?);
    let take = move |event: LambdaEvent<Value>| -> Answering {
        let setup = Arc::clone(&setup);
        Box::pin(async move { Ok(setup.handle(event.payload).await?) })
    };
    lambda_runtime::run(lambda_runtime::service_fn(take)).await
}

/// Boxed: what the runtime wraps around it is deep enough without it.
type Answering = Pin<Box<dyn Future<Output = Result<(), lambda_runtime::Error>> + Send>>;
