//! `latchkey doctor`: whether everything is set up as it should be, and what to do where it is not.

mod mail;
mod tables;
mod twilio;

use serde_json::{Value, json};
use shared::config::Public;

use crate::connect::House;
use crate::failure::Failure;
use crate::output::Output;

/// What came of a check.
pub(crate) enum Finding {
    /// As it should be.
    Well(String),
    /// Not as it should be, and what to do.
    Unwell(String),
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

pub(crate) async fn run(house: &House, output: &Output) -> Result<(), Failure> {
    let mut checks = secrets(house);
    checks.extend(tables::checks(house).await);
    checks.push(key_set(house).await);
    checks.push(clock(house).await);
    if house.local.is_some() {
        let reason = "a local cloud's twins take every mail and text";
        checks.extend(["SES", "Twilio"].map(|name| (name, Finding::Skipped(reason))));
    } else {
        checks.extend(mail::checks(house).await);
        checks.extend(twilio::checks(house).await);
    }
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
        Finding::Skipped(detail) => ("skipped", detail.to_owned()),
    };
    json!({"check": name, "state": state, "detail": detail})
}

fn secrets(house: &House) -> Vec<Check> {
    let peppers = match house.peppers() {
        Ok(peppers) => Finding::Well(format!("{} in the ring", peppers.iter().count())),
        Err(failure) => Finding::Unwell(failure.to_string()),
    };
    let keys = match house.signing_keys() {
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
        Finding::Unwell(_) if house.local.is_some() && house.signing_keys().is_ok() => {
            Finding::Well("one, made for this local cloud".to_owned())
        }
        keys => keys,
    };
    vec![("pepper", peppers), ("signing keys", keys)]
}

/// The published key set holds the ring's keys.
async fn key_set(house: &House) -> Check {
    let mut reader = house.setup.reader();
    let public = Public::read(&mut reader);
    let Ok(public) = reader.finish(public) else {
        return (
            "key set",
            Finding::Unwell(
                "PUBLIC_URL is not set as it should be, so the published keys cannot be looked at"
                    .to_owned(),
            ),
        );
    };
    let url = format!("{}/.well-known/jwks.json", public.url);
    let finding = match fetch(&url).await {
        Err(cause) => Finding::Unwell(format!("{url} does not answer: {cause}")),
        Ok((document, _)) => {
            let published: Vec<_> = document["keys"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|key| key["kid"].as_str())
                .collect();
            let ring = house
                .signing_keys()
                .map(|keys| keys.jwks())
                .unwrap_or_default();
            let wanted: Vec<_> = ring["keys"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|key| key["kid"].as_str())
                .collect();
            let missing: Vec<_> = wanted
                .iter()
                .filter(|kid| !published.contains(kid))
                .collect();
            Finding::that(
                missing.is_empty(),
                url.clone(),
                format!(
                    "{url} does not have {missing:?} yet; functions read the secret again within a minute"
                ),
            )
        }
    };
    ("key set", finding)
}

/// This machine's clock against the service's.
async fn clock(house: &House) -> Check {
    let Some(url) = house.local.clone().or_else(|| {
        let mut reader = house.setup.reader();
        let public = Public::read(&mut reader);
        reader.finish(public.url).ok()
    }) else {
        return ("clock", Finding::Skipped("PUBLIC_URL is not set"));
    };
    if house.local.is_some() {
        return (
            "clock",
            Finding::Skipped("a local cloud's clock is moved at will"),
        );
    }
    let finding = match fetch(&format!("{url}/.well-known/jwks.json")).await {
        Ok((_, Some(date))) => {
            let off = house.now().as_second().abs_diff(date.as_second());
            Finding::that(
                off <= 5,
                format!("{off} s apart"),
                format!("this machine's clock is {off} s off the service's; set it by NTP"),
            )
        }
        Ok((_, None)) => Finding::Skipped("the service sent no Date header"),
        Err(cause) => Finding::Unwell(format!("{url} does not answer: {cause}")),
    };
    ("clock", finding)
}

async fn fetch(url: &str) -> Result<(Value, Option<jiff::Timestamp>), String> {
    let told = |error: reqwest::Error| error.without_url().to_string();
    let client = shared::messaging::web::client().map_err(told)?;
    let answer = client
        .get(url)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(told)?;
    let date = answer
        .headers()
        .get("date")
        .and_then(|date| jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok())
        .map(|date| date.timestamp());
    Ok((answer.json().await.map_err(told)?, date))
}
