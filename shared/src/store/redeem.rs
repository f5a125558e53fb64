//! Uses a right code up and opens the session: one transaction, all of it or nothing.
//!
//! Never two sessions from one code, never a burnt code without a session.

use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use jiff::Timestamp;

use super::activity::{self, Activity};
use super::fault::{Fault, settled, when_busy};
use super::item::{Item, Read, at, b, map, n, s};
use super::keys::{self, Table};
use super::{Store, session, user};
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::id::{SessionId, UserId};
use crate::domain::identifier::Identifier;
use crate::domain::session::{Ending, NewSession, Why};
use crate::domain::user::{Status, User};
use crate::{Error, Result};

/// A proven code and what comes of it.
pub struct Redeem<'a> {
    /// Whose code it was.
    pub identifier: &'a Identifier,
    /// The code, as it was compared.
    pub live: &'a Live,
    /// Who compared it.
    pub lane: Lane,
    /// The account as a new one, in case nobody claims the address: id, address, language.
    pub newcomer: User,
    /// The session to open; its user is set to whoever claims the address.
    pub session: NewSession,
    /// The origin to link, if one is known.
    pub source: Option<&'a str>,
    /// How the address was proven: `otp_email`, `otp_phone`, `otp_whatsapp`.
    pub method: &'static str,
    /// The line of activity.
    pub activity: Activity<'a>,
    /// Sessions of one person.
    pub sessions_per_user: u32,
    /// Now.
    pub now: Timestamp,
}

/// What came of a right code.
#[derive(Debug)]
pub enum Redeemed {
    /// The session is open.
    Accepted {
        /// Whose it is.
        user: Box<User>,
        /// Whether the account was made just now.
        is_new: bool,
    },
    /// Somebody else used the code first, or it ended meanwhile.
    Refused,
    /// The account is suspended; the code is used up.
    Suspended,
}

/// Where each condition of the transaction stands.
const CHALLENGE: usize = 0;
const CLAIM: usize = 1;
const USER: usize = 2;

impl Store {
    /// Uses the code up; makes the account where nobody claims the address; opens the session, links the source, notes
    /// the activity. `owner` is who claims the address, as read before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the code then still stands, or the session is open.
    pub async fn redeem(
        &self,
        mut redeem: Redeem<'_>,
        mut owner: Option<UserId>,
    ) -> Result<Redeemed> {
        for _ in 0..4 {
            let (outcome, user) = match owner {
                None => {
                    let user = redeem.newcomer.clone();
                    (self.transact(self.register(&mut redeem)?).await, Some(user))
                }
                Some(id) => {
                    let actions = self.sign_in(&mut redeem, id, None)?;
                    let (outcome, user) =
                        futures_util::join!(self.transact(actions), self.user(id));
                    (outcome, user?)
                }
            };
            let refused = match outcome {
                Ok(()) => return accepted(user, owner.is_none(), &redeem),
                Err(Fault::Cancelled(refused)) => refused,
                Err(fault) => return Err(fault.into()),
            };
            let of = |place: usize| refused.get(place).and_then(Option::as_ref);
            if of(CHALLENGE).is_some() {
                return Ok(Redeemed::Refused);
            }
            match (owner, of(CLAIM), of(USER)) {
                // The address moved meanwhile: read the claim again.
                (_, Some(_), _) => owner = self.owner(redeem.identifier).await?,
                (Some(id), None, Some(item))
                    if item.is_empty() || status(item)? == Status::Erasing =>
                {
                    return Err(Error::Unavailable(format!("{id} is being erased")));
                }
                // Its time has come, and nobody has erased it yet: the address is free from the first step on.
                (Some(id), None, Some(item))
                    if item.moment("erases_at").is_some_and(|at| at <= redeem.now) =>
                {
                    let user = user::read(id, item)?;
                    self.begin_erasure(&user, redeem.now).await?;
                    owner = self.owner(redeem.identifier).await?;
                }
                (Some(_), None, Some(item)) if status(item)? == Status::Suspended => {
                    self.use_up(
                        Purpose::SignIn,
                        redeem.identifier,
                        redeem.live,
                        redeem.lane,
                        redeem.now,
                    )
                    .await?;
                    return Ok(Redeemed::Suspended);
                }
                (Some(id), None, Some(item)) => {
                    let Some(oldest) = oldest(item) else {
                        return Err(item.corrupt("user", "sessions"));
                    };
                    let actions = self.sign_in(&mut redeem, id, Some(oldest))?;
                    match self.transact(actions).await {
                        Ok(()) => return accepted(Some(user::read(id, item)?), false, &redeem),
                        Err(Fault::Cancelled(_)) => {}
                        Err(fault) => return Err(fault.into()),
                    }
                }
                _ => {
                    return Err(Error::internal(
                        "a cancelled transaction names no refused condition",
                    ));
                }
            }
        }
        Err(Error::Unavailable("the account kept changing".into()))
    }

