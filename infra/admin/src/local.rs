//! `--local`: what the development API of a local cloud tells about itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use shared::clock::{Clock, SharedClock, SystemClock};
use shared::config::Variables;

use crate::failure::Failure;
use crate::web;

/// What `/_local/endpoints` says.
#[derive(Deserialize)]
struct Endpoints {
    dynamodb: String,
    s3: Option<String>,
    ses: Option<String>,
    sns: Option<String>,
    secretsmanager: String,
    twilio: Option<String>,
    sendgrid: Option<String>,
    region: String,
    tables: Tables,
    bucket: String,
    avatar_base_url: Option<String>,
    secret_id: String,
    #[serde(default)]
    settings: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Tables {
    accounts: String,
    ephemeral: String,
}

/// What `/_local/clock` says.
#[derive(Deserialize)]
struct Now {
    now: Timestamp,
}

/// Where a local cloud stands, and what time it is there.
///
/// # Errors
/// It does not answer, or not as a local cloud does.
pub(crate) async fn endpoints(url: &str) -> Result<(Variables, SharedClock), Failure> {
    let client = web::client().map_err(|error| Failure::Other(error.to_string()))?;
    let ask = async |path: &str| -> Result<String, Failure> {
        let sentence = |error: reqwest::Error| {
            Failure::Unavailable(format!(
                "no local cloud answers at {url} ({}); start one with `cargo run`",
                error.without_url()
            ))
        };
        let answer = client
            .get(format!("{url}{path}"))
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(sentence)?;
        answer.text().await.map_err(sentence)
    };
    let odd = |error: serde_json::Error| {
        Failure::Other(format!(
            "{url} answers, but not as a local cloud does: {error}"
        ))
    };
    let found: Endpoints = serde_json::from_str(&ask("/_local/endpoints").await?).map_err(odd)?;
    let now: Now = serde_json::from_str(&ask("/_local/clock").await?).map_err(odd)?;
    let ahead = now.now.duration_since(SystemClock.now());
    // What the cloud was started with, and over it where it is.
    let mut variables: Variables = found.settings.into_iter().collect();
    let places = [
        ("STAGE", "local"),
        ("PUBLIC_URL", url),
        ("AWS_REGION", &found.region),
        ("ACCOUNTS_TABLE", &found.tables.accounts),
        ("EPHEMERAL_TABLE", &found.tables.ephemeral),
        ("AVATAR_BUCKET", &found.bucket),
        ("SECRET_ID", &found.secret_id),
        ("AWS_ENDPOINT_URL_DYNAMODB", &found.dynamodb),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &found.secretsmanager),
    ];
    for (name, value) in places {
        variables.set(name, value);
    }
    let optional = [
        ("AVATAR_BASE_URL", found.avatar_base_url),
        ("AWS_ENDPOINT_URL_S3", found.s3),
        ("AWS_ENDPOINT_URL_SES", found.ses),
        ("AWS_ENDPOINT_URL_SNS", found.sns),
        ("TWILIO_BASE_URL", found.twilio),
        ("SENDGRID_BASE_URL", found.sendgrid),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            variables.set(name, value);
        }
    }
    Ok((variables, Arc::new(Moved(ahead))))
}

/// The local cloud's clock, which may have been moved.
struct Moved(SignedDuration);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        SystemClock
            .now()
            .saturating_add(self.0)
            .unwrap_or(Timestamp::MAX)
    }
}
