//! The claim on an address: whose it is. A claim and its user point at each other.

use super::Store;
use super::item::{Item, Read};
use super::keys::{self, Table};
use crate::Result;
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;

impl Store {
    /// Whose address this is, if anyone's; read consistently.
    pub async fn owner(&self, identifier: &Identifier) -> Result<Option<UserId>> {
        self.get(Table::Accounts, &keys::claim(identifier))
            .await?
            .map(|item| user_of(&item))
            .transpose()
    }
}

pub(crate) fn user_of(item: &Item) -> Result<UserId> {
    item.text("user")
        .and_then(UserId::parse)
        .ok_or_else(|| item.corrupt("claim", "user"))
}
