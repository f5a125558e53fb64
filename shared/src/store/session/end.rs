//! The end of sessions: one write on the user takes them off the map, and says why.
//!
//! The stream reads which ones from the two images of the map, and why from `ended`. The items that are left are
//! removed at the same time or later; until then they open nothing.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{join, join_all};

use super::rotate::{Rotate, Rotation, judge};
use crate::Result;
use crate::domain::id::{SessionId, UserId};
use crate::domain::session::{Ending, Why};
use crate::domain::token::AccessClaims;
use crate::domain::user::{Status, User};
use crate::store::Store;
use crate::store::error::{StoreError, settled};
use crate::store::item::{Item, Read, at, map, n, s};
use crate::store::keys::{self, Table};
use crate::store::user::sessions;
use crate::store::write::Write;

/// What came of the wish to end sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Done,
    /// No session has this id.
    NoSuchSession,
    /// The caller is not signed in any more.
    NotSignedIn,
}

impl Store {
    /// Ends a session, no matter who asks; nothing happens if it has ended already.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; the session may have ended then.
    pub async fn end_session(&self, user: UserId, id: SessionId, ending: Ending) -> Result<()> {
        let write = Write::update(Table::Accounts, keys::user(user), END)
            .when("attribute_exists(sessions.#sid)")
            .name("#sid", id.to_string())
            .value(":ended", record(&ending));
        let (outcome, ()) = join(self.write(write), self.sweep(user, [id])).await;
        settled(outcome)
    }

    /// Ends the session of a refresh token, no matter who holds it. Where the token has been succeeded, it is recorded as its use for
    /// a refresh would be: somebody may have a copy.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; the session may have ended then.
    pub async fn sign_out(&self, rotate: &Rotate<'_>) -> Result<()> {
        let (user, id) = (rotate.token.user, rotate.token.session);
        let ending = |why| Ending {
            why,
            at: rotate.now,
            request: rotate.request.to_owned(),
        };
        let account = Write::update(Table::Accounts, keys::user(user), END)
            .when("attribute_exists(sessions.#sid)")
            .name("#sid", id.to_string())
            .value(":ended", record(&ending(Why::SignedOut)));
        let session = Write::delete(Table::Accounts, keys::session(user, id))
            .when("attribute_not_exists(pk) OR g=:g")
            .value(":g", n(rotate.token.generation));
        let refused = match self.transact([account, session]).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Cancelled(refused)) => refused,
            Err(fault) => return Err(fault.into()),
        };
        let session = refused.into_iter().nth(1).flatten();
        let why = match session.map(|item| judge(&item, rotate)).transpose()? {
            Some(Rotation::Reused) => Why::RefreshReused,
            _ => Why::SignedOut,
        };
        self.end_session(user, id, ending(why)).await
    }

    /// Ends one of the caller's own sessions; the same write checks that the caller is signed in.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; the session may have ended then.
    pub async fn end_own_session(
        &self,
        caller: &AccessClaims,
        id: SessionId,
        ending: Ending,
    ) -> Result<Ended> {
        let write = Write::update(Table::Accounts, keys::user(caller.sub), END)
            .when("#status=:active AND sessions.#me>:now AND attribute_exists(sessions.#sid)")
            .name("#me", caller.sid.to_string())
            .name("#sid", id.to_string())
            .values([
                (":active", s(Status::Active.as_str())),
                (":now", at(ending.at)),
                (":ended", record(&ending)),
            ]);
        let ended = match self.write(write).await {
            Ok(()) => Ended::Done,
            Err(StoreError::Condition(old)) if is_ours(&old, &ending) => Ended::Done,
            Err(StoreError::Condition(old)) => {
                let active = old.text("status") == Some(Status::Active.as_str());
                let end = sessions(&old).remove(&caller.sid);
                match end.filter(|end| active && *end > ending.at) {
                    Some(_) => Ended::NoSuchSession,
                    None => Ended::NotSignedIn,
                }
            }
            Err(fault) => return Err(fault.into()),
        };
        if ended == Ended::Done {
            self.sweep(caller.sub, [id]).await;
        }
        Ok(ended)
    }

    /// Ends all sessions of this user, as just read, but the one that is kept. One that was opened meanwhile ends too; where
    /// there was no other, nothing is written.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; the sessions may have ended then.
    pub async fn end_other_sessions(
        &self,
        user: &User,
        kept: SessionId,
        ending: Ending,
    ) -> Result<Ended> {
        let Some(end) = user.sessions.get(&kept) else {
            return Ok(Ended::NotSignedIn);
        };
        if user.sessions.len() == 1 {
            return Ok(Ended::Done);
        }
        let only = AttributeValue::M(map([(kept.to_string().as_str(), at(*end))]));
        let set = "SET sessions=:only, ended=:ended";
        let write = Write::update(Table::Accounts, keys::user(user.id), set)
            .when("#status=:active AND sessions.#me=:end")
            .name("#me", kept.to_string())
            .values([
                (":active", s(Status::Active.as_str())),
                (":end", at(*end)),
                (":only", only),
                (":ended", record(&ending)),
            ]);
        match self.write(write).await {
            Ok(()) => {
                let others = user.sessions.keys().copied().filter(|id| *id != kept);
                self.sweep(user.id, others).await;
                Ok(Ended::Done)
            }
            Err(StoreError::Condition(_)) => Ok(Ended::NotSignedIn),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Removes the items of ended sessions; what fails here is left to their time to live.
    async fn sweep(&self, user: UserId, ended: impl IntoIterator<Item = SessionId>) {
        let deletions = ended
            .into_iter()
            .map(|id| self.write(Write::delete(Table::Accounts, keys::session(user, id))));
        for cause in join_all(deletions)
            .await
            .into_iter()
            .filter_map(Result::err)
        {
            tracing::info!(
                ?cause,
                "an ended session's item stays until its time is over"
            );
        }
    }
}

/// Takes a session off the map.
const END: &str = "SET ended=:ended REMOVE sessions.#sid";

/// What the user's item keeps of the last ending.
pub(crate) fn record(ending: &Ending) -> AttributeValue {
    AttributeValue::M(map([
        ("why", s(ending.why.as_str())),
        ("at", at(ending.at)),
        ("rid", s(&ending.request)),
    ]))
}

/// Whether the last ending is this one: its reply was lost, and the SDK asked again.
fn is_ours(user: &Item, ending: &Ending) -> bool {
    let last = user.get("ended").and_then(|ended| ended.as_m().ok());
    last.is_some_and(|last| last.text("rid") == Some(&ending.request))
}
