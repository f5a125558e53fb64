//! S3: pictures of people, and uploads that will become pictures.
//!
//! A picture is put up in this order, and a crash after any step leaves a profile that points at nothing missing:
//! marker → the sizes ([`AvatarBucket::put`]) → the user item (`Store::change_avatar`) → the old sizes deleted → marker
//! deleted ([`AvatarBucket::settle`]). A marker that stays behind tells [`AvatarBucket::unsettled`] whose folder to
//! look through, and [`AvatarBucket::sweep`] deletes what nothing points at.
//!
//! The bucket is private. Its folder `avatars` is served by the CDN in front of it (`AVATAR_BASE_URL`); `uploads` and
//! `pending` are served to nobody.

mod download_link;
mod objects;
mod policy;
mod sweep;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, SharedCredentialsProvider};
use jiff::Timestamp;

use crate::cloud::{Setup, Trace};
use crate::config::{Reader, settings};
use crate::domain::id::UserId;
use crate::domain::picture::{Address, Kind, Owner, Picture, Upload};
use crate::{Error, Result};

pub use download_link::Link;
pub use policy::Form;
pub use sweep::Unsettled;

/// The bucket.
#[derive(Clone, Debug)]
pub struct AvatarBucket {
    client: Client,
    bucket: String,
    region: String,
    endpoint: Option<String>,
    credentials: Option<SharedCredentialsProvider>,
}

/// What somebody uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uploaded {
    File(Vec<u8>),
    /// Larger than [`Upload::MAX_BYTES`]; it was not read.
    TooLarge,
    /// Nothing is there (any more).
    Nothing,
}

/// How long a picture is kept on its way: five minutes by a CDN, an hour by a browser; then it is asked for again, and is
/// not sent again while it is there. What stands under an address never changes, but it may be removed.
pub const CACHE_CONTROL: &str = "public, max-age=3600, s-maxage=300";

impl AvatarBucket {
    /// Opens the bucket; nothing is sent yet.
    pub fn open(setup: &Setup, reader: &mut Reader) -> Self {
        let endpoint = setup.endpoint(reader, &settings::AWS_ENDPOINT_URL_S3);
        let mut config = Builder::from(&setup.sdk)
            .interceptor(Trace::of("s3"))
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            // Engines other than AWS have one host name, with the bucket in the path.
            .force_path_style(endpoint.is_some());
        config.set_endpoint_url(endpoint.clone());
        Self {
            client: Client::from_conf(config.build()),
            bucket: reader.text(&settings::AVATAR_BUCKET),
            region: reader.text(&settings::AWS_REGION),
            endpoint,
            credentials: setup.sdk.credentials_provider(),
        }
    }

    /// The bucket's name, as events name it.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Puts all sizes of a picture under its address, after a marker that says so. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; some of the objects may then be there.
    pub async fn put(
        &self,
        user: UserId,
        address: Address,
        picture: &Picture,
        now: Timestamp,
    ) -> Result<()> {
        self.mark(user, address, now).await?;
        let sizes = picture.renditions().iter().map(|size| {
            let kind = size.encoding.media_type();
            self.put_object(
                address.key(size.side),
                size.bytes.clone(),
                kind,
                Some(CACHE_CONTROL),
            )
        });
        futures_util::future::try_join_all(sizes).await?;
        Ok(())
    }

    /// Puts a marker: this address is being worked on.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn mark(&self, user: UserId, address: Address, now: Timestamp) -> Result<()> {
        let marker = sweep::marker(user, now)?;
        self.put_object(address.marker(), marker, "application/json", None)
            .await
    }

    /// Deletes all sizes of a picture. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn delete(&self, address: Address) -> Result<()> {
        let keys = crate::domain::picture::SIZES.map(|side| address.key(side));
        self.delete_objects(&keys).await
    }

    /// Removes the marker: this address is the account's picture now, or its objects are gone.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn settle(&self, address: Address) -> Result<()> {
        self.delete_objects(&[address.marker()]).await
    }

    /// The form with which a browser puts a file of at most [`Upload::MAX_BYTES`] and this kind at the place of the
    /// upload, within [`Form::EXPIRES_IN`].
    ///
    /// # Errors
    /// [`Error::Unavailable`] without credentials to sign with.
    pub async fn form(&self, upload: &Upload, kind: Kind, now: Timestamp) -> Result<Form> {
        let signer = policy::Signer {
            bucket: &self.bucket,
            region: &self.region,
            endpoint: self.endpoint.as_deref(),
        };
        let credentials = objects::credentials(self.credentials.as_ref()).await?;
        signer.form(&credentials, &upload.key(), kind.media_type(), now)
    }

    /// What was uploaded there.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn uploaded(&self, upload: &Upload) -> Result<Uploaded> {
        self.get_object(upload.key(), Upload::MAX_BYTES).await
    }

    /// Deletes what was uploaded there.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn discard(&self, upload: &Upload) -> Result<()> {
        self.delete_objects(&[upload.key()]).await
    }

    /// The names of everything that is kept of an account: pictures, uploads, handouts.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn objects_of(&self, user: UserId) -> Result<Vec<String>> {
        let prefixes = prefixes(user);
        let lists = prefixes.iter().map(|prefix| self.list_objects(prefix));
        Ok(futures_util::future::try_join_all(lists).await?.concat())
    }

    /// Deletes everything of an account: pictures, uploads, markers. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; some objects may then be left, and the next run deletes them.
    pub async fn erase(&self, user: UserId) -> Result<()> {
        for prefix in prefixes(user) {
            let keys = self.list_objects(&prefix).await?;
            self.delete_objects(&keys).await?;
        }
        Ok(())
    }
}

/// The prefixes of an account's keys.
fn prefixes(user: UserId) -> [String; 4] {
    let owner = Owner::of(user).prefix();
    [
        owner.clone(),
        owner.replacen("avatars/", "pending/", 1),
        Upload::prefix(user),
        download_link::prefix(user),
    ]
}

/// A failure of S3, with words for our log.
fn unavailable(operation: &str, cause: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("s3 {operation}: {cause}"))
}
