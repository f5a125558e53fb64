//! Erasing a person: the tables, and what is kept of them outside. The request with no grace does it, and the daily
//! janitor.

use jiff::Timestamp;

use crate::Result;
use crate::avatars::Gallery;
use crate::domain::id::UserId;
use crate::keyring::Peppers;
use crate::keyring::derive::Marks;
use crate::store::Store;
use crate::store::erasure::{Due, Erased};

/// Carries one erasure out, from wherever an earlier attempt was interrupted.
///
/// # Errors
/// [`crate::Error::Unavailable`]: what is left is erased by the next attempt.
pub async fn erase(
    store: &Store,
    gallery: &Gallery,
    peppers: &Peppers,
    due: Due,
    now: Timestamp,
) -> Result<Erased> {
    let marks = Marks::new(peppers);
    let recipients = |identifier: &_| marks.recipients(identifier);
    let objects = async |user: UserId| gallery.erase(user).await;
    store.erase(due, now, recipients, objects).await
}

/// Erases everybody whose time has come; says how many are gone. One who cannot be erased now does not hold the others of
/// the same hundred up.
///
/// # Errors
/// The last failure, after all were tried.
pub async fn erase_due(
    store: &Store,
    gallery: &Gallery,
    peppers: &Peppers,
    now: Timestamp,
) -> Result<usize> {
    let (mut gone, mut failure) = (0, None);
    loop {
        let before = gone;
        for due in store.due_erasures(now).await? {
            match erase(store, gallery, peppers, due, now).await {
                Ok(Erased::Gone) => gone += 1,
                Ok(Erased::Stays) => {}
                Err(error) => failure = Some(error),
            }
        }
        if let Some(error) = failure.take() {
            return Err(error);
        }
        if gone == before {
            return Ok(gone);
        }
    }
}
