//! Single calls to S3.

use std::time::Duration;

use aws_sdk_s3::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::{AvatarBucket, Uploaded, unavailable};
use crate::Result;

/// How long the body of an uploaded file may take to arrive.
const BODY: Duration = Duration::from_secs(10);

/// S3 deletes and lists so many keys at once.
const AT_ONCE: usize = 1_000;

impl AvatarBucket {
    pub(super) async fn put_object(
        &self,
        key: String,
        bytes: Vec<u8>,
        kind: &str,
        cache: Option<&str>,
    ) -> Result<()> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(kind)
            .set_cache_control(cache.map(str::to_owned))
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| unavailable("PutObject", DisplayErrorContext(&error)))?;
        Ok(())
    }

    /// An object of at most `limit` bytes; a larger one is not read.
    pub(super) async fn get_object(&self, key: String, limit: u64) -> Result<Uploaded> {
        let answer = match self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_no_such_key()) => {
                return Ok(Uploaded::Nothing);
            }
            Err(error) => return Err(unavailable("GetObject", DisplayErrorContext(&error))),
        };
        let length = answer
            .content_length()
            .and_then(|length| u64::try_from(length).ok());
        if length.is_none_or(|length| length > limit) {
            return Ok(Uploaded::TooLarge);
        }
        // The length is S3's word, and the stream ends there.
        let body = tokio::time::timeout(BODY, answer.body.collect())
            .await
            .map_err(|_| unavailable("GetObject", "the body took too long"))?
            .map_err(|error| unavailable("GetObject", error))?;
        Ok(Uploaded::File(body.to_vec()))
    }

    /// Deletes objects; those that are not there are deleted already.
    pub(super) async fn delete_objects(&self, keys: &[String]) -> Result<()> {
        for keys in keys.chunks(AT_ONCE) {
            let objects = keys
                .iter()
                .map(|key| ObjectIdentifier::builder().key(key).build())
                .collect::<Result<Vec<_>, _>>()
                .and_then(|objects| {
                    Delete::builder()
                        .set_objects(Some(objects))
                        .quiet(true)
                        .build()
                })
                .map_err(|error| unavailable("DeleteObjects", error))?;
            let answer = self
                .client
                .delete_objects()
                .bucket(&self.bucket)
                .delete(objects)
                .send()
                .await
                .map_err(|error| unavailable("DeleteObjects", DisplayErrorContext(&error)))?;
            if let Some(error) = answer.errors().first() {
                return Err(unavailable(
                    "DeleteObjects",
                    error.code().unwrap_or("unknown"),
                ));
            }
        }
        Ok(())
    }

    /// The keys that begin with `prefix`.
    pub(super) async fn list_objects(&self, prefix: &str) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_continuation_token(next)
                .send()
                .await
                .map_err(|error| unavailable("ListObjectsV2", DisplayErrorContext(&error)))?;
            keys.extend(
                page.contents()
                    .iter()
                    .filter_map(|object| object.key().map(str::to_owned)),
            );
            next = page.next_continuation_token().map(str::to_owned);
            if next.is_none() {
                return Ok(keys);
            }
        }
    }
}

pub(super) async fn credentials(
    provider: Option<&SharedCredentialsProvider>,
) -> Result<Credentials> {
    provider
        .ok_or_else(|| unavailable("form", "there is no provider of credentials"))?
        .provide_credentials()
        .await
        .map_err(|error| unavailable("form", DisplayErrorContext(&error)))
}
