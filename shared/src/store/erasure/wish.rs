//! The wish to be erased: noted, and undone while there is time.

use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;

use crate::domain::id::{SessionId, UserId};
use crate::domain::session::{Ending, Why};
use crate::domain::user::{Status, User};
use crate::store::activity::Activity;
use crate::store::fault::Fault;
use crate::store::item::{Item, at, map, n, s};
use crate::store::profile::{Changed, still_signed_in};
use crate::store::{Store, keys, session, user};
use crate::{Error, Result};

/// A wish to be erased, or to stay after all.
#[derive(Clone, Debug)]
pub struct ErasureWish<'a> {
    /// By which sign-in; it is the one session that is kept. `None` for an operator: none is kept.
    pub session: Option<SessionId>,
    /// The request's id.
    pub request: &'a str,
    /// The line in the person's activity.
    pub activity: Activity<'a>,
    /// When.
    pub now: Timestamp,
}

impl Store {
    /// Has the account erased at this moment, and ends its other sessions. Where it is to be erased already, that
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
                .session
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
            let mut values = map([
                (":due", at(due)),
                (":kept", AttributeValue::M(kept)),
                (":ended", session::record(&ending)),
            ]);
            let mut actions = vec![self.wish_action(
                &user,
                "SET erases_at=:due, sessions=:kept, ended=:ended, #version=#version+:one",
                wish,
                &mut values,
            )?];
            let note = keys::due_erasure(due, user.id).item();
            let note = Put::builder()
                .table_name(self.accounts())
                .set_item(Some(note));
            actions.push(
                TransactWriteItem::builder()
                    .put(note.build().map_err(Error::internal)?)
                    .build(),
            );
            if let Some(later) = user.erases_at.filter(|noted| *noted != due) {
                actions.push(self.undue_action(later, user.id)?);
            }
            actions.push(self.note(&user, &wish.activity)?);
            match self.transact(actions).await {
                Ok(()) => {
                    user.erases_at = Some(due);
                    user.sessions.retain(|id, _| Some(*id) == wish.session);
                    user.version += 1;
                    return Ok(Changed::To(Box::new(user)));
                }
                Err(Fault::Cancelled(refused)) => match self.seen(&user, refused, wish)? {
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
            let mut actions = vec![self.wish_action(
                &user,
                "SET #version=#version+:one REMOVE erases_at",
                wish,
                &mut Item::new(),
            )?];
            actions.push(self.undue_action(due, user.id)?);
            actions.push(self.note(&user, &wish.activity)?);
            match self.transact(actions).await {
                Ok(()) => {
                    user.erases_at = None;
                    user.version += 1;
                    return Ok(Changed::To(Box::new(user)));
                }
                Err(Fault::Cancelled(refused)) => match self.seen(&user, refused, wish)? {
                    Some(now) => user = now,
                    None => return Ok(Changed::Refused),
                },
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Error::Unavailable("the account kept changing".into()))
    }

    /// Takes the note away that somebody is due.
    fn undue_action(&self, due: Timestamp, user: UserId) -> Result<TransactWriteItem> {
        let note = Delete::builder()
            .table_name(self.accounts())
            .set_key(Some(keys::due_erasure(due, user).item()))
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().delete(note).build())
    }

    /// The account's side of a wish: as it was read, and by a session that counts.
    fn wish_action(
        &self,
        user: &User,
        update: &str,
        wish: &ErasureWish<'_>,
        values: &mut Item,
    ) -> Result<TransactWriteItem> {
        let mut names = map([
            ("#status", "status".to_owned()),
            ("#version", "version".to_owned()),
        ]);
        let (now, erasing) = (at(wish.now), s(Status::Erasing.as_str()));
        values.extend(map([
            (":seen", n(user.version)),
            (":one", n(1)),
            (":erasing", erasing),
        ]));
        let mut condition = "#version=:seen AND #status<>:erasing".to_owned();
        if let Some(id) = wish.session {
            names.insert("#sid".to_owned(), id.to_string());
            values.insert(":now".to_owned(), now);
            values.insert(":active".to_owned(), s(Status::Active.as_str()));
            condition.push_str(" AND #status=:active AND sessions.#sid>:now");
        }
        let update = Update::builder()
            .table_name(self.accounts())
            .set_key(Some(keys::user(user.id).item()))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(std::mem::take(values)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The account as a refused wish found it, if it may still be changed.
    fn seen(
        &self,
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