    fn register(&self, redeem: &mut Redeem<'_>) -> Result<Vec<TransactWriteItem>> {
        let mut newcomer = redeem.newcomer.clone();
        newcomer
            .sessions
            .insert(redeem.session.id, redeem.session.end);
        redeem.session.user = newcomer.id;
        let mut item = user::item(&newcomer);
        item.insert("registered_with".to_owned(), s(redeem.method));
        if let Some(origin) = redeem.source {
            item.insert("registered_from".to_owned(), s(origin));
        }
        let mut claim = keys::claim(redeem.identifier).item();
        claim.insert("user".to_owned(), s(newcomer.id.to_string()));
        let mut actions = vec![
            self.use_up_action(
                Purpose::SignIn,
                redeem.identifier,
                redeem.live,
                redeem.lane,
                redeem.now,
            )?,
            self.put_new(claim)?,
            self.put_new(item)?,
        ];
        actions.extend(self.session_actions(redeem)?);
        Ok(actions)
    }

    /// `evicting`: the session that makes room for the new one.
    fn sign_in(
        &self,
        redeem: &mut Redeem<'_>,
        id: UserId,
        evicting: Option<SessionId>,
    ) -> Result<Vec<TransactWriteItem>> {
        redeem.session.user = id;
        let claim = ConditionCheck::builder()
            .table_name(self.accounts())
            .set_key(Some(keys::claim(redeem.identifier).item()))
            .condition_expression("#user=:user")
            .expression_attribute_names("#user", "user")
            .expression_attribute_values(":user", s(id.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let mut names = map([
            ("#sid", redeem.session.id.to_string()),
            ("#status", "status".to_owned()),
        ]);
        let mut values = map([
            (":end", at(redeem.session.end)),
            (":now", at(redeem.now)),
            (":active", s(Status::Active.as_str())),
        ]);
        let set = "SET sessions.#sid=:end, last_login=:now, last_activity=:now";
        let (update, room) = match evicting {
            None => {
                values.insert(":cap".to_owned(), n(redeem.sessions_per_user));
                (set.to_owned(), "size(sessions)<:cap")
            }
            Some(oldest) => {
                names.insert("#old".to_owned(), oldest.to_string());
                let ending = Ending {
                    why: Why::Evicted,
                    at: redeem.now,
                    request: String::new(),
                };
                values.insert(":ended".to_owned(), session::record(&ending));
                (
                    format!("{set}, ended=:ended REMOVE sessions.#old"),
                    "attribute_exists(sessions.#old)",
                )
            }
        };
        let user = Update::builder()
            .table_name(self.accounts())
            .set_key(Some(keys::user(id).item()))
            .update_expression(update)
            .condition_expression(format!(
                "#status=:active AND {room} AND (attribute_not_exists(erases_at) OR erases_at>:now)"
            ))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let mut actions = vec![
            self.use_up_action(
                Purpose::SignIn,
                redeem.identifier,
                redeem.live,
                redeem.lane,
                redeem.now,
            )?,
            TransactWriteItem::builder()
                .condition_check(claim.map_err(Error::internal)?)
                .build(),
            TransactWriteItem::builder()
                .update(user.map_err(Error::internal)?)
                .build(),
        ];
        actions.extend(self.session_actions(redeem)?);
        if let Some(oldest) = evicting {
            let delete = Delete::builder()
                .table_name(self.accounts())
                .set_key(Some(keys::session(id, oldest).item()))
                .build();
            actions.push(
                TransactWriteItem::builder()
                    .delete(delete.map_err(Error::internal)?)
                    .build(),
            );
        }
        Ok(actions)
    }

    /// The session, the link to the source, the line of activity.
    fn session_actions(&self, redeem: &Redeem<'_>) -> Result<Vec<TransactWriteItem>> {
        let user = redeem.session.user;
        let mut actions = vec![
            self.put_new(session::item(&redeem.session))?,
            self.put_new(activity::item(user, &redeem.activity))?,
        ];
        if let Some(origin) = redeem.source {
            let link = Update::builder()
                .table_name(self.accounts())
                .set_key(Some(keys::user_source(user, origin).item()))
                .update_expression("SET #method=if_not_exists(#method,:method), #created=if_not_exists(#created,:now), #seen=:now")
                .set_expression_attribute_names(Some(map(
                    [("#method", "method"), ("#created", "created"), ("#seen", "seen")].map(|(a, b)| (a, b.to_owned())),
                )))
                .set_expression_attribute_values(Some(map([(":method", s(redeem.method)), (":now", at(redeem.now))])))
                .build()
                .map_err(Error::internal)?;
            actions.push(TransactWriteItem::builder().update(link).build());
        }
        Ok(actions)
    }

    pub(super) fn put_new(&self, item: Item) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(self.accounts())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    pub(crate) fn use_up_action(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
        live: &Live,
        lane: Lane,
        now: Timestamp,
    ) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(self.ephemeral())
            .set_key(Some(
                keys::challenge(purpose, identifier.kind(), identifier.as_str()).item(),
            ))
            .update_expression(use_up(lane))
            .condition_expression(STILL_GOOD)
            .set_expression_attribute_values(Some(use_up_values(live, now)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Burns a right code that opens nothing.
    pub(super) async fn use_up(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
        live: &Live,
        lane: Lane,
        now: Timestamp,
    ) -> Result<()> {
        let outcome = when_busy(|| async {
            self.client
                .update_item()
                .table_name(self.table(Table::Ephemeral))
                .set_key(Some(
                    keys::challenge(purpose, identifier.kind(), identifier.as_str()).item(),
                ))
                .update_expression(use_up(lane))
                .condition_expression(STILL_GOOD)
                .set_expression_attribute_values(Some(use_up_values(live, now)))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(())
        })
        .await;
        settled(outcome)
    }
}

/// A code that a known device proved says nothing of the strangers' guesses; one that anybody else proved does.
fn use_up(lane: Lane) -> &'static str {
    match lane {
        Lane::Stranger => "SET f=:z, kf=:z REMOVE nonce, k, ids, mute, fa, kfa, guess",
        Lane::Known => "SET kf=:z REMOVE nonce, k, ids, mute, kfa, guess",
    }
}

const STILL_GOOD: &str = "nonce=:n AND exp>:now AND attribute_not_exists(mute)";

fn use_up_values(live: &Live, now: Timestamp) -> Item {
    map([(":n", b(live.nonce)), (":now", at(now)), (":z", n(0))])
}

fn status(item: &Item) -> Result<Status> {
    item.text("status")
        .and_then(Status::parse)
        .ok_or_else(|| item.corrupt("user", "status"))
}

/// The session that ends first: every session lasts equally long, so it is the oldest.
fn oldest(item: &Item) -> Option<SessionId> {
    user::sessions(item)
        .into_iter()
        .min_by_key(|(id, end)| (*end, *id))
        .map(|(id, _)| id)
}

fn accepted(user: Option<User>, is_new: bool, redeem: &Redeem<'_>) -> Result<Redeemed> {
    let mut user = user.ok_or_else(|| Error::internal("a user vanished between two reads"))?;
    user.sessions.insert(redeem.session.id, redeem.session.end);
    user.last_login = Some(redeem.now);
    user.last_activity = Some(redeem.now);
    Ok(Redeemed::Accepted {
        user: Box::new(user),
        is_new,
    })
}
