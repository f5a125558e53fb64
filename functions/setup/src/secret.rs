//! The secret, written only over the version that was read.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use serde_json::{Map, Value};
use shared::cloud::Setup as Environment;
use shared::config::{Reader, settings};

/// The label of a version that is not yet the current one.
const PENDING: &str = "LATCHKEY_SETUP";
const CURRENT: &str = "AWSCURRENT";
/// How often a refusal is tried again, and how long it is waited for.
const PATIENCE: u32 = 6;
const PAUSE: Duration = Duration::from_secs(2);

/// Secrets Manager.
pub(crate) struct Secrets(Client);

/// What a secret holds.
pub(crate) struct Current {
    /// The id of the version.
    pub(crate) version: String,
    /// `None` where it holds bytes.
    text: Option<String>,
}

impl Current {
    /// The document.
    ///
    /// # Errors
    /// A sentence that repeats nothing of it.
    pub(crate) fn document(&self) -> Result<Map<String, Value>, String> {
        let text = self.text.as_deref().unwrap_or_default();
        serde_json::from_str(text).map_err(|_| {
            "The secret holds something other than a JSON object, so no keys can be added to it. Expected is an object \
             such as {\"TWILIO_AUTH_TOKEN\": \"…\"}; mend it, or take the secret's value away, and deploy again."
                .to_owned()
        })
    }
}

/// What became of a write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is the current version now.
    Done,
    /// Somebody else wrote in between; nothing of it is current.
    Overtaken,
}

impl Secrets {
    /// A client, by the environment's settings.
    pub(crate) fn open(environment: &Environment, reader: &mut Reader) -> Self {
        let mut config = Builder::from(&environment.sdk);
        config.set_endpoint_url(
            environment.endpoint(reader, &settings::AWS_ENDPOINT_URL_SECRETS_MANAGER),
        );
        Self(Client::from_conf(config.build()))
    }

    /// What the secret holds; `None` while it has no value.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) async fn current(&self, secret: &str) -> Result<Option<Current>, String> {
        let ask = || self.0.get_secret_value().secret_id(secret).send();
        let mut answer = ask().await;
        // The role was made seconds ago, and IAM takes its time to say so everywhere.
        for _ in 0..PATIENCE {
            match &answer {
                Err(error) if error.code() == Some("AccessDeniedException") => {}
                _ => break,
            }
            tokio::time::sleep(PAUSE).await;
            answer = ask().await;
        }
        match answer {
            Ok(found) => Ok(Some(Current {
                version: found.version_id().unwrap_or_default().to_owned(),
                text: found.secret_string().map(str::to_owned),
            })),
            Err(error) if has_no_value(&error) => Ok(None),
            Err(error) => Err(sentence("read", &error)),
        }
    }

    /// Makes this the current document, if the current version is still `over`.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) async fn put(
        &self,
        secret: &str,
        document: &Map<String, Value>,
        over: Option<&str>,
    ) -> Result<Put, String> {
        let text = serde_json::to_string(document).map_err(|error| error.to_string())?;
        let put = self.0.put_secret_value().secret_id(secret);
        let put = put.secret_string(text).version_stages(PENDING).send().await;
        let version = put.map_err(|error| sentence("written", &error))?;
        // A secret's first version becomes the current one by itself.
        if version
            .version_stages()
            .iter()
            .any(|label| label == CURRENT)
        {
            return Ok(Put::Done);
        }
        let moved = self
            .0
            .update_secret_version_stage()
            .secret_id(secret)
            .version_stage(CURRENT)
            .set_move_to_version_id(version.version_id)
            .set_remove_from_version_id(over.map(str::to_owned));
        match moved.send().await {
            Ok(_) => Ok(Put::Done),
            // The label is no longer where it was.
            Err(error) if error.code() == Some("InvalidParameterException") => Ok(Put::Overtaken),
            Err(error) => Err(sentence("written", &error)),
        }
    }
}

/// Whether the secret is there and has no value yet; a secret that is not there has the same code in other words.
fn has_no_value<R>(error: &SdkError<impl ProvideErrorMetadata, R>) -> bool {
    error.code() == Some("ResourceNotFoundException")
        && error
            .message()
            .is_some_and(|words| words.contains("secret value"))
}

fn sentence<E, R>(what: &str, error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => {
            format!("The secret cannot be {what}: Secrets Manager answers {code}, \"{message}\"")
        }
        _ => format!(
            "The secret cannot be {what}: {}",
            DisplayErrorContext(error)
        ),
    }
}
