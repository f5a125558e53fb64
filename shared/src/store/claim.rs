//! The claim on an address: whose it is. A claim and its user point at each other.

use jiff::Timestamp;

use super::Store;
use super::item::{Item, Read, at, s};
use super::keys::{self, Table};
use super::write::Write;
use crate::Result;
use crate::domain::claim::{Claim, Claimed};
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;

impl Store {
    /// Whose address this is, if anyone's; read consistently.
    pub async fn owner(&self, identifier: &Identifier) -> Result<Option<UserId>> {
        let claimed = self.claim(identifier).await?;
        Ok(claimed.map(|claimed| claimed.claim.user))
    }

    /// What the claim on this address says, if there is one; read consistently.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn claim(&self, identifier: &Identifier) -> Result<Option<Claimed>> {
        let item = self.get(Table::Accounts, &keys::claim(identifier)).await?;
        let read = |item: Item| {
            Ok(Claimed {
                claim: Claim {
                    user: user_of(&item)?,
                    since: item.number("since").unwrap_or(0),
                },
                source: item.text("source").map(str::to_owned),
            })
        };
        item.map(read).transpose()
    }
}

/// The item of a claim, with the source that is linked as it is made.
pub(super) fn item(
    identifier: &Identifier,
    user: UserId,
    source: Option<&str>,
    since: Timestamp,
) -> Item {
    let mut item = keys::claim(identifier).item();
    item.insert("user".to_owned(), s(user.to_string()));
    item.insert("since".to_owned(), at(since));
    item.extend(source.map(|origin| ("source".to_owned(), s(origin))));
    item
}

/// Has the account's claim name a source that is linked with it in one transaction.
pub(super) fn names_source(identifier: &Identifier, user: UserId, origin: &str) -> Write {
    Write::update(
        Table::Accounts,
        keys::claim(identifier),
        "SET #source=:source",
    )
    .when("#user=:user")
    .values([(":source", s(origin)), (":user", s(user.to_string()))])
}

pub(crate) fn user_of(item: &Item) -> Result<UserId> {
    item.text("user")
        .and_then(UserId::parse)
        .ok_or_else(|| item.corrupt("claim", "user"))
}
