//! SendGrid: the key may send, and reports reach us.

use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use shared::config::{Public, settings};

use super::{Check, Finding, Provider, reaches, without_secret};
use crate::connect::App;
use crate::web;

pub(super) async fn checks(app: &App) -> Vec<Check> {
    let mut reader = app.setup.reader();
    let Some(key) = reader.optional_secret(&settings::SENDGRID_API_KEY) else {
        let missing = without_secret("MAIL_PROVIDER is sendgrid", &settings::SENDGRID_API_KEY);
        return vec![("SendGrid key", missing)];
    };
    let base = reader
        .optional_text(&settings::SENDGRID_BASE_URL)
        .unwrap_or_default();
    let public = Public::read(&mut reader);
    let callback = format!("{}/api/webhooks/sendgrid/", public.url);
    let Ok(client) = web::client() else {
        return vec![(
            "SendGrid key",
            Finding::Skipped("no web client can be made"),
        )];
    };
    let unsigned = client.post(&callback).json(&json!([]));
    vec![
        (
            "SendGrid key",
            scopes(&client, &base, key.expose_secret()).await,
        ),
        (
            "SendGrid callback",
            reaches("SendGrid", &callback, unsigned).await,
        ),
    ]
}

/// The rights of the key, which SendGrid tells every key.
async fn scopes(client: &Client, base: &str, key: &str) -> Finding {
    let url = format!("{}/v3/scopes", base.trim_end_matches('/'));
    let provider = Provider {
        name: "SendGrid",
        question: client.get(url).bearer_auth(key),
        refusals: &[StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN],
        refused: "SendGrid does not accept SENDGRID_API_KEY; make a key with the right \"Mail Send\" and put it in with \
                  `latchkey secret set SENDGRID_API_KEY -`",
        expected: "the key's rights; try again",
    };
    let judge = |rights: Value| {
        let rights = rights["scopes"].as_array();
        let sends = rights.is_some_and(|rights| rights.iter().any(|right| right == "mail.send"));
        Finding::that(
            sends,
            "the key may send mail",
            "SENDGRID_API_KEY may not send mail: give it the right \"Mail Send\" in SendGrid's console",
        )
    };
    provider.credentials(judge).await
}
