//! The secret's document: reading it, and replacing it without losing a concurrent change.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use serde_json::{Map, Value};

use crate::config::SecretDocument;
use crate::entropy;

/// The way to the secret, for reading it again.
#[derive(Clone, Debug)]
pub struct SecretSource {
    sdk: SdkConfig,
    endpoint: Option<String>,
    id: String,
}

/// The document as stored, to be changed.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// Setting names and their values.
    pub members: Map<String, Value>,
    /// Which version of the secret this is; `None` where it has no value yet.
    version: Option<String>,
}

/// Why a changed document was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody else replaced the document after it was read; nothing was written.
    #[error("somebody else changed the secret at the same time; nothing was written")]
    Changed,
    /// Secrets Manager failed. The text repeats no value.
    #[error("{0}")]
    Failed(String),
}

/// The label of a version that is about to become the current one.
const PENDING: &str = "LATCHKEY_PENDING";

impl SecretSource {
    /// A secret by its name or ARN.
    pub(super) fn new(sdk: SdkConfig, endpoint: Option<String>, id: String) -> Self {
        Self { sdk, endpoint, id }
    }

    /// Reads the secret's document.
    ///
    /// # Errors
    /// What went wrong, for our own log; it repeats no value.
    pub async fn read(&self) -> Result<SecretDocument, String> {
        let answer = self.client().get_secret_value().secret_id(&self.id).send();
        let answer = answer.await.map_err(sentence)?;
        SecretDocument::parse(answer.secret_string().ok_or(NO_TEXT)?)
    }

    /// The current document. A secret without a value yet is an empty document.
    ///
    /// # Errors
    /// As [`SecretSource::read`].
    pub async fn document(&self) -> Result<Stored, String> {
        let call = self.client().get_secret_value().secret_id(&self.id);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if has_no_value(&error) => return Ok(Stored::default()),
            Err(error) => return Err(sentence(error)),
        };
        let text = answer.secret_string().ok_or(NO_TEXT)?;
        Ok(Stored {
            members: serde_json::from_str(text)
                .map_err(|error| format!("it is no JSON object ({error})"))?,
            version: answer.version_id().map(str::to_owned),
        })
    }

    /// Replaces the document, if it is still the one that was read. `PutSecretValue` alone takes no condition; moving
    /// the label does, since it names the version that the label leaves.
    ///
    /// # Errors
    /// [`WriteError::Changed`] where somebody else was faster: read it again, and change that.
    pub async fn replace(&self, document: Stored) -> Result<(), WriteError> {
        let text = Value::Object(document.members).to_string();
        let read = document.version.as_deref();
        let client = self.client();
        let version: String = entropy::bytes::<16>()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let put = client.put_secret_value().secret_id(&self.id);
        let put = put.client_request_token(&version).secret_string(text);
        let put = put.version_stages(PENDING).send().await;
        let put = put.map_err(|error| WriteError::Failed(sentence(error)))?;
        // A secret's first version becomes the current one by itself.
        if put.version_stages().iter().any(|stage| stage == CURRENT) {
            return Ok(());
        }
        let label = || client.update_secret_version_stage().secret_id(&self.id);
        let moved = label()
            .version_stage(CURRENT)
            .move_to_version_id(&version)
            .set_remove_from_version_id(read.map(str::to_owned))
            .send()
            .await;
        // A version without a label is deleted by Secrets Manager; a pending one that stays does no harm.
        let _ = label()
            .version_stage(PENDING)
            .remove_from_version_id(&version)
            .send()
            .await;
        let Err(error) = moved else {
            return Ok(());
        };
        // Refused because the label is elsewhere, or repeated after a lost answer: where it is says which.
        match self.document().await {
            Ok(now) if now.version.as_deref() == Some(&version) => Ok(()),
            Ok(now) if now.version.as_deref() != read => Err(WriteError::Changed),
            _ => Err(WriteError::Failed(sentence(error))),
        }
    }

    fn client(&self) -> Client {
        let mut config = aws_sdk_secretsmanager::config::Builder::from(&self.sdk);
        config.set_endpoint_url(self.endpoint.clone());
        Client::from_conf(config.build())
    }
}

const NO_TEXT: &str = "it holds bytes in place of a text";
const CURRENT: &str = "AWSCURRENT";

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error()?.code()
}

/// Only the words of Secrets Manager tell a secret without a value from one that does not exist.
fn has_no_value<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error) == Some("ResourceNotFoundException")
        && error
            .as_service_error()
            .and_then(ProvideErrorMetadata::message)
            .is_some_and(|message| message.contains("can't find the specified secret value"))
}

/// What an SDK error says, service errors by their own words.
fn sentence<E: std::error::Error + 'static, R>(error: SdkError<E, R>) -> String {
    error
        .as_service_error()
        .map_or_else(|| error.to_string(), ToString::to_string)
}
