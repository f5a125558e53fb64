//! Addresses that nothing is sent to any more: hard bounces, complaints, opt-outs.
//!
//! Kept under a MAC of the address, since a suppression outlives the person.

use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::Store;
use super::item::{Item, at, s};
use super::keys::{self, Table};
use super::write::Write;
use crate::Result;
use crate::domain::identifier::IdentifierKind;

impl Store {
    /// Whether an address is suppressed; `macs` are its MACs under every pepper of the ring, in hex.
    pub async fn is_suppressed(&self, kind: IdentifierKind, macs: &[String]) -> Result<bool> {
        let looks = macs.iter().map(|mac| async move {
            self.get(Table::Ephemeral, &keys::suppression(kind, mac))
                .await
        });
        Ok(try_join_all(looks).await?.iter().any(Option::is_some))
    }

    /// Suppresses an address, by its MAC under the current pepper.
    pub async fn suppress(
        &self,
        kind: IdentifierKind,
        mac: &str,
        reason: &str,
        masked: &str,
        now: Timestamp,
    ) -> Result<()> {
        let item = item(kind, mac, reason, masked, now);
        Ok(self.write(Write::put(Table::Ephemeral, item)).await?)
    }
}

/// The item of a suppressed address.
pub(super) fn item(
    kind: IdentifierKind,
    mac: &str,
    reason: &str,
    masked: &str,
    now: Timestamp,
) -> Item {
    let mut item = keys::suppression(kind, mac).item();
    let attributes = [
        ("reason", s(reason)),
        ("at", at(now)),
        ("masked", s(masked)),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}
