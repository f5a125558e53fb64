//! Twilio: the credentials work, and callbacks can reach us.

use secrecy::ExposeSecret as _;
use serde_json::Value;
use shared::config::{Public, settings};
use shared::messaging::twilio_webhook_url;

use super::{Check, Finding};
use crate::connect::House;

pub(super) async fn checks(house: &House) -> Vec<Check> {
    let mut reader = house.setup.reader();
    let sid = reader.optional_text(&settings::TWILIO_ACCOUNT_SID);
    let token = reader.optional_secret(&settings::TWILIO_AUTH_TOKEN);
    let base = reader
        .optional_text(&settings::TWILIO_BASE_URL)
        .unwrap_or_default();
    let (Some(sid), Some(token)) = (sid, token) else {
        return vec![(
            "Twilio",
            Finding::Skipped(
                "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set: no texts are sent",
            ),
        )];
    };
    let public = Public::read(&mut reader);
    let callback = twilio_webhook_url(&mut reader, &public);
    vec![
        (
            "Twilio credentials",
            credentials(&base, &sid, token.expose_secret()).await,
        ),
        ("Twilio callback", reaches(&callback).await),
    ]
}

async fn credentials(base: &str, sid: &str, token: &str) -> Finding {
    let url = format!(
        "{}/2010-04-01/Accounts/{sid}.json",
        base.trim_end_matches('/')
    );
    let Ok(client) = shared::messaging::web::client() else {
        return Finding::Skipped("no web client can be made");
    };
    match client.get(url).basic_auth(sid, Some(token)).send().await {
        Ok(answer) if answer.status() == 401 => Finding::Unwell(
            "Twilio does not accept TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN".to_owned(),
        ),
        Ok(answer) => {
            let account: Value = answer.json().await.unwrap_or_default();
            let status = account["status"].as_str().unwrap_or("unknown").to_owned();
            let kind = account["type"].as_str().unwrap_or("unknown").to_owned();
            Finding::that(
                status == "active",
                format!("the account is active ({kind})"),
                format!("the account is {status}"),
            )
        }
        Err(error) => Finding::Unwell(format!("Twilio does not answer: {}", error.without_url())),
    }
}

/// Without a signature the webhook says 403; anything else means that callbacks end somewhere else.
async fn reaches(callback: &str) -> Finding {
    let Ok(client) = shared::messaging::web::client() else {
        return Finding::Skipped("no web client can be made");
    };
    match client
        .post(callback)
        .form(&[("MessageStatus", "sent")])
        .send()
        .await
    {
        Ok(answer) => Finding::that(
            answer.status() == 403,
            callback,
            format!(
                "{callback} answers {} in place of 403; Twilio's callbacks do not reach this service",
                answer.status()
            ),
        ),
        Err(error) => Finding::Unwell(format!(
            "{callback} does not answer: {}",
            error.without_url()
        )),
    }
}
