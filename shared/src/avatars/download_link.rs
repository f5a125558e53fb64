//! An answer that is too large is put into the bucket and handed out as a URL that is valid for minutes.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::presigning::PresigningConfig;
use jiff::Timestamp;

use super::{AvatarBucket, unavailable};
use crate::domain::id::UserId;
use crate::{Error, Result, entropy};

/// How long the URL is valid.
const GOOD: Duration = Duration::from_mins(15);

/// A URL to fetch a document from.
#[derive(Debug)]
pub struct Link {
    /// The URL; anyone who has it can fetch the file.
    pub url: String,
    /// Whole seconds that it is valid.
    pub expires_in: u64,
}

/// The prefix of a person's documents. The bucket drops them after a day.
pub(super) fn prefix(user: UserId) -> String {
    format!("exports/{user}/")
}

impl AvatarBucket {
    /// Stores a JSON document for its person to fetch.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn hand_out(
        &self,
        user: UserId,
        name: &str,
        document: Vec<u8>,
        now: Timestamp,
    ) -> Result<Link> {
        let nonce = u128::from_be_bytes(entropy::bytes());
        let key = format!("{}{nonce:032x}.json", prefix(user));
        self.put_object(key.clone(), document, "application/json", None)
            .await?;
        let since_1970 = Duration::try_from(now.as_duration()).map_err(Error::internal)?;
        let config = PresigningConfig::builder()
            .start_time(SystemTime::UNIX_EPOCH + since_1970)
            .expires_in(GOOD)
            .build()
            .map_err(Error::internal)?;
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .response_content_disposition(format!("attachment; filename=\"{name}\""))
            .presigned(config)
            .await
            .map_err(|error| unavailable("GetObject", DisplayErrorContext(&error)))?;
        Ok(Link {
            url: request.uri().to_owned(),
            expires_in: GOOD.as_secs(),
        })
    }
}
