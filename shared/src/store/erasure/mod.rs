//! The end of an account: requested, undone within the grace period, and carried out in steps that can be repeated.
//!
//! The first step of the final erasure is one transaction: the account is `erasing`, its sessions and its claims are
//! gone. From there on nobody signs in to it, and its addresses may register anew. The rest is deletion, the account's
//! own item last and then the note that it was due; a run killed between two steps is followed by one that
//! finds that note.

mod traces;
mod wish;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

pub use wish::ErasureWish;

use super::addresses::{current, held};
use super::error::settled;
use super::export::PERSONAL_LIMITS;
use super::identifiers::unclaim;
use super::item::{Item, Read, at, n, s};
use super::keys::{self, Table};
use super::pending_notices::{Place, of_the_account, promised, timeline};
use super::write::{Write, all_held};
use super::{Store, user};
use crate::Result;
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;
use crate::domain::notice::{News, pause};
use crate::domain::quota::after;
use crate::domain::user::{Status, User};

/// Someone who is to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub user: UserId,
    pub at: Timestamp,
}

/// Some of those whose time has come, and where the next ones begin.
pub struct DueErasures {
    /// Who, and how often carrying it out has failed.
    pub due: Vec<(Due, u32)>,
    /// Hand this over for the next ones; `None` where these were the last.
    pub next: Option<Place>,
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

/// The most due erasures that are read at once.
const AT_ONCE: usize = 100;

impl Store {
    /// Whose time has come, the longest due first and beginning at `place`; at most a hundred at once. Those whose erasure
    /// has failed are left out until their pause is over.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn due_erasures(&self, now: Timestamp, place: Option<Place>) -> Result<DueErasures> {
        let soon = after(now, Duration::from_millis(1));
        let longest_due = timeline("ERASURES", soon)
            .from(place.map(|Place(key)| key))
            .page(AT_ONCE);
        let (items, next) = self.query_page(&longest_due).await?;
        let due = items.iter().filter_map(|item| {
            let (at, user) = keys::moment_and_user(item.text("sk")?)?;
            let rests = item.moment("next").is_some_and(|next| next > now);
            (!rests).then(|| (Due { user, at }, item.count("tries")))
        });
        Ok(DueErasures {
            due: due.collect(),
            next: next.map(Place),
        })
    }

    /// Says that an erasure failed once more: others go first until its pause is over.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; it is then tried with the next run.
    pub async fn postpone_erasure(&self, due: Due, tries: u32, now: Timestamp) -> Result<()> {
        let key = keys::due_erasure(due.at, due.user);
        let write = Write::update(Table::Accounts, key, "SET tries=:tries, #next=:next")
            .when("attribute_exists(pk)")
            .values([
                (":tries", n(tries)),
                (":next", at(after(now, pause(tries)))),
            ]);
        settled(self.write(write).await)
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
        self.erase_notices(due.user).await?;
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
        let told = of_the_account(user, News::Erased, now);
        let writes = std::iter::once(write.when(condition))
            .chain(claims)
            .chain(told.iter().flat_map(promised));
        all_held(self.transact(writes).await)
    }
}
