//! The request to be erased: recorded, and undone while there is time.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::domain::id::{SessionId, UserId};
use crate::domain::notice::News;
use crate::domain::quota::TELLING_CHANGE;
use crate::domain::session::{Ending, Why};
use crate::domain::user::{Status, User};
use crate::store::activity::Activity;
use crate::store::error::StoreError;
use crate::store::item::{Item, at, n, s};
use crate::store::keys::{self, Table};
use crate::store::pending_notices::{no_reminder, of_the_account, promised, reminder};
use crate::store::profile::{Changed, counting_a_line, note, still_signed_in};
use crate::store::write::Write;
use crate::store::{Store, session, user};
use crate::{Error, Result};

/// A request to be erased, or to stay after all.
#[derive(Clone, Debug)]
pub struct ErasureWish<'a> {
    /// By which sign-in; `None` for an operator.
    pub session: Option<SessionId>,
    /// Whether that one session goes on.
    pub stays_signed_in: bool,
    pub request: &'a str,
    /// The line in the person's activity.
    pub activity: Activity<'a>,
    pub now: Timestamp,
}

impl ErasureWish<'_> {
    /// The one session that goes on.
    fn kept(&self) -> Option<SessionId> {
        self.session.filter(|_| self.stays_signed_in)
    }
}

