//! What people are still to be told: a transactional outbox with one item for each recipient.
//!
//! The transaction that changes an account promises the notice: its item stands under the person's own key, and beside it
//! a note in the order of time says when it is tried next. A try moves that note into the future *before* anything is sent,
//! so that what fails comes back later and holds nothing else up. The item knows the delivery of the last try, and a
//! delivery that did not fail is never repeated.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::Date;

use super::Store;
use super::item::{Item, Read, at, n, s, texts};
use super::keys::{self, Key, Table};
use super::query::Query;
use super::write::{Write, all_held};
use crate::domain::delivery::DeliveryStatus;
use crate::domain::id::{DeliveryId, UserId};
use crate::domain::identifier::{AddressChange, Identifier, IdentifierKind};
use crate::domain::notice::{News, Notice, PATIENCE, REMINDER, pause};
use crate::domain::quota::{after, before};
use crate::domain::user::User;
use crate::{Result, entropy};

/// The most notices that are read at once.
const AT_ONCE: usize = 25;
/// The most notices of one person: every change makes at most two, and changes are limited.
const OF_ONE: usize = 1_000;
/// The name of the reminder of an erasure: a person has one at the most.
const NEAR: &str = "erasure_near";
/// The name of the last notice of all.
const ERASED: &str = "erased";

/// Some notices whose time has come, and where the next ones begin.
pub struct DueNotices {
    /// The notices.
    pub notices: Vec<Notice>,
    /// Hand this over for the next ones; `None` where these were the last.
    pub next: Option<Place>,
}

/// A place in the order of time.
pub struct Place(pub(super) Item);

impl Store {
    /// The notices whose time has come, the longest due first and beginning at `place`; at most 25 at once. Those that an
    /// earlier version left, with several recipients each, are split on the way.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn due_notices(&self, now: Timestamp, place: Option<Place>) -> Result<DueNotices> {
        let due = timeline("NOTICES", after(now, Duration::from_millis(1)))
            .from(place.map(|Place(key)| key))
            .page(AT_ONCE);
        let (items, next) = self.query_page(&due).await?;
        let notices = items.iter().map(|item| self.due_notice(item, now));
        let notices = try_join_all(notices).await?;
        Ok(DueNotices {
            notices: notices.into_iter().flatten().collect(),
            next: next.map(Place),
        })
    }

    /// The notices behind one note in the order of time.
    async fn due_notice(&self, note: &Item, now: Timestamp) -> Result<Vec<Notice>> {
        let Some((due, user, id)) = note.text("sk").and_then(keys::notice_due_of) else {
            return self.split(note, now).await;
        };
        let found = self.get(Table::Accounts, &keys::notice(user, id)).await?;
        let found = found.as_ref().and_then(read);
        if found.is_none() {
            // Told, or undone, by somebody who could not take the note along.
            self.drop_item(Table::Accounts, keys::notice_due(due, user, id))
                .await?;
        }
        Ok(found
            .into_iter()
            .filter(|notice| notice.due == due)
            .collect())
    }

    /// A notice as earlier versions wrote it, with all recipients in one item: one of its own for each of them.
    async fn split(&self, old: &Item, now: Timestamp) -> Result<Vec<Notice>> {
        let notices = read_old(old, now);
        let Some((moment, user)) = old.text("sk").and_then(keys::moment_and_user) else {
            return Ok(Vec::new());
        };
        let old = keys::notice_before(moment, user);
        let old = Write::delete(Table::Accounts, old).when("attribute_exists(pk)");
        let new = notices.iter().flat_map(promised);
        let split = all_held(self.transact(std::iter::once(old).chain(new)).await)?;
        Ok(if split { notices } else { Vec::new() })
    }

    /// The notices that a change of this person's just promised and nobody but the caller has tried yet.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn promised_notices(&self, user: UserId, now: Timestamp) -> Result<Vec<Notice>> {
        let items = self.notices_of(user).await?;
        let fresh = items.iter().filter_map(read);
        let patience = after(now, PATIENCE);
        let is_fresh = |notice: &Notice| match notice.tries {
            0 => notice.due <= now,
            tries => tries == 1 && (now..=patience).contains(&notice.due),
        };
        Ok(fresh.filter(is_fresh).collect())
    }

    /// Takes a notice for one more try, which moves it to after the next pause; `None` where somebody else has it.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; it may have been taken then, and is tried later.
    pub async fn take_notice(&self, notice: &Notice, now: Timestamp) -> Result<Option<Notice>> {
        let tries = notice.tries + 1;
        let taken = Notice {
            tries,
            due: millisecond(after(now, pause(tries))),
            delivery: Some(new_delivery(&notice.news, &notice.id, now)),
            ..notice.clone()
        };
        let key = keys::notice(notice.user, &notice.id);
        let content = Write::update(
            Table::Accounts,
            key,
            "SET due=:next, tries=:tries, delivery=:delivery",
        )
        .when("due=:due")
        .values([
            (":due", at(notice.due)),
            (":next", at(taken.due)),
            (":tries", n(tries)),
            (":delivery", delivery(&taken)),
        ]);
        let note = |notice: &Notice| keys::notice_due(notice.due, notice.user, &notice.id);
        let moved = [
            content,
            Write::delete(Table::Accounts, note(notice)),
            Write::put(Table::Accounts, note(&taken).item()),
        ];
        Ok(all_held(self.transact(moved).await)?.then_some(taken))
    }

    /// Whether the last try of a notice went out, or may have.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn may_have_gone_out(&self, notice: &Notice) -> Result<bool> {
        let Some(delivery) = notice.delivery else {
            return Ok(false);
        };
        let record = self.delivery(delivery).await?;
        Ok(record.is_some_and(|record| record.state != DeliveryStatus::Failed))
    }

    /// Forgets a notice: it was told, or never will be. With the last notice of an erased person goes its delivery.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn forget_notice(&self, notice: &Notice) -> Result<()> {
        let mut writes = forgotten(notice.user, &notice.id, notice.due).to_vec();
        if notice.news == News::Erased {
            let record = notice.delivery.map(|id| keys::delivery(&id.to_string()));
            writes.extend(record.map(|key| Write::delete(Table::Ephemeral, key)));
        }
        Ok(self.transact(writes).await?)
    }

    /// The items of the notices that one person still has coming.
    pub(super) async fn notices_of(&self, user: UserId) -> Result<Vec<Item>> {
        let all = Query::partition(Table::Accounts, keys::notice(user, "").pk());
        let (found, _) = self.query(all, OF_ONE, |_| true).await?;
        Ok(found)
    }

    /// Deletes the notices of a person who is erased, but for the one that says so.
    pub(super) async fn erase_notices(&self, user: UserId) -> Result<()> {
        let items = self.notices_of(user).await?;
        let notices = items.iter().filter_map(read);
        let others = notices.filter(|notice| notice.id != ERASED);
        let keys: Vec<_> = others
            .flat_map(|notice| {
                let note = keys::notice_due(notice.due, user, &notice.id);
                [keys::notice(user, &notice.id).item(), note.item()]
            })
            .collect();
        self.delete_all(Table::Accounts, &keys).await
    }

    /// Deletes an item, if it is there.
    pub(super) async fn drop_item(&self, table: Table, key: Key) -> Result<()> {
        Ok(self.write(Write::delete(table, key)).await?)
    }
}

