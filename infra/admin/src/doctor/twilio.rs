//! Twilio: the credentials work, the sender is there, and callbacks can reach us.

use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use shared::config::{Public, settings};
use shared::messaging::twilio_webhook_url;

use super::{Check, Finding, reaches};
use crate::connect::App;
use crate::web;

pub(super) async fn checks(app: &App) -> Vec<Check> {
    let mut reader = app.setup.reader();
    let Some(sid) = reader.optional_text(&settings::TWILIO_ACCOUNT_SID) else {
        let reason = match app.local {
            Some(_) => "a local cloud's twin takes every text",
            None => "TWILIO_ACCOUNT_SID is not set: no texts are sent",
        };
        return vec![("Twilio", Finding::Skipped(reason))];
    };
    let Some(token) = reader.optional_secret(&settings::TWILIO_AUTH_TOKEN) else {
        return vec![(
            "Twilio credentials",
            Finding::Unwell(
                "TWILIO_ACCOUNT_SID is set and the secret has no TWILIO_AUTH_TOKEN; put it in with \
                 `latchkey secret set TWILIO_AUTH_TOKEN -`"
                    .to_owned(),
            ),
        )];
    };
    let base = reader
        .optional_text(&settings::TWILIO_BASE_URL)
        .unwrap_or_default();
    let public = Public::read(&mut reader);
    let callback = twilio_webhook_url(&mut reader, &public);
    let Ok(client) = web::client() else {
        return vec![("Twilio", Finding::Skipped("no web client can be made"))];
    };
    let unsigned = client.post(&callback).form(&[("MessageStatus", "sent")]);
    vec![
        (
            "Twilio credentials",
            credentials(&client, &base, &sid, token.expose_secret()).await,
        ),
        (
            "Twilio callback",
            reaches("Twilio", &callback, unsigned).await,
        ),
    ]
}

async fn credentials(client: &Client, base: &str, sid: &str, token: &str) -> Finding {
    let url = format!(
        "{}/2010-04-01/Accounts/{sid}.json",
        base.trim_end_matches('/')
    );
    match client.get(url).basic_auth(sid, Some(token)).send().await {
        Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => Finding::Unwell(
            "Twilio does not accept TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN; put the account's token in with \
             `latchkey secret set TWILIO_AUTH_TOKEN -`"
                .to_owned(),
        ),
        Ok(answer) if answer.status().is_success() => {
            let account: Value = answer.json().await.unwrap_or_default();
            let status = account["status"].as_str().unwrap_or("unknown").to_owned();
            match account["type"].as_str().unwrap_or("unknown") {
                _ if status != "active" => Finding::Unwell(format!(
                    "the account is {status} and sends nothing; look at Twilio's console"
                )),
                "Trial" => Finding::Advice(
                    "the account is a trial: it texts only numbers that you verified; upgrade it in Twilio's console"
                        .to_owned(),
                ),
                kind => Finding::Well(format!("the account is active ({kind})")),
            }
        }
        Ok(answer) => Finding::Unwell(format!(
            "Twilio answers {} in place of the account; is TWILIO_ACCOUNT_SID right?",
            answer.status()
        )),
        Err(error) => Finding::Unwell(format!("Twilio does not answer: {}", web::told(error))),
    }
}
