//! The way in: AWS by the environment, or a local cloud by its desk.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::config::ProvideCredentials as _;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use shared::avatars::Gallery;
use shared::clock::{Clock, SharedClock, SystemClock};
use shared::cloud::{SecretSource, Setup};
use shared::config::{Complaints, Variables};
use shared::keyring::{Peppers, SigningKeys};
use shared::store::Store;

use crate::failure::{Failure, readable};

/// Where `cargo run` listens.
pub(crate) const LOCAL: &str = "http://localhost:3000";

/// What every command works with.
pub(crate) struct House {
    /// Settings, clock and the way to AWS.
    pub(crate) setup: Setup,
    /// The two tables.
    pub(crate) store: Store,
    /// Why the secret could not be read, if it could not.
    unread: Option<String>,
    /// The local cloud's URL, if it is one.
    pub(crate) local: Option<String>,
}

impl House {
    /// Connects.
    ///
    /// # Errors
    /// A sentence: which setting is wrong, or that the local cloud does not answer.
    pub(crate) async fn open(local: Option<&str>) -> Result<Self, Failure> {
        let (variables, clock) = match local {
            Some(url) => desk(url.trim_end_matches('/')).await?,
            None => (
                Variables::from_process(),
                Arc::new(SystemClock) as SharedClock,
            ),
        };
        let mut setup = Setup::prepare(variables, clock)
            .await
            .map_err(|error| Failure::Usage(hint(error.to_string(), local)))?;
        let mut reader = setup.reader();
        let store = Store::open(&setup, &mut reader);
        let store = reader
            .finish(store)
            .map_err(|error| Failure::Usage(hint(error.to_string(), local)))?;
        if local.is_none() {
            signed_in(&setup).await?;
        }
        // A secret that cannot be read stops only what needs it, such as not `keys new`.
        let unread = match setup.secret_source() {
            Some(source) => source
                .read()
                .await
                .map(|document| setup.secrets = document)
                .err(),
            None => None,
        };
        Ok(Self {
            setup,
            store,
            unread,
            local: local.map(|url| url.trim_end_matches('/').to_owned()),
        })
    }

    /// The time of the house.
    pub(crate) fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    /// The peppers of the secret.
    pub(crate) fn peppers(&self) -> Result<Peppers, Failure> {
        self.readable()?;
        let mut reader = self.setup.reader();
        let peppers = Peppers::read(&mut reader);
        reader
            .finish(peppers)
            .map_err(|error| Failure::Usage(error.to_string()))
    }

    /// The signing keys of the secret.
    pub(crate) fn signing_keys(&self) -> Result<SigningKeys, Failure> {
        self.readable()?;
        let mut reader = self.setup.reader();
        let keys = SigningKeys::read(&mut reader);
        reader
            .finish(keys)
            .map_err(|error| Failure::Usage(error.to_string()))
    }

    /// The bucket.
    pub(crate) fn gallery(&self) -> Result<Gallery, Failure> {
        let mut reader = self.setup.reader();
        let gallery = Gallery::open(&self.setup, &mut reader);
        let sentence = |error: Complaints| hint(error.to_string(), self.local.as_deref());
        reader
            .finish(gallery)
            .map_err(|error| Failure::Usage(sentence(error)))
    }

    fn readable(&self) -> Result<(), Failure> {
        match &self.unread {
            Some(cause) => Err(Failure::of(&format!(
                "SECRET_ID: the secret cannot be read: {cause}"
            ))),
            None => Ok(()),
        }
    }

    /// The secret itself.
    pub(crate) fn secret(&self) -> Result<SecretSource, Failure> {
        self.setup.secret_source().ok_or_else(|| {
            Failure::Usage(
                "SECRET_ID: it is not set; expected the name or ARN of the secret.".to_owned(),
            )
        })
    }
}

/// Whether the machine has any credentials for AWS.
async fn signed_in(setup: &Setup) -> Result<(), Failure> {
    let none = |cause: String| {
        Failure::Denied(format!(
            "there are no credentials for AWS on this machine: {cause}; sign in with `aws sso login`, or set AWS_PROFILE or \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; --local works on a local cloud"
        ))
    };
    let Some(provider) = setup.sdk.credentials_provider() else {
        return Err(none("nothing provides any".to_owned()));
    };
    match provider.provide_credentials().await {
        Ok(_) => Ok(()),
        Err(error) => Err(none(
            readable(&DisplayErrorContext(&error).to_string()).to_owned(),
        )),
    }
}

fn hint(sentence: String, local: Option<&str>) -> String {
    if local.is_some() {
        return sentence;
    }
    format!(
        "{sentence}\nThe deployed stack's outputs hold these values; --local works on a local cloud."
    )
}

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

async fn desk(url: &str) -> Result<(Variables, SharedClock), Failure> {
    let client =
        shared::messaging::web::client().map_err(|error| Failure::Other(error.to_string()))?;
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
    let endpoints: Endpoints =
        serde_json::from_str(&ask("/_local/endpoints").await?).map_err(odd)?;
    let now: Now = serde_json::from_str(&ask("/_local/clock").await?).map_err(odd)?;
    let ahead = now.now.duration_since(SystemClock.now());
    // What the cloud was started with, and over it where it is.
    let mut variables: Variables = endpoints.settings.into_iter().collect();
    let places = [
        ("STAGE", "local"),
        ("PUBLIC_URL", url),
        ("AWS_REGION", &endpoints.region),
        ("ACCOUNTS_TABLE", &endpoints.tables.accounts),
        ("EPHEMERAL_TABLE", &endpoints.tables.ephemeral),
        ("AVATAR_BUCKET", &endpoints.bucket),
        ("SECRET_ID", &endpoints.secret_id),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
        (
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            &endpoints.secretsmanager,
        ),
    ];
    for (name, value) in places {
        variables.set(name, value);
    }
    let optional = [
        ("AWS_ENDPOINT_URL_S3", endpoints.s3),
        ("AWS_ENDPOINT_URL_SES", endpoints.ses),
        ("AWS_ENDPOINT_URL_SNS", endpoints.sns),
        ("TWILIO_BASE_URL", endpoints.twilio),
        ("SENDGRID_BASE_URL", endpoints.sendgrid),
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
