//! The functions' own handlers, each invoked on a task of its own, as Lambda would in an environment of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use lambda_runtime::Context;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::clock::{Clock, SystemClock};
use shared::cloud::{Setup, StartError};
use shared::lambda::Entry;

use crate::state::LocalState;
use crate::template::Function;

type Open = fn(&Setup) -> BoxFuture<'_, Result<Entry, StartError>>;

/// Every function that is hosted here, by the name of its package; the template must name the same.
const FUNCTIONS: &[(&str, Open)] = &[
    ("otp-request", |setup| Box::pin(otp_request::open(setup))),
    ("otp-verify", |setup| Box::pin(otp_verify::open(setup))),
    ("tokens", |setup| Box::pin(tokens::open(setup))),
    ("profile", |setup| Box::pin(profile::open(setup))),
    ("analytics", |setup| Box::pin(analytics::open(setup))),
    ("events", |setup| Box::pin(events::open(setup))),
    ("webhooks", |setup| Box::pin(webhooks::open(setup))),
    ("avatar", |setup| Box::pin(avatar::open(setup))),
    ("pages", |setup| Box::pin(pages::open(setup))),
];

/// Functions of the template that nothing here calls: CloudFormation does, at a deployment.
const ELSEWHERE: &[&str] = &["setup"];

/// An invocation that gave no answer: the function failed, panicked or took too long.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

/// All functions of one local cloud.
pub(crate) struct LambdaHost {
    state: Arc<LocalState>,
    setup: Setup,
    functions: Vec<Function>,
    entries: RwLock<BTreeMap<String, Entry>>,
}

impl LambdaHost {
    /// Opens every function of the template.
    ///
    /// # Errors
    /// Sentences: which functions the template and the code do not share, or why a function does not start.
    pub(crate) async fn open(
        state: Arc<LocalState>,
        setup: Setup,
        functions: Vec<Function>,
    ) -> Result<Self, String> {
        compare(&functions)?;
        let entries = open_all(&setup).await?;
        Ok(Self {
            state,
            setup,
            functions,
            entries: RwLock::new(entries),
        })
    }

    /// Opens every function anew: what they remembered in their process is gone, as after a deployment.
    pub(crate) async fn reopen(&self) -> Result<(), String> {
        let entries = open_all(&self.setup).await?;
        *self.entries.write().unwrap_or_else(PoisonError::into_inner) = entries;
        Ok(())
    }

    /// Calls a function with an event under a request id; the function runs to its end even if nobody waits for it any
    /// more.
    pub(crate) fn invoke(
        &self,
        name: &str,
        id: String,
        event: String,
    ) -> impl Future<Output = Result<Value, Failure>> + use<> {
        let entry = self
            .entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        let timeout = self
            .functions
            .iter()
            .find(|function| function.name == name)
            .map_or(Duration::from_secs(3), |function| {
                Duration::from_secs(function.timeout_seconds)
            });
        let context = context(name, &id, timeout);
        let name = name.to_owned();
        let state = Arc::clone(&self.state);
        async move {
            let entry = entry.ok_or_else(|| Failure(format!("there is no function {name}")))?;
            let event = RawValue::from_string(event).map_err(|error| Failure(error.to_string()))?;
            let task = tokio::spawn(async move {
                tokio::time::timeout(timeout, entry.handle(&event, context)).await
            });
            state.running.began(&id, task.abort_handle());
            let outcome = task.await;
            state.running.ended(&id);
            match outcome {
                Ok(Ok(answer)) => answer.map_err(|error| Failure(error.to_string())),
                Ok(Err(_)) => Err(Failure(format!("{name} timed out"))),
                Err(error) => Err(Failure(format!("{name} ended: {error}"))),
            }
        }
    }
}

/// Refuses a template that names other functions than [`FUNCTIONS`].
fn compare(functions: &[Function]) -> Result<(), String> {
    let mut sentences: Vec<_> = functions
        .iter()
        .filter(|f| FUNCTIONS.iter().all(|(hosted, _)| *hosted != f.name))
        .filter(|f| !ELSEWHERE.contains(&f.name.as_str()))
        .map(|f| {
            format!(
                "template.yaml has the function {}, which the local cloud does not host",
                f.name
            )
        })
        .collect();
    sentences.extend(
        FUNCTIONS
            .iter()
            .filter(|(hosted, _)| functions.iter().all(|f| f.name != *hosted))
            .map(|(hosted, _)| {
                format!("the local cloud hosts {hosted}, which template.yaml does not have")
            }),
    );
    if sentences.is_empty() {
        Ok(())
    } else {
        Err(sentences.join("\n"))
    }
}

/// Opens all functions, and collects what is wrong with their settings, each sentence once.
async fn open_all(setup: &Setup) -> Result<BTreeMap<String, Entry>, String> {
    let mut entries = BTreeMap::new();
    let mut sentences: Vec<String> = Vec::new();
    for (name, open) in FUNCTIONS {
        match open(setup).await {
            Ok(entry) => {
                entries.insert((*name).to_owned(), entry);
            }
            Err(error) => {
                for line in error.to_string().lines() {
                    if !sentences.iter().any(|said| said == line) {
                        sentences.push(line.to_owned());
                    }
                }
            }
        }
    }
    if sentences.is_empty() {
        Ok(entries)
    } else {
        Err(sentences.join("\n"))
    }
}

fn context(name: &str, id: &str, timeout: Duration) -> Context {
    let mut context = Context::default();
    id.clone_into(&mut context.request_id);
    let now = u64::try_from(SystemClock.now().as_millisecond()).unwrap_or(0);
    context.deadline = now + u64::try_from(timeout.as_millis()).unwrap_or(0);
    context.invoked_function_arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    let mut config = lambda_runtime::Config::default();
    name.clone_into(&mut config.function_name);
    "local".clone_into(&mut config.version);
    context.env_config = Arc::new(config);
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_and_code_must_name_the_same_functions() {
        let function = |name: &str| Function {
            name: name.to_owned(),
            paths: Vec::new(),
            timeout_seconds: 3,
        };
        let mut functions: Vec<_> = FUNCTIONS.iter().map(|(name, _)| function(name)).collect();
        assert_eq!(compare(&functions), Ok(()));
        functions.push(function("made-up"));
        assert!(compare(&functions).unwrap_err().contains("made-up"));
        functions.remove(0);
        let refusal = compare(&functions).unwrap_err();
        assert!(refusal.contains(FUNCTIONS[0].0), "{refusal}");
    }
}
