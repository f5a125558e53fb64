//! `latchkey doctor`: whether everything is set up as it should be, and what to do where it is not.

mod functions;
mod mail;
mod published;
mod sendgrid;
mod settings;
mod stack;
mod tables;
mod twilio;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use shared::config::settings::{MAIL_PROVIDER, Setting};

use crate::connect::App;
use crate::failure::Failure;
use crate::output::Output;
use crate::web;

/// What came of a check.
pub(crate) enum Finding {
    /// As it should be.
    Well(String),
    /// Not as it should be, and what to do.
    Unwell(String),
    /// Works, and could be better.
    Advice(String),
    /// Not looked at, and why.
    Skipped(&'static str),
}

/// A check's name and what came of it.
pub(crate) type Check = (&'static str, Finding);

impl Finding {
    /// Well if it holds; the second sentence says what to do where it does not.
    pub(crate) fn that(holds: bool, well: impl Into<String>, unwell: impl Into<String>) -> Self {
        if holds {
            Self::Well(well.into())
        } else {
            Self::Unwell(unwell.into())
        }
    }
}

pub(crate) async fn run(app: &App, output: &Output) -> Result<(), Failure> {
    let mut checks = secrets(app);
    checks.extend(settings::checks(app));
    checks.extend(tables::checks(app).await);
    checks.extend(published::checks(app).await);
    checks.extend(stack::checks(app).await);
    let by_sendgrid =
        app.setup.reader().optional_text(&MAIL_PROVIDER).as_deref() == Some("sendgrid");
    if by_sendgrid {
        checks.push(("SES", Finding::Skipped("MAIL_PROVIDER is sendgrid")));
        checks.extend(sendgrid::checks(app).await);
    } else if app.local.is_some() {
        let reason = "a local cloud's twin takes every mail";
        checks.push(("SES", Finding::Skipped(reason)));
    } else {
        checks.extend(mail::checks(app).await);
    }
    checks.extend(twilio::checks(app).await);
    let unwell = checks
        .iter()
        .filter(|(_, finding)| matches!(finding, Finding::Unwell(_)))
        .count();
    output.rows(
        &["check", "state", "detail"],
        checks.into_iter().map(row).collect(),
    );
    if unwell == 0 {
        Ok(())
    } else {
        Err(Failure::Unwell(unwell))
    }
}

fn row((name, finding): Check) -> Value {
    let (state, detail) = match finding {
        Finding::Well(detail) => ("ok", detail),
        Finding::Unwell(detail) => ("failed", detail),
        Finding::Advice(detail) => ("advice", detail),
        Finding::Skipped(detail) => ("skipped", detail.to_owned()),
    };
    json!({"check": name, "state": state, "detail": detail})
}

fn secrets(app: &App) -> Vec<Check> {
    let peppers = match app.peppers() {
        Ok(peppers) => Finding::Well(format!("{} in the ring", peppers.iter().count())),
        Err(failure) => Finding::Unwell(failure.to_string()),
    };
    let keys = match app.signing_keys() {
        Ok(keys) => {
            let ring = keys.overview();
            let names: Vec<_> = ring
                .iter()
                .map(|(kid, _, state)| format!("{kid} ({state})"))
                .collect();
            let next = ring.iter().any(|(.., state)| *state == "next");
            Finding::that(
                next,
                names.join(", "),
                "there is no next key: run `latchkey keys rotate`, so that a rotation is published before it signs",
            )
        }
        Err(failure) => Finding::Unwell(failure.to_string()),
    };
    let keys = match keys {
        // The key that a local cloud makes for itself needs no successor.
        Finding::Unwell(_) if app.local.is_some() && app.signing_keys().is_ok() => {
            Finding::Well("one, made for this local cloud".to_owned())
        }
        keys => keys,
    };
    vec![("pepper", peppers), ("signing keys", keys)]
}

/// A provider outside AWS, and how its credentials are tried.
struct Provider<'a> {
    name: &'a str,
    /// The question that any credentials may ask.
    question: RequestBuilder,
    /// Its answers to wrong credentials.
    refusals: &'a [StatusCode],
    /// What to do about them.
    refused: &'a str,
    /// What the answer should be, and what to do where it is not.
    expected: &'a str,
}

impl Provider<'_> {
    /// Tries the credentials; `judge` says what the provider's answer to right ones means.
    async fn credentials(self, judge: impl FnOnce(Value) -> Finding) -> Finding {
        let Self { name, .. } = self;
        match self.question.send().await {
            Ok(answer) if self.refusals.contains(&answer.status()) => {
                Finding::Unwell(self.refused.to_owned())
            }
            Ok(answer) if answer.status().is_success() => {
                judge(answer.json().await.unwrap_or_default())
            }
            Ok(answer) => Finding::Unwell(format!(
                "{name} answers {} in place of {}",
                answer.status(),
                self.expected
            )),
            Err(error) => Finding::Unwell(format!("{name} does not answer: {}", web::told(error))),
        }
    }
}

/// What to do where a provider is chosen and its secret is not there.
fn without_secret(chosen: &str, setting: &Setting) -> Finding {
    let name = setting.name;
    Finding::Unwell(format!(
        "{chosen} and the secret has no {name}; put it in with `latchkey secret set {name} -`"
    ))
}

/// Without a signature a callback is answered 403; anything else means that callbacks end somewhere else.
async fn reaches(whose: &str, callback: &str, call: RequestBuilder) -> Finding {
    match call.send().await {
        Ok(answer) => Finding::that(
            answer.status() == 403,
            callback,
            format!(
                "{callback} answers {} in place of 403; {whose}'s callbacks do not reach this service",
                answer.status()
            ),
        ),
        Err(error) => Finding::Unwell(format!("{callback} does not answer: {}", web::told(error))),
    }
}

/// A cause without what only programmers read.
fn clean(cause: &str) -> String {
    crate::failure::readable(cause).to_owned()
}