/// A partition of `Accounts` in the order of time, from before this moment.
pub(super) fn timeline(pk: &str, before: Timestamp) -> Query {
    Query::partition(Table::Accounts, s(pk)).below(keys::millis(before))
}

/// A notice of a change that is being made now; the request that makes it tries it first.
pub(super) fn notice(user: &User, news: News, to: Identifier, now: Timestamp) -> Notice {
    let kind = to.kind().as_str();
    let id = format!("{}#{}#{kind}", keys::millis(now), news.as_str());
    Notice {
        user: user.id,
        due: millisecond(after(now, PATIENCE)),
        tries: 1,
        delivery: Some(new_delivery(&news, &id, now)),
        id,
        news,
        to: Some(to),
        language: user.profile.language.as_str().to_owned(),
    }
}

/// A notice of what becomes of the whole account: by mail, by text only where there is no mail.
pub(super) fn of_the_account(user: &User, news: News, now: Timestamp) -> Option<Notice> {
    let notice = notice(user, news, user.reached_at()?, now);
    Some(match notice.news {
        // The erasure may be carried out by another run than the one that promised it: the first to come by takes it.
        News::Erased => Notice {
            id: ERASED.to_owned(),
            due: millisecond(now),
            tries: 0,
            delivery: None,
            ..notice
        },
        _ => notice,
    })
}

/// The reminder of an erasure, unless that is too near for one.
pub(super) fn reminder(user: &User, erases: Timestamp, now: Timestamp) -> Option<Notice> {
    let due = before(erases, REMINDER);
    (due >= after(now, REMINDER)).then(|| Notice {
        user: user.id,
        id: NEAR.to_owned(),
        due: millisecond(due),
        tries: 0,
        delivery: None,
        news: News::ErasureNear,
        to: None,
        language: user.profile.language.as_str().to_owned(),
    })
}

