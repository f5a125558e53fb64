//! The claim on an address: whose it is. A claim and its user point at each other.

use jiff::Timestamp;

use super::Store;
use super::item::{Item, Read, at, s};
use super::keys::{self, Table};
use crate::Result;
use crate::domain::claim::Claim;
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;

impl Store {
    /// Whose address this is, if anyone's; read consistently.
    pub async fn owner(&self, identifier: &Identifier) -> Result<Option<UserId>> {
        let claim = self.claim(identifier).await?;
        Ok(claim.map(|claim| claim.user))
    }

    /// The claim on this address, if there is one; read consistently.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn claim(&self, identifier: &Identifier) -> Result<Option<Claim>> {
        let item = self.get(Table::Accounts, &keys::claim(identifier)).await?;
        let read = |item: Item| {
            Ok(Claim {
                user: user_of(&item)?,
                since: item.number("since").unwrap_or(0),
            })
        };
        item.map(read).transpose()
    }
}

/// The item of a claim.
pub(super) fn item(identifier: &Identifier, user: UserId, since: Timestamp) -> Item {
    let mut item = keys::claim(identifier).item();
    item.insert("user".to_owned(), s(user.to_string()));
    item.insert("since".to_owned(), at(since));
    item
}

pub(crate) fn user_of(item: &Item) -> Result<UserId> {
    item.text("user")
        .and_then(UserId::parse)
        .ok_or_else(|| item.corrupt("claim", "user"))
}
