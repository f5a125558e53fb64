//! The end of an account: requested, undone within the grace period, and carried out in steps that can be repeated.
//!
//! The first step of the final erasure is one transaction: the account is `erasing`, its sessions and its claims are
//! gone. From there on nobody signs in to it, and its addresses may register anew. The rest is deletion, the account's
//! own item last and then the note that it was due; a run killed between two steps is followed by one that
//! finds that note.

mod traces;
mod wish;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

pub use wish::ErasureWish;

use super::addresses::{current, held};
use super::identifiers::unclaim;
use super::item::{Item, Read, at, key_of, s};
use super::keys::{self, Table};
use super::pending_notices::timeline;
use super::write::{Write, all_held};
use super::{Store, user};
use crate::Result;
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;
use crate::domain::user::{Status, User};

/// Someone who is to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub user: UserId,
    pub at: Timestamp,
}

/// What came of carrying an erasure out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    Gone,
    /// The wish was undone meanwhile; nothing was touched.
    Stays,
    /// There was too much for one attempt: the next one goes on from here.
    Begun,
}

/// Rules whose limits count a person rather than an address of the network.
const PERSONAL_LIMITS: [&str; 1] = ["avatar"];

/// The most due erasures that are read at once.
const AT_ONCE: usize = 100;

impl Store {
    /// Accounts whose grace period has ended, the longest due first and beginning after `after`; at most a hundred.
    pub async fn due_erasures(&self, now: Timestamp, after: Option<Due>) -> Result<Vec<Due>> {
        let next = crate::domain::quota::after(now, std::time::Duration::from_millis(1));
        let longest_due = timeline("ERASURES", next)
            .after(after.map(|due| keys::due_erasure(due.at, due.user)))
            .page(AT_ONCE);
        let (items, _) = self.query_page(&longest_due).await?;
        let due = items.iter().filter_map(|item| {
            let (at, user) = keys::moment_and_user(item.text("sk")?)?;
            Some(Due { user, at })
        });
        Ok(due.collect())
    }

    /// Carries an erasure out, from wherever an earlier attempt was interrupted. `recipients` says under which MACs
    /// deliveries remember an address; `objects` deletes what is kept of the person outside the tables.
    ///
    /// What stays is the suppression of an address, under its MAC: it protects the next owner of the address.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`]: what is left is erased by the next attempt.
    pub async fn erase(
        &self,
        due: Due,
        now: Timestamp,
        recipients: impl Fn(&Identifier) -> Vec<String>,
        objects: impl AsyncFnOnce(UserId) -> Result<()>,
    ) -> Result<Erased> {
        let note = keys::due_erasure(due.at, due.user);
        let Some(item) = self.get(Table::Accounts, &keys::user(due.user)).await? else {
            self.drop_item(Table::Accounts, note).await?;
            return Ok(Erased::Gone);
        };
        let user = user::read(due.user, &item)?;
        if user.status != Status::Erasing && !self.begin_erasure(&user, now).await? {
            if user.erases_at != Some(due.at) {
                // The wish was undone, and perhaps made anew since: this note is of no use.
                self.drop_item(Table::Accounts, note).await?;
            }
            return Ok(Erased::Stays);
        }
        if !self.erase_hanging(&user, due.at, &recipients).await? {
            return Ok(Erased::Begun);
        }
        for address in held(&user, &item) {
            let recipients = recipients(&address.identifier);
            let until = address.until.min(due.at);
            self.erase_address(&address.identifier, &recipients, until)
                .await?;
        }
        for rule in PERSONAL_LIMITS {
            let limit = keys::limit(rule, &due.user.to_string());
            self.drop_item(Table::Ephemeral, limit).await?;
        }
        let welcomed = keys::seen(&format!("welcome#{}", due.user));
        self.drop_item(Table::Ephemeral, welcomed).await?;
        let notices = self.notices_of(due.user).await?;
        let notices: Vec<_> = notices.iter().map(key_of).collect();
        self.delete_all(Table::Accounts, &notices).await?;
        objects(due.user).await?;
        self.drop_item(Table::Accounts, keys::user(due.user))
            .await?;
        self.drop_item(Table::Accounts, note).await?;
        Ok(Erased::Gone)
    }

    /// The first step; `false` where the request was undone, or its time has not come.
    pub(super) async fn begin_erasure(&self, user: &User, now: Timestamp) -> Result<bool> {
        let mut write = Write::update(
            Table::Accounts,
            keys::user(user.id),
            "SET #status=:erasing, sessions=:none",
        )
        .values([
            (":erasing", s(Status::Erasing.as_str())),
            (":none", AttributeValue::M(Item::new())),
            (":now", at(now)),
        ]);
        let mut condition = "erases_at<=:now".to_owned();
        // The claims that go are those of the addresses that the account has in this very moment.
        for (name, address) in [("email", &user.email), ("phone", &user.phone)] {
            match address {
                Some(address) => {
                    write = write.value(&format!(":{name}"), s(address));
                    condition.push_str(&format!(" AND #{name}=:{name}"));
                }
                None => condition.push_str(&format!(" AND attribute_not_exists(#{name})")),
            }
        }
        let claims = current(user).map(|identifier| unclaim(user, &identifier));
        let writes = std::iter::once(write.when(condition)).chain(claims);
        all_held(self.transact(writes).await)
    }
}
