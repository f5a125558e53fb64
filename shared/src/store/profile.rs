//! What a person says about themselves: changed in one transaction with the line in their activity.

use jiff::Timestamp;

use super::activity::{self, Activity};
use super::error::StoreError;
use super::item::{Item, Read, at, map, n, s};
use super::keys::{self, Table};
use super::write::Write;
use super::{Store, user};
use crate::domain::id::{SessionId, UserId};
use crate::domain::profile::{Profile, ProfilePatch};
use crate::domain::user::{Status, User};
use crate::{Error, Result};

/// A wish to change a profile.
#[derive(Clone, Debug)]
pub struct ProfileChange<'a> {
    /// By which sign-in.
    pub session: SessionId,
    pub patch: ProfilePatch,
    /// The change is made to the profile as it was seen, or not at all.
    pub as_seen: bool,
    /// The line in the person's activity.
    pub activity: Activity<'a>,
    pub now: Timestamp,
}

/// What came of a change of an account.
#[derive(Clone, Debug)]
pub enum Changed {
    /// The account as it is now.
    To(Box<User>),
    /// Somebody else changed it first.
    Moved,
    /// The account changed too often; whole seconds to wait.
    Limited(u64),
    /// The account is gone or not active, or the session has ended.
    Refused,
}

impl Store {
    /// Changes the profile of `user`, as it was just read. What changes nothing is not written. Where the profile
    /// changed meanwhile the change is tried again on what it is now, unless only the profile as seen is meant.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the profile may have changed then.
    pub async fn change_profile(
        &self,
        mut user: User,
        change: &ProfileChange<'_>,
    ) -> Result<Changed> {
        for _ in 0..8 {
            let profile = change.patch.clone().applied_to(&user.profile);
            if profile == user.profile {
                return Ok(Changed::To(Box::new(user)));
            }
            let changes = match user.charge_change(1, change.now) {
                Ok(changes) => changes,
                Err(retry_after) => return Ok(Changed::Limited(retry_after)),
            };
            let writes = Self::profile_writes(&user, &profile, change, changes);
            let refused = match self.transact(writes).await {
                Ok(()) => {
                    user.profile = profile;
                    user.version += 1;
                    user.changes = Some(changes);
                    user.last_activity = Some(change.now);
                    return Ok(Changed::To(Box::new(user)));
                }
                Err(StoreError::Cancelled(refused)) => refused,
                Err(fault) => return Err(fault.into()),
            };
            let item = refused.into_iter().next().flatten().unwrap_or_default();
            let Some(now) = still_signed_in(&user, &item, change.session)? else {
                return Ok(Changed::Refused);
            };
            if change.as_seen {
                return Ok(Changed::Moved);
            }
            user = now;
        }
        Err(Error::Unavailable("the profile kept changing".into()))
    }

    fn profile_writes(
        user: &User,
        profile: &Profile,
        change: &ProfileChange<'_>,
        changes: Timestamp,
    ) -> [Write; 2] {
        let fields = [
            ("username", profile.username.as_str()),
            ("first_name", profile.first_name.as_str()),
            ("last_name", profile.last_name.as_str()),
            ("bio", profile.bio.as_str()),
            ("language", profile.language.as_str()),
            ("timezone", profile.timezone.as_str()),
        ];
        let mut values = map([
            (":active", s(Status::Active.as_str())),
            (":seen", n(user.version)),
            (":next", n(user.version + 1)),
            (":now", at(change.now)),
            (":changes", at(changes)),
        ]);
        let mut set = vec![
            "#version=:next".to_owned(),
            "last_activity=:now".to_owned(),
            "#changes=:changes".to_owned(),
        ];
        let mut remove = Vec::new();
        for (field, text) in fields {
            if text.is_empty() {
                remove.push(format!("#{field}"));
            } else {
                values.insert(format!(":{field}"), s(text));
                set.push(format!("#{field}=:{field}"));
            }
        }
        let mut update = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            update = format!("{update} REMOVE {}", remove.join(", "));
        }
        let update = counting_a_line(Write::update(Table::Accounts, keys::user(user.id), update))
            .when("#status=:active AND attribute_exists(sessions.#sid) AND #version=:seen")
            .name("#sid", change.session.to_string())
            .values(values);
        [update, note(user.id, &change.activity)]
    }
}

/// Counts a line of activity with an update of its account: the stream sees by it when the oldest have to go.
pub(super) fn counting_a_line(update: Write) -> Write {
    update.adding("#lines :line").value(":line", n(1))
}

/// Writes a line of activity.
pub(super) fn note(user: UserId, line: &Activity<'_>) -> Write {
    Write::put(Table::Accounts, activity::item(user, line))
}

/// The account as a refused condition found it, if it is active and the session counts in it.
pub(super) fn still_signed_in(
    user: &User,
    item: &Item,
    session: SessionId,
) -> Result<Option<User>> {
    let active = item.text("status") == Some(Status::Active.as_str());
    if active && user::sessions(item).contains_key(&session) {
        user::read(user.id, item).map(Some)
    } else {
        Ok(None)
    }
}