impl Store {
    /// Schedules the erasure of the account, and ends its other sessions. If it is scheduled already, that
    /// moment stays; only an operator may bring it forward.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the wish may be noted then.
    pub async fn ask_erasure(
        &self,
        mut user: User,
        erases: Timestamp,
        wish: &ErasureWish<'_>,
    ) -> Result<Changed> {
        // As exact as it is kept, so that everybody is told the same moment.
        let erases = Timestamp::from_millisecond(erases.as_millisecond()).unwrap_or(erases);
        for _ in 0..4 {
            let due = match user.erases_at {
                Some(noted) if wish.session.is_some() || noted <= erases => noted,
                _ => erases,
            };
            let kept: Item = wish
                .kept()
                .and_then(|id| Some((id.to_string(), at(*user.sessions.get(&id)?))))
                .into_iter()
                .collect();
            let ending = Ending {
                why: if wish.session.is_some() {
                    Why::ErasureAsked
                } else {
                    Why::Operator
                },
                at: wish.now,
                request: wish.request.to_owned(),
            };
            let changes = match charged(&user, wish) {
                Ok(changes) => changes,
                Err(retry_after) => return Ok(Changed::Limited(retry_after)),
            };
            let set = "SET erases_at=:due, sessions=:kept, ended=:ended, #changes=:changes, #version=#version+:one";
            let account = wished(&user, set, wish).values([
                (":due", at(due)),
                (":changes", at(changes)),
                (":kept", AttributeValue::M(kept)),
                (":ended", session::record(&ending)),
            ]);
            let is_due = Write::put(Table::Accounts, keys::due_erasure(due, user.id).item());
            let told = told_of_the_wish(&user, due, wish.now);
            let later = user.erases_at.filter(|noted| *noted != due);
            let not_later = later.map(|later| undue(later, user.id));
            let line = note(user.id, &wish.activity);
            let writes = [account, is_due, line]
                .into_iter()
                .chain(not_later)
                .chain(told);
            match self.transact(writes).await {
                Ok(()) => {
                    user.erases_at = Some(due);
                    user.changes = Some(changes);
                    user.sessions.retain(|id, _| Some(*id) == wish.kept());
                    user.version += 1;
                    return Ok(Changed::To(Box::new(user)));
                }
                Err(StoreError::Cancelled(refused)) => match Self::seen(&user, refused, wish)? {
                    Some(now) => user = now,
                    None => return Ok(Changed::Refused),
                },
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Error::Unavailable("the account kept changing".into()))
    }

    /// Undoes the wish of [`Store::ask_erasure`], while there is time.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the wish may be undone then.
    pub async fn undo_erasure(&self, mut user: User, wish: &ErasureWish<'_>) -> Result<Changed> {
        for _ in 0..4 {
            let Some(due) = user.erases_at else {
                return Ok(Changed::To(Box::new(user)));
            };
            if due <= wish.now {
                return Ok(Changed::Refused);
            }
            let changes = match charged(&user, wish) {
                Ok(changes) => changes,
                Err(retry_after) => return Ok(Changed::Limited(retry_after)),
            };
            let set = "SET #changes=:changes, #version=#version+:one REMOVE erases_at";
            let account = wished(&user, set, wish).value(":changes", at(changes));
            let line = note(user.id, &wish.activity);
            let told = of_the_account(&user, News::ErasureUndone, wish.now);
            let told = told
                .iter()
                .flat_map(promised)
                .chain(no_reminder(user.id, due));
            let writes = [account, undue(due, user.id), line];
            match self.transact(writes.into_iter().chain(told)).await {
                Ok(()) => {
                    user.erases_at = None;
                    user.changes = Some(changes);
                    user.version += 1;
                    return Ok(Changed::To(Box::new(user)));
                }
                Err(StoreError::Cancelled(refused)) => match Self::seen(&user, refused, wish)? {
                    Some(now) => user = now,
                    None => return Ok(Changed::Refused),
                },
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Error::Unavailable("the account kept changing".into()))
    }

    /// The account as a refused request found it, if it may still be changed.
    fn seen(
        user: &User,
        refused: Vec<Option<Item>>,
        wish: &ErasureWish<'_>,
    ) -> Result<Option<User>> {
        let item = refused.into_iter().next().flatten().unwrap_or_default();
        match wish.session {
            Some(session) => still_signed_in(user, &item, session),
            None if item.is_empty() => Ok(None),
            None => {
                let now = user::read(user.id, &item)?;
                Ok((now.status != Status::Erasing).then_some(now))
            }
        }
    }
}

/// What the person is told of a wish: that it was made, and some days before its time that it comes near. Of one that is
/// carried out at once they are told when it is done.
fn told_of_the_wish(user: &User, due: Timestamp, now: Timestamp) -> Vec<Write> {
    if user.erases_at == Some(due) {
        return Vec::new();
    }
    let before = user.erases_at.map(|before| no_reminder(user.id, before));
    if due <= now {
        return before.into_iter().flatten().collect();
    }
    let asked = of_the_account(user, News::ErasureAsked(user.day_of(due)), now);
    let mut reminder: Vec<_> = reminder(user, due, now).iter().flat_map(promised).collect();
    if reminder.is_empty() {
        reminder.extend(before.into_iter().flatten());
    } else {
        // The reminder itself is replaced; what is left of the one before is its note.
        reminder.extend(before.map(|[_, note]| note));
    }
    asked.iter().flat_map(promised).chain(reminder).collect()
}

/// What a wish of the person's own counts as; an operator's counts as nothing.
fn charged(user: &User, wish: &ErasureWish<'_>) -> std::result::Result<Timestamp, u64> {
    match wish.session {
        Some(_) => user.charge_change(TELLING_CHANGE, wish.now),
        None => Ok(user.changes.unwrap_or(wish.now)),
    }
}

/// Takes the note away that somebody is due.
fn undue(due: Timestamp, user: UserId) -> Write {
    Write::delete(Table::Accounts, keys::due_erasure(due, user))
}

/// The account's side of a wish: as it was read, and by a session that counts.
fn wished(user: &User, set: &str, wish: &ErasureWish<'_>) -> Write {
    let update = Write::update(Table::Accounts, keys::user(user.id), set);
    let write = counting_a_line(update).values([
        (":seen", n(user.version)),
        (":one", n(1)),
        (":erasing", s(Status::Erasing.as_str())),
    ]);
    let as_seen = "#version=:seen AND #status<>:erasing";
    match wish.session {
        None => write.when(as_seen),
        Some(id) => write
            .when(format!(
                "{as_seen} AND #status=:active AND sessions.#sid>:now"
            ))
            .name("#sid", id.to_string())
            .values([
                (":now", at(wish.now)),
                (":active", s(Status::Active.as_str())),
            ]),
    }
}
