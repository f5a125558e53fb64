//! Everything that is held on a person, as one document: for themselves, and for an operator who is asked for it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Result;
use crate::avatars::AvatarBucket;
use crate::domain::id::UserId;
use crate::keyring::Peppers;
use crate::keyring::derive::AddressKeys;
use crate::store::Store;
use crate::store::export::Traces;

/// The document; `None` where there is no such person.
///
/// # Errors
/// [`crate::Error::Unavailable`] when the store or the bucket does not answer.
pub async fn export(
    store: &Store,
    bucket: &AvatarBucket,
    peppers: &Peppers,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Value>> {
    let address_keys = AddressKeys::new(peppers);
    let traces = Traces {
        recipients: &|identifier| address_keys.recipients(identifier),
        suppressions: &|identifier| address_keys.suppressions(identifier),
    };
    let (held, pictures) =
        futures_util::try_join!(store.export(user, traces), bucket.objects_of(user))?;
    Ok(held.map(|mut all| {
        all["id"] = json!(user);
        all["exported_at"] = json!(now);
        all["pictures"] = json!(pictures);
        all
    }))
}

/// The name of a file with the document.
#[must_use]
pub fn file_name(now: Timestamp) -> String {
    format!("latchkey-export-{}.json", now.strftime("%Y-%m-%d"))
}
