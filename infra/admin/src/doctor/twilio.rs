//! Twilio: the credentials work, the sender is there, and callbacks can reach us.

use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use shared::config::{Public, settings};
use shared::messaging::twilio_webhook_url;

use super::{Check, Finding, Provider, reaches, without_secret};
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
        let missing = without_secret("TWILIO_ACCOUNT_SID is set", &settings::TWILIO_AUTH_TOKEN);
        return vec![("Twilio credentials", missing)];
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
    let base = base.trim_end_matches('/');
    let url = format!("{base}/2010-04-01/Accounts/{sid}.json");
    let provider = Provider {
        name: "Twilio",
        question: client.get(url).basic_auth(sid, Some(token)),
        refusals: &[StatusCode::UNAUTHORIZED],
        refused: "Twilio does not accept TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN; put the account's token in with \
                  `latchkey secret set TWILIO_AUTH_TOKEN -`",
        expected: "the account; is TWILIO_ACCOUNT_SID right?",
    };
    provider.credentials(|account| standing(&account)).await
}

/// Whether the account may text people.
fn standing(account: &Value) -> Finding {
    let status = account["status"].as_str().unwrap_or("unknown");
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
