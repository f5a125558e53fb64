//! Where Lambda hands an event in and takes the answer out.
//!
//! The local gateway enters here too, so a function cannot tell where it runs.

mod event;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::Request;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent};
use lambda_runtime::Context;
use serde_json::Value;
use serde_json::value::RawValue;
use tower::Service as _;

use crate::Error;
use crate::background;
use crate::clock::{Clock as _, SystemClock};
use crate::cloud::{Setup, StartError};
use crate::config::{Variables, settings};
use crate::telemetry::{self, Outcome, Scope};
use event::{Cleaned, HttpEvent};

/// The allocator of a function's binary: a request allocates three to four thousand times, and this one needs a third of
/// the instructions that glibc's does (docs/PERFORMANCE.md).
pub use mimalloc::MiMalloc as Allocator;

type Events = dyn Fn(Value) -> BoxFuture<'static, Result<Value, Error>> + Send + Sync;

/// A function, seen from Lambda: a JSON event in, a JSON answer out.
#[derive(Clone)]
pub struct Entry {
    router: Router,
    events: Option<Arc<Events>>,
    cold: Arc<AtomicBool>,
}

impl Entry {
    /// A function that answers HTTP requests; the router has the layer around it ([`crate::http::layer`]).
    #[must_use]
    pub fn http(router: Router) -> Self {
        Self {
            router,
            events: None,
            cold: Arc::new(AtomicBool::new(true)),
        }
    }

    /// Takes events too that are no HTTP request: records of SNS, S3 or a stream, a schedule.
    #[must_use]
    pub fn with_events(
        mut self,
        handle: impl Fn(Value) -> BoxFuture<'static, Result<Value, Error>> + Send + Sync + 'static,
    ) -> Self {
        self.events = Some(Arc::new(handle));
        self
    }

    /// Answers one event.
    ///
    /// An API Gateway v2 HTTP event always gets an HTTP answer, whatever its caller wrote.
    ///
    /// # Errors
    /// When this function does not take the event, or its handler failed; Lambda then tells the event's source,
    /// which may send it again.
    pub async fn handle(
        &self,
        event: &RawValue,
        context: Context,
    ) -> Result<Value, lambda_runtime::Error> {
        let cold = self.cold.swap(false, Ordering::Relaxed);
        background::drain(async {
            match serde_json::from_str::<HttpEvent>(event.get()) {
                Ok(http) => {
                    let cleaned = http
                        .clean(&context, cold)
                        .ok_or("the event's body is not the base64 that it says it is")?;
                    self.answer(cleaned, context).await
                }
                Err(_) => self.take(event, &context, cold).await,
            }
        })
        .await
    }

    async fn answer(
        &self,
        cleaned: Cleaned,
        context: Context,
    ) -> Result<Value, lambda_runtime::Error> {
        let mut router = self.router.clone();
        let mut rest = Some((
            cleaned.method,
            cleaned.uri,
            cleaned.headers,
            cleaned.body,
            cleaned.arrival,
        ));
        let service = tower::service_fn(move |converted: lambda_http::Request| {
            let (mut parts, mut body) = converted.into_parts();
            if let Some((method, uri, headers, found, arrival)) = rest.take() {
                (parts.method, parts.uri, parts.headers) = (method, uri, headers);
                parts.extensions.insert(arrival);
                body = found;
            }
            router.call(Request::from_parts(parts, axum::body::Body::new(body)))
        });
        let event = LambdaEvent::new(LambdaRequest::ApiGatewayV2(cleaned.shell), context);
        // Not held while waiting: the adapter is not `Send`, what it answers is.
        let answering = Adapter::from(service).call(event);
        let response = answering.await?;
        let mut answer = serde_json::to_value(response)?;
        // The gateway counts the body itself; a HEAD or a problem would carry a wrong number.
        if let Some(headers) = answer.get_mut("headers").and_then(Value::as_object_mut) {
            headers.remove("content-length");
        }
        Ok(answer)
    }

    async fn take(
        &self,
        event: &RawValue,
        context: &Context,
        cold: bool,
    ) -> Result<Value, lambda_runtime::Error> {
        let event: Value = serde_json::from_str(event.get())?;
        let Some(handle) = &self.events else {
            let keys: Vec<_> = event
                .as_object()
                .map(|object| object.keys().map(String::as_str).collect())
                .unwrap_or_default();
            return Err(format!(
                "this function takes API Gateway HTTP events (payload format 2.0) only; found an event with the keys {keys:?}"
            )
            .into());
        };
        let function = &context.env_config.function_name;
        let function = (!function.is_empty()).then(|| function.clone());
        let scope = Scope::new(context.request_id.as_str(), function, cold);
        let outcome = scope
            .run(async {
                let outcome = AssertUnwindSafe(async { handle(event).await })
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| Err(Error::internal("the handler of an event panicked")));
                if let Err(error) = &outcome {
                    telemetry::cause(error);
                }
                outcome
            })
            .await;
        scope.close(
            Outcome {
                method: "EVENT",
                route: "-",
                status: outcome.as_ref().map_or(500, |_| 200),
                code: outcome
                    .as_ref()
                    .map_or_else(|error| error.explanation().code, |_| "ok"),
            },
            SystemClock.now(),
        );
        // Lambda logs the error and may keep it with the event, so it gets the code alone; the cause is in our line.
        outcome.map_err(|error| error.explanation().code.into())
    }
}

/// Runs a function: the whole body of its `main`.
///
/// `open` prepares everything that a request needs, so that the first one does not wait for it. A start that fails says
/// why in sentences on standard error and ends the process with a code other than zero.
pub async fn run(open: impl AsyncFnOnce(&Setup) -> Result<Entry, StartError>) -> ExitCode {
    telemetry::install();
    match start(open).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "The function does not start.\n{error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(
    open: impl AsyncFnOnce(&Setup) -> Result<Entry, StartError>,
) -> Result<(), lambda_runtime::Error> {
    let setup = Setup::load(Variables::from_process(), Arc::new(SystemClock)).await?;
    if let Some(stage) = setup.variables.get(settings::STAGE.name) {
        telemetry::serve_stage(stage);
    }
    let entry = open(&setup).await?;
    lambda_runtime::run(lambda_runtime::service_fn(
        move |event: LambdaEvent<Box<RawValue>>| {
            let entry = entry.clone();
            async move { entry.handle(&event.payload, event.context).await }
        },
    ))
    .await
}
