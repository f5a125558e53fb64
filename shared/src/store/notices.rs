//! What people are to be told of a change of an account: promised by the transaction that makes the change, and gone
//! when it was told.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use jiff::Timestamp;

use super::fault::{Fault, when_busy};
use super::item::{Item, Read, map, s, texts};
use super::{Store, keys};
use crate::Result;
use crate::domain::id::UserId;
use crate::domain::identifier::{AddressChange, Identifier, IdentifierKind};

/// A notice that an address of an account has changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whose account it is.
    pub user: UserId,
    /// When it changed.
    pub at: Timestamp,
    /// What happened.
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
const AT_ONCE: i32 = 100;

impl Store {
    /// The oldest notices of changes before this moment that were not told yet.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn due_notices(&self, before: Timestamp) -> Result<Vec<Notice>> {
        let items = self.timeline("NOTICES", before, AT_ONCE).await?;
        Ok(items.iter().filter_map(read).collect())
    }

    /// Says that a notice was told.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn forget_notice(&self, notice: &Notice) -> Result<()> {
        self.drop_item(keys::Table::Accounts, keys::notice(notice.at, notice.user))
            .await
    }

    /// The keys and contents of the notices that one person still has coming, however many there are of others.
    pub(super) async fn notices_of(&self, user: UserId) -> Result<Vec<Item>> {
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let (items, next) = self
                .page("NOTICES", Timestamp::MAX, AT_ONCE, from.take())
                .await?;
            found.extend(items.into_iter().filter(|item| {
                let of = item.text("sk").and_then(keys::moment_and_user);
                of.is_some_and(|(_, of)| of == user)
            }));
            from = next;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// The oldest items of a partition in the order of time, from before this moment.
    pub(super) async fn timeline(
        &self,
        pk: &str,
        before: Timestamp,
        at_once: i32,
    ) -> Result<Vec<Item>> {
        let (items, _) = self.page(pk, before, at_once, None).await?;
        Ok(items)
    }

    /// A page of a partition in the order of time, and the key after which the next one begins.
    async fn page(
        &self,
        pk: &str,
        before: Timestamp,
        at_once: i32,
        from: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>)> {
        let values = map([(":pk", s(pk)), (":before", s(keys::millis(before)))]);
        let answer = when_busy(|| async {
            Ok(self
                .client
                .query()
                .table_name(self.accounts())
                .key_condition_expression("pk=:pk AND sk<:before")
                .set_expression_attribute_values(Some(values.clone()))
                .set_exclusive_start_key(from.clone())
                .limit(at_once)
                .consistent_read(true)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?)
        })
        .await?;
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty());
        Ok((answer.items.unwrap_or_default(), next))
    }

    /// Deletes an item, if it is there.
    pub(super) async fn drop_item(&self, table: keys::Table, key: keys::Key) -> Result<()> {
        when_busy(|| async {
            self.client
                .delete_item()
                .table_name(self.table(table))
                .set_key(Some(key.item()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(())
        })
        .await
        .map_err(|fault: Fault| fault.into())
    }
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
