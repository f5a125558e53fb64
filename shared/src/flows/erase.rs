//! Erasing a person: the tables, and what is kept of them outside. The request with no grace does it, and the hourly
//! janitor.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::avatars::AvatarBucket;
use crate::domain::id::UserId;
use crate::keyring::Peppers;
use crate::keyring::derive::AddressKeys;
use crate::store::Store;
use crate::store::erasure::{Due, Erased};
use crate::{Result, telemetry};

/// Carries one erasure out, from wherever an earlier attempt was interrupted.
///
/// # Errors
/// [`crate::Error::Unavailable`]: what is left is erased by the next attempt.
pub async fn erase(
    store: &Store,
    bucket: &AvatarBucket,
    peppers: &Peppers,
    due: Due,
    now: Timestamp,
) -> Result<Erased> {
    let address_keys = AddressKeys::new(peppers);
    let recipients = |identifier: &_| address_keys.recipients(identifier);
    let objects = async |user: UserId| bucket.erase(user).await;
    store.erase(due, now, recipients, objects).await
}

/// Erases accounts whose grace period has ended, in turns, until none is left or the time is up; says how many are gone.
/// Neither one who cannot be erased now nor one with very much holds the others up: each gets a bounded attempt, those that
/// were only begun get another one after everybody else, and those that failed rest, longer each time.
///
/// # Errors
/// The last failure, after all were tried.
pub async fn erase_due(
    store: &Store,
    bucket: &AvatarBucket,
    peppers: &Peppers,
    now: Timestamp,
    time: Duration,
) -> Result<usize> {
    let end = Instant::now() + time;
    let (mut gone, mut failure) = (0, None);
    let mut begun = VecDeque::new();
    let (mut place, mut is_last) = (None, false);
    loop {
        let turn = if is_last {
            begun.pop_front().into_iter().collect()
        } else {
            let found = store.due_erasures(now, place).await?;
            is_last = found.next.is_none();
            place = found.next;
            found.due
        };
        if turn.is_empty() && is_last && begun.is_empty() {
            break;
        }
        for (due, tries) in turn {
            if Instant::now() >= end {
                return failure.map_or(Ok(gone), Err);
            }
            match erase(store, bucket, peppers, due, now).await {
                Ok(Erased::Gone) => gone += 1,
                Ok(Erased::Stays) => {}
                Ok(Erased::Begun) => begun.push_back((due, tries)),
                Err(error) => {
                    telemetry::metric("erasure_failed", &[]);
                    telemetry::note("erasure_failed", format!("{}: {error}", due.user));
                    let postponed = store.postpone_erasure(due, tries + 1, now).await;
                    failure = Some(postponed.err().unwrap_or(error));
                }
            }
        }
    }
    failure.map_or(Ok(gone), Err)
}