/// Takes the reminder of an erasure back. Where it was tried already its note stays, leads nowhere, and goes with the next
/// look at what is due.
pub(super) fn no_reminder(user: UserId, erases: Timestamp) -> [Write; 2] {
    forgotten(user, NEAR, millisecond(before(erases, REMINDER)))
}

fn forgotten(user: UserId, id: &str, due: Timestamp) -> [Write; 2] {
    let [content, note] = [keys::notice(user, id), keys::notice_due(due, user, id)];
    [content, note].map(|key| Write::delete(Table::Accounts, key))
}

/// The writes that promise a notice, for the transaction of the change itself.
pub(super) fn promised(notice: &Notice) -> [Write; 2] {
    let note = keys::notice_due(notice.due, notice.user, &notice.id);
    [item(notice), note.item()].map(|item| Write::put(Table::Accounts, item))
}

/// A moment as exact as it is kept.
fn millisecond(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}

/// The delivery of one try. Of an address that changed it is as old as the change, whenever it is sent: it belongs to
/// the person who has the account, also where it goes to an address that they had before. That of the last notice of an erased
/// person is made to look old: a report about it makes no record of a person of whom nothing may be left.
fn new_delivery(news: &News, id: &str, now: Timestamp) -> DeliveryId {
    let made = match news {
        News::Erased => before(now, PATIENCE),
        News::Address { .. } => changed_at(id).unwrap_or(now),
        _ => now,
    };
    DeliveryId::new(made, entropy::bytes())
}

/// The moment of a change, which the name of its notice begins with.
fn changed_at(id: &str) -> Option<Timestamp> {
    let (millis, _) = id.split_once('#')?;
    Timestamp::from_millisecond(millis.parse().ok()?).ok()
}

fn delivery(notice: &Notice) -> AttributeValue {
    s(notice.delivery.map(|id| id.to_string()).unwrap_or_default())
}

fn item(notice: &Notice) -> Item {
    let mut item = keys::notice(notice.user, &notice.id).item();
    let to = notice.to.iter().map(Identifier::as_str);
    let mut set = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    set("to", texts(to));
    set("change", s(notice.news.as_str()));
    set("lang", s(&notice.language));
    set("due", at(notice.due));
    set("tries", n(notice.tries));
    set("delivery", delivery(notice));
    match &notice.news {
        News::Address { kind, masked, .. } => {
            set("kind", s(kind.as_str()));
            set("masked", s(masked));
        }
        News::ErasureAsked(day) => {
            set("day", s(day.to_string()));
        }
        News::ErasureNear | News::ErasureUndone | News::Erased => {}
    }
    item
}

/// Reads a notice's item.
pub(super) fn read(item: &Item) -> Option<Notice> {
    let user = UserId::parse(item.text("pk")?.strip_prefix("NOTICES#")?)?;
    let to = item.list("to");
    Some(Notice {
        user,
        id: item.text("sk")?.to_owned(),
        due: item.moment("due")?,
        tries: item.count("tries"),
        delivery: item.text("delivery").and_then(DeliveryId::parse),
        news: news(item)?,
        to: to.first().and_then(|text| Identifier::restore(text)),
        language: item.text("lang").unwrap_or("en").to_owned(),
    })
}

fn news(item: &Item) -> Option<News> {
    let word = item.text("change")?;
    Some(match word {
        "erasure_asked" => News::ErasureAsked(item.text("day")?.parse::<Date>().ok()?),
        NEAR => News::ErasureNear,
        "erasure_undone" => News::ErasureUndone,
        ERASED => News::Erased,
        _ => News::Address {
            change: AddressChange::parse(word)?,
            kind: item.text("kind").and_then(IdentifierKind::parse)?,
            masked: item.text("masked")?.to_owned(),
        },
    })
}

/// Reads a notice as earlier versions wrote it: in the order of the moments of the changes, all recipients in one item.
fn read_old(item: &Item, now: Timestamp) -> Vec<Notice> {
    let of = item.text("sk").and_then(keys::moment_and_user);
    let (Some((moment, user)), Some(news)) = (of, news(item)) else {
        return Vec::new();
    };
    let language = item.text("lang").unwrap_or("en");
    let to = item.list("to");
    let to = to.iter().filter_map(|text| Identifier::restore(text));
    to.enumerate()
        .map(|(n, to)| Notice {
            user,
            id: format!("{}#{}#{n}", keys::millis(moment), news.as_str()),
            due: millisecond(now),
            tries: 0,
            delivery: None,
            news: news.clone(),
            to: Some(to),
            language: language.to_owned(),
        })
        .collect()
}
