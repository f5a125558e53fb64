//! Whether a client counts as a known device of an address, or as a stranger.

use crate::Result;
use crate::domain::challenge::Lane;
use crate::domain::claim::{Claim, Claimed};
use crate::domain::identifier::Identifier;
use crate::store::Store;

/// The lane of a device token's holder: a known device of the account that claims the address now, or a stranger.
pub(super) async fn lane(
    store: &Store,
    holder: Option<Claim>,
    identifier: &Identifier,
) -> Result<Lane> {
    match holder {
        Some(holder) => Ok(lane_of(holder, store.claim(identifier).await?.as_ref())),
        None => Ok(Lane::Stranger),
    }
}

/// The lane of a device token that was made under the claim `holder`, at an address that is claimed so now.
pub(super) fn lane_of(holder: Claim, claimed: Option<&Claimed>) -> Lane {
    if claimed.is_some_and(|claimed| claimed.claim == holder) {
        Lane::Known
    } else {
        Lane::Stranger
    }
}
