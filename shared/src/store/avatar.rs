//! Which picture an account shows.

use jiff::Timestamp;

use super::activity::Activity;
use super::error::StoreError;
use super::item::{Read, map, n, s};
use super::keys::{self, Table};
use super::profile::{counting_a_line, note};
use super::write::Write;
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
    /// The line in the person's activity.
    pub activity: Activity<'a>,
    pub now: Timestamp,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AvatarChanged {
    /// The account shows the new picture; nothing points any more at this one, which it showed before.
    From(Option<String>),
    /// The account shows this picture already; nothing was written.
    Already,
    /// The account is gone or not active, or the session has ended.
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
            let item = refused.into_iter().next().flatten().unwrap_or_default();
            let active = item.text("status").and_then(Status::parse) == Some(Status::Active);
            if !active || !user::sessions(&item).contains_key(&change.session) {
                return Ok(AvatarChanged::Refused);
            }
            old = item.text("avatar").map(str::to_owned);
        }
        Err(Error::Unavailable(
            "the account's picture kept changing".into(),
        ))
    }

    fn avatar_writes(change: &AvatarChange<'_>, old: Option<&str>) -> [Write; 2] {
        let mut values = map([(":active", s(Status::Active.as_str())), (":one", n(1))]);
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
                "SET avatar=:new, #version=#version+:one"
            }
            None => "SET #version=#version+:one REMOVE avatar",
        };
        let update = counting_a_line(Write::update(
            Table::Accounts,
            keys::user(change.user),
            update,
        ))
        .when(format!(
            "#status=:active AND attribute_exists(sessions.#sid) AND {as_seen}"
        ))
        .name("#sid", change.session.to_string())
        .values(values);
        [update, note(change.user, &change.activity)]
    }
}
