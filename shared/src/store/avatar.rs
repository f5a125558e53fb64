//! Which picture an account shows.

use jiff::Timestamp;

use super::activity::Activity;
use super::error::StoreError;
use super::item::{Item, Read, at, map, n, s};
use super::keys::{self, Table};
use super::profile::{counting_a_line, note};
use super::write::{Write, all_held};
use super::{Store, user};
use crate::domain::id::{SessionId, UserId};
use crate::domain::user::Status;
use crate::{Error, Result};

/// A change to another picture, or to none.
#[derive(Clone, Debug)]
pub struct AvatarChange<'a> {
    pub user: UserId,
    /// The session that makes the change.
    pub session: SessionId,
    /// The new picture's address.
    pub new: Option<&'a str>,
    /// By what. The line of activity of an upload marks it as done, so its id must be the upload's own.
    pub cause: Cause,
    /// The line in the person's activity.
    pub activity: Activity<'a>,
    pub now: Timestamp,
}

/// What a picture is changed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A request, whose sender waits for it.
    Request,
    /// A file that was put up at this moment. Its event may come late and often: it changes the picture once, and not at
    /// all where the person has put up or removed one since.
    Upload(Timestamp),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AvatarChanged {
    /// The account shows the new picture; nothing points any more at this one, which it showed before.
    From(Option<String>),
    /// The account shows this picture already; nothing was written.
    Already,
    /// The account is gone or not active, the session has ended, or the person has done something since the upload.
    Refused,
}

impl Store {
    /// Lets an account show another picture. `old` is what it showed when read; if that changed meanwhile, the
    /// change is tried again on what it shows now. So of any number of changes each old picture is told exactly once.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; nobody knows then which picture is shown.
    pub async fn change_avatar(
        &self,
        change: &AvatarChange<'_>,
        mut old: Option<String>,
    ) -> Result<AvatarChanged> {
        for _ in 0..8 {
            if old.as_deref() == change.new {
                return Ok(AvatarChanged::Already);
            }
            let refused = match self
                .transact(Self::avatar_writes(change, old.as_deref()))
                .await
            {
                Ok(()) => return Ok(AvatarChanged::From(old)),
                Err(StoreError::Cancelled(refused)) => refused,
                Err(fault) => return Err(fault.into()),
            };
            let done_before = refused.get(1).is_some_and(Option::is_some);
            let item = refused.into_iter().next().flatten().unwrap_or_default();
            let signed_in = is_signed_in(&item, change.session);
            if !signed_in || done_before || change.is_behind(item.moment("avatar_at")) {
                return Ok(AvatarChanged::Refused);
            }
            old = item.text("avatar").map(str::to_owned);
        }
        Err(Error::Unavailable(
            "the account's picture kept changing".into(),
        ))
    }

    /// Notes that the person wants no picture where none is shown: what was put up before and is not shown yet stays
    /// away. `false` where one is shown by now, the account is not active or the session has ended.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn want_no_avatar(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool> {
        let write = Write::update(Table::Accounts, keys::user(user), "SET avatar_at=:now")
            .when(format!("{SIGNED_IN} AND attribute_not_exists(avatar)"))
            .name("#sid", session.to_string())
            .values([(":active", s(Status::Active.as_str())), (":now", at(now))]);
        all_held(self.transact([write]).await)
    }

    fn avatar_writes(change: &AvatarChange<'_>, old: Option<&str>) -> [Write; 2] {
        let moment = match change.cause {
            Cause::Request => change.now,
            Cause::Upload(moment) => moment,
        };
        let mut values = map([
            (":active", s(Status::Active.as_str())),
            (":one", n(1)),
            (":moment", at(moment)),
        ]);
        let as_seen = match old {
            Some(old) => {
                values.insert(":old".to_owned(), s(old));
                "avatar=:old"
            }
            None => "attribute_not_exists(avatar)",
        };
        let update = match change.new {
            Some(new) => {
                values.insert(":new".to_owned(), s(new));
                "SET avatar=:new, avatar_at=:moment, #version=#version+:one"
            }
            None => "SET avatar_at=:moment, #version=#version+:one REMOVE avatar",
        };
        let line = note(change.user, &change.activity);
        let (in_order, line) = match change.cause {
            Cause::Request => ("", line),
            Cause::Upload(_) => (
                " AND (attribute_not_exists(avatar_at) OR avatar_at<=:moment)",
                line.when("attribute_not_exists(pk)"),
            ),
        };
        let update = Write::update(Table::Accounts, keys::user(change.user), update);
        let update = counting_a_line(update)
            .when(format!("{SIGNED_IN} AND {as_seen}{in_order}"))
            .name("#sid", change.session.to_string())
            .values(values);
        [update, line]
    }
}

impl AvatarChange<'_> {
    /// Whether the person has put up or removed a picture since.
    fn is_behind(&self, last: Option<Timestamp>) -> bool {
        matches!(self.cause, Cause::Upload(moment) if last.is_some_and(|last| last > moment))
    }
}

const SIGNED_IN: &str = "#status=:active AND attribute_exists(sessions.#sid)";

/// The same question as [`SIGNED_IN`], of an item already read.
fn is_signed_in(item: &Item, session: SessionId) -> bool {
    let active = item.text("status").and_then(Status::parse) == Some(Status::Active);
    active && user::sessions(item).contains_key(&session)
}
