//! What people are to be told of a change of an account: promised by the transaction that makes the change, and gone
//! when it was told.

use jiff::Timestamp;

use super::item::{Item, Read, s, texts};
use super::query::Query;
use super::write::Write;
use super::{Store, keys};
use crate::Result;
use crate::domain::id::UserId;
use crate::domain::identifier::{AddressChange, Identifier, IdentifierKind};

/// A notice that an address of an account has changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whose account it is.
    pub user: UserId,
    pub at: Timestamp,
    pub change: AddressChange,
    /// To which of the addresses.
    pub kind: IdentifierKind,
    /// The address, masked.
    pub masked: String,
    /// Who is to be told: the former address, and the other one.
    pub to: Vec<Identifier>,
    /// The language to write in.
    pub language: String,
}

/// Hides the addresses.
impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notice")
            .field("user", &self.user)
            .field("change", &self.change)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The most notices that are read at once.
const AT_ONCE: usize = 100;

impl Store {
    /// The oldest notices of changes before this moment that were not told yet.
    pub async fn due_notices(&self, before: Timestamp) -> Result<Vec<Notice>> {
        let oldest = timeline("NOTICES", before).page(AT_ONCE);
        let (items, _) = self.query_page(&oldest).await?;
        Ok(items.iter().filter_map(read).collect())
    }

    /// Says that a notice was told.
    pub async fn forget_notice(&self, notice: &Notice) -> Result<()> {
        self.drop_item(keys::Table::Accounts, keys::notice(notice.at, notice.user))
            .await
    }

    /// The keys and contents of the notices that one person still has coming, however many there are of others.
    pub(super) async fn notices_of(&self, user: UserId) -> Result<Vec<Item>> {
        let all = timeline("NOTICES", Timestamp::MAX).page(AT_ONCE);
        let theirs = |item: &Item| {
            let of = item.text("sk").and_then(keys::moment_and_user);
            of.is_some_and(|(_, of)| of == user)
        };
        let (found, _) = self.query(all, usize::MAX, theirs).await?;
        Ok(found)
    }

    /// Deletes an item, if it is there.
    pub(super) async fn drop_item(&self, table: keys::Table, key: keys::Key) -> Result<()> {
        Ok(self.write(Write::delete(table, key)).await?)
    }
}

/// A partition of `Accounts` in the order of time, from before this moment.
pub(super) fn timeline(pk: &str, before: Timestamp) -> Query {
    Query::partition(keys::Table::Accounts, s(pk)).below(keys::millis(before))
}

/// The item of a notice.
pub(super) fn item(notice: &Notice) -> Item {
    let mut item = keys::notice(notice.at, notice.user).item();
    let to = notice.to.iter().map(Identifier::as_str);
    let attributes = [
        ("to", texts(to)),
        ("change", s(notice.change.as_str())),
        ("kind", s(notice.kind.as_str())),
        ("masked", s(&notice.masked)),
        ("lang", s(&notice.language)),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}

fn read(item: &Item) -> Option<Notice> {
    let (at, user) = keys::moment_and_user(item.text("sk")?)?;
    let kinds = [IdentifierKind::Email, IdentifierKind::Phone];
    Some(Notice {
        user,
        at,
        change: AddressChange::parse(item.text("change")?)?,
        kind: kinds
            .into_iter()
            .find(|kind| Some(kind.as_str()) == item.text("kind"))?,
        masked: item.text("masked")?.to_owned(),
        to: item
            .list("to")
            .iter()
            .filter_map(|text| Identifier::restore(text))
            .collect(),
        language: item.text("lang").unwrap_or("en").to_owned(),
    })
}
