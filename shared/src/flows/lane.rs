//! Whether a client counts as a known device of an address, or as a stranger.

use crate::Result;
use crate::domain::challenge::Lane;
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;
use crate::keyring::{DeviceToken, Peppers};
use crate::store::Store;

/// The lane of whoever holds this device token: a known device of whoever claims the address now, or a stranger.
pub(super) async fn lane(
    store: &Store,
    peppers: &Peppers,
    token: Option<&str>,
    identifier: &Identifier,
) -> Result<Lane> {
    let holder = token.and_then(|token| DeviceToken::verify(peppers, token, identifier.as_str()));
    let Some(holder) = holder else {
        return Ok(Lane::Stranger);
    };
    Ok(lane_of(holder, store.owner(identifier).await?))
}

/// The lane of a device token's holder at an address that `owner` has.
pub(super) fn lane_of(holder: UserId, owner: Option<UserId>) -> Lane {
    if owner == Some(holder) {
        Lane::Known
    } else {
        Lane::Stranger
    }
}
