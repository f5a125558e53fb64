//! The end of sessions: one write on the user takes them off the map, and says why.
//!
//! The stream reads which ones from the two images of the map, and why from `ended`. The items that are left are
//! removed beside or after; until then they open nothing.

use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
};
use futures_util::future::{join, join_all};

use crate::Result;
use crate::domain::id::{SessionId, UserId};
use crate::domain::session::Ending;
use crate::domain::token::AccessClaims;
use crate::domain::user::{Status, User};
use crate::store::Store;
use crate::store::fault::{Fault, settled, when_busy};
use crate::store::item::{Item, Read, at, map, s};
use crate::store::keys;
use crate::store::user::sessions;

/// What came of the wish to end sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// They have ended.
    Done,
    /// There is none by this id.
    NoSuchSession,
    /// Whoever asked is not signed in any more.
    NotSignedIn,
}

/// An update of the user's item.
struct Change {
    update: &'static str,
    condition: &'static str,
    names: std::collections::HashMap<String, String>,
    values: Item,
}

impl Store {
    /// Ends a session, whoever asks; nothing happens where it has ended already.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; the session may have ended then.
    pub async fn end_session(&self, user: UserId, id: SessionId, ending: Ending) -> Result<()> {
        let change = Change {
            update: "SET ended=:ended REMOVE sessions.#sid",
            condition: "attribute_exists(sessions.#sid)",
            names: map([("#sid", id.to_string())]),
            values: map([(":ended", record(&ending))]),
        };
        let (outcome, ()) = join(self.change(user, change), self.sweep(user, [id])).await;
        settled(outcome)
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
        let change = Change {
            update: "SET ended=:ended REMOVE sessions.#sid",
            condition: "#st=:active AND sessions.#me>:now AND attribute_exists(sessions.#sid)",
            names: map([
                ("#st", "status".to_owned()),
                ("#me", caller.sid.to_string()),
                ("#sid", id.to_string()),
            ]),
            values: map([
                (":active", s(Status::Active.as_str())),
                (":now", at(ending.at)),
                (":ended", record(&ending)),
            ]),
        };
        let ended = match self.change(caller.sub, change).await {
            Ok(()) => Ended::Done,
            Err(Fault::Condition(old)) if is_ours(&old, &ending) => Ended::Done,
            Err(Fault::Condition(old)) => {
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

    /// Ends all sessions of this user, as just read, but the one that is kept. One that was opened meanwhile ends too.
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
        let only = AttributeValue::M(map([(kept.to_string().as_str(), at(*end))]));
        let change = Change {
            update: "SET sessions=:only, ended=:ended",
            condition: "#st=:active AND sessions.#me=:end",
            names: map([("#st", "status".to_owned()), ("#me", kept.to_string())]),
            values: map([
                (":active", s(Status::Active.as_str())),
                (":end", at(*end)),
                (":only", only),
                (":ended", record(&ending)),
            ]),
        };
        match self.change(user.id, change).await {
            Ok(()) => {
                let others = user.sessions.keys().copied().filter(|id| *id != kept);
                self.sweep(user.id, others).await;
                Ok(Ended::Done)
            }
            Err(Fault::Condition(_)) => Ok(Ended::NotSignedIn),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn change(&self, user: UserId, change: Change) -> Result<(), Fault> {
        when_busy(|| async {
            self.client
                .update_item()
                .table_name(self.accounts())
                .set_key(Some(keys::user(user).item()))
                .update_expression(change.update)
                .condition_expression(change.condition)
                .set_expression_attribute_names(Some(change.names.clone()))
                .set_expression_attribute_values(Some(change.values.clone()))
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(())
        })
        .await
    }

    /// Removes the items of ended sessions; what fails here is left to their time to live.
    async fn sweep(&self, user: UserId, ended: impl IntoIterator<Item = SessionId>) {
        let deletions = ended.into_iter().map(|id| {
            self.client
                .delete_item()
                .table_name(self.accounts())
                .set_key(Some(keys::session(user, id).item()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
        });
        for failure in join_all(deletions)
            .await
            .into_iter()
            .filter_map(Result::err)
        {
            let cause = Fault::from(failure);
            tracing::info!(
                ?cause,
                "an ended session's item stays until its time is over"
            );
        }
    }
}

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
