//! What the service publishes: the keys of the ring, the issuer of the stack, the right time.

use jiff::Timestamp;
use serde_json::Value;
use shared::config::Public;

use super::{Check, Finding};
use crate::connect::App;
use crate::web;

pub(super) async fn checks(app: &App) -> Vec<Check> {
    let mut reader = app.setup.reader();
    let public = Public::read(&mut reader);
    let Ok(url) = reader.finish(public.url) else {
        let unset = "PUBLIC_URL is not set as it should be, or EDGE_SECRETS, so what is published cannot be looked at; \
                     --stack NAME finds them";
        return vec![("key set", Finding::Unwell(unset.to_owned()))];
    };
    let jwks = format!("{url}/.well-known/jwks.json");
    let (keys, clock) = match fetch(&jwks).await {
        Ok((document, date)) => (key_set(app, &jwks, &document), clock(app, date)),
        Err(cause) => (
            Finding::Unwell(format!("{jwks} does not answer: {cause}")),
            Finding::Skipped("the service does not answer"),
        ),
    };
    vec![
        ("key set", keys),
        ("issuer", issuer(app, &url).await),
        ("clock", clock),
    ]
}

/// The published key set holds the ring's keys.
fn key_set(app: &App, url: &str, document: &Value) -> Finding {
    let kids = |document: &Value| -> Vec<String> {
        let keys = document["keys"].as_array().into_iter().flatten();
        keys.filter_map(|key| Some(key["kid"].as_str()?.to_owned()))
            .collect()
    };
    let published = kids(document);
    let ring = app
        .signing_keys()
        .map(|keys| keys.jwks())
        .unwrap_or_default();
    let missing: Vec<_> = kids(&ring)
        .into_iter()
        .filter(|kid| !published.contains(kid))
        .collect();
    Finding::that(
        missing.is_empty(),
        url,
        format!(
            "{url} does not have {} yet; functions read the secret again within a minute",
            missing.join(", ")
        ),
    )
}

/// Discovery names the URL that the stack stands at. Tokens of another issuer are refused by everybody.
async fn issuer(app: &App, url: &str) -> Finding {
    let expected = app
        .stack
        .as_ref()
        .and_then(|stack| stack.output("PublicUrl"))
        .unwrap_or(url)
        .trim_end_matches('/');
    let discovery = format!("{expected}/.well-known/openid-configuration");
    match fetch(&discovery).await {
        Err(cause) => Finding::Unwell(format!("{discovery} does not answer: {cause}")),
        Ok((document, _)) => {
            let found = document["issuer"].as_str().unwrap_or("none");
            Finding::that(
                found == expected,
                expected,
                format!(
                    "{discovery} names the issuer {found}, the stack stands at {expected}: what answers has other settings than \
                     the stack. Deploy again; tokens of the other issuer end with that"
                ),
            )
        }
    }
}

/// This machine's clock against the service's.
fn clock(app: &App, date: Option<Timestamp>) -> Finding {
    if app.local.is_some() {
        return Finding::Skipped("a local cloud's clock is moved at will");
    }
    let Some(date) = date else {
        return Finding::Skipped("the service sent no Date header");
    };
    let off = app.now().as_second().abs_diff(date.as_second());
    Finding::that(
        off <= 5,
        format!("{off} s apart"),
        format!("this machine's clock is {off} s off the service's; set it by NTP"),
    )
}

async fn fetch(url: &str) -> Result<(Value, Option<Timestamp>), String> {
    let client = web::client().map_err(web::told)?;
    let answer = client
        .get(url)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(web::told)?;
    let date = answer
        .headers()
        .get("date")
        .and_then(|date| jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok())
        .map(|date| date.timestamp());
    Ok((answer.json().await.map_err(web::told)?, date))
}
