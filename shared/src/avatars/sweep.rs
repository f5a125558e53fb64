//! What a crash leaves behind, found by the markers and deleted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AvatarBucket, Uploaded};
use crate::domain::id::UserId;
use crate::domain::picture::Address;
use crate::{Error, Result};

/// The most bytes of a marker.
const MARKER: u64 = 1_024;

/// The content of a marker: whose picture was being put up, and since when.
#[derive(Serialize, Deserialize)]
struct Marker {
    user: UserId,
    at: Timestamp,
}

pub(super) fn marker(user: UserId, at: Timestamp) -> Result<Vec<u8>> {
    serde_json::to_vec(&Marker { user, at }).map_err(Error::internal)
}

/// A picture that was being put up, and never finished.
#[derive(Clone, Debug)]
pub struct Unsettled {
    /// Whose picture it would be.
    pub user: UserId,
    key: String,
}

impl AvatarBucket {
    /// The pictures that were being put up before `before` and are still not settled.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn unsettled(&self, before: Timestamp) -> Result<Vec<Unsettled>> {
        let mut all = Vec::new();
        for key in self.list_objects("pending/").await? {
            let Uploaded::File(bytes) = self.get_object(key.clone(), MARKER).await? else {
                continue;
            };
            if let Ok(marker) = serde_json::from_slice::<Marker>(&bytes)
                && marker.at < before
            {
                all.push(Unsettled {
                    user: marker.user,
                    key,
                });
            }
        }
        Ok(all)
    }

    /// Deletes the pictures of an account that nothing points at, then the markers in `done`.
    ///
    /// `current` reads the account's picture. It is asked after the folder and the markers were listed, and a picture
    /// with another marker is left alone; so one that is being put up right now is never taken for a stray.
    ///
    /// # Errors
    /// [`Error::Unavailable`], from S3 or from `current`.
    pub async fn sweep(
        &self,
        user: UserId,
        done: &[Unsettled],
        current: impl AsyncFnOnce() -> Result<Option<Address>>,
    ) -> Result<()> {
        let [pictures, markers, ..] = super::prefixes(user);
        let keys = self.list_objects(&pictures).await?;
        let done: BTreeSet<&str> = done.iter().map(|one| one.key.as_str()).collect();
        let in_work: BTreeSet<String> = self
            .list_objects(&markers)
            .await?
            .into_iter()
            .filter(|key| !done.contains(key.as_str()))
            .collect();
        let current = current().await?;
        let strays: Vec<String> = keys
            .into_iter()
            .filter(|key| {
                let address = Address::of_key(key);
                address.is_none_or(|address| {
                    current != Some(address) && !in_work.contains(&address.marker())
                })
            })
            .collect();
        self.delete_objects(&strays).await?;
        let done: Vec<String> = done.into_iter().map(str::to_owned).collect();
        self.delete_objects(&done).await
    }
}
