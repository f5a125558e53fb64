//! What a person asked to link, remembered for as long as the code's own item stays: by it the code and its messages
//! are found where the address was never proven, and so is on no account.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Store;
use super::challenge::KEEP;
use super::item::{Item, Read, ttl};
use super::keys::{self, Key, Table};
use super::user::is_active;
use super::write::{Write, all_held};
use crate::Result;
use crate::domain::challenge::Purpose;
use crate::domain::id::{DeliveryId, UserId};
use crate::domain::identifier::{Identifier, IdentifierKind};
use crate::domain::quota::after;
use crate::domain::user::User;
use crate::keyring::derive::link_owner;

/// An address that a person asked to link.
pub(super) struct Asked {
    pub(super) identifier: Identifier,
    /// The messages that were sent for it.
    pub(super) deliveries: Vec<DeliveryId>,
}

impl Asked {
    /// The keys of those messages.
    pub(super) fn delivery_keys(&self) -> Vec<Key> {
        let ids = self.deliveries.iter();
        ids.map(|id| keys::delivery(&id.to_string())).collect()
    }
}

impl Store {
    /// Remembers that a person asked to link an address, and by which message. Of somebody who is being erased nothing
    /// is remembered.
    pub async fn note_asked(
        &self,
        user: UserId,
        identifier: &Identifier,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Result<()> {
        let delivery = AttributeValue::Ss(vec![delivery.to_string()]);
        let note = Write::update(
            Table::Accounts,
            keys::asked(user, identifier),
            "SET #ttl=:ttl ADD deliveries :delivery",
        )
        .values([(":ttl", ttl(after(now, KEEP))), (":delivery", delivery)]);
        all_held(self.transact([is_active(user), note]).await)?;
        Ok(())
    }

    /// The linking code of an address, if it is this person's.
    pub(super) async fn own_linking_code(
        &self,
        user: &User,
        identifier: &Identifier,
    ) -> Result<Option<Item>> {
        let item = self.challenge_item(Purpose::Link, identifier).await?;
        let version = user.address_version(identifier.kind());
        let owner = item.text("owner");
        let own = (0..=version).any(|version| owner == Some(&link_owner(user.id, version)));
        Ok(own.then_some(item))
    }
}

/// Reads the item of an address that a person asked to link.
pub(super) fn read(item: &Item) -> Option<Asked> {
    let (kind, address) = item.text("sk")?.strip_prefix("ASKED#")?.split_once('#')?;
    let identifier = Identifier::restore(address)?;
    IdentifierKind::parse(kind).filter(|kind| *kind == identifier.kind())?;
    let deliveries = item.get("deliveries").and_then(|set| set.as_ss().ok());
    Some(Asked {
        identifier,
        deliveries: deliveries
            .into_iter()
            .flatten()
            .filter_map(|id| DeliveryId::parse(id))
            .collect(),
    })
}
