//! Uses a right code up and opens the session: one transaction, all of it or nothing.
//!
//! Never two sessions from one code, never a burnt code without a session, and of right submissions in flight always one.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::activity::{self, Activity};
use super::challenge::spend::{Place, Spend};
use super::error::{StoreError, settled};
use super::item::{Item, Read, at, n, s};
use super::keys::{self, Table};
use super::profile::counting_a_line;
use super::write::{Write, all_held};
use super::{Store, claim, session, user};
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::claim::{Claim, Claimed};
use crate::domain::id::{SessionId, UserId};
use crate::domain::identifier::{Identifier, IdentifierKind};
use crate::domain::session::{Ending, NewSession, Why};
use crate::domain::user::{Status, User};
use crate::{Error, Result};

/// A proven code and what comes of it.
pub struct Redeem<'a> {
    /// Whose code it was.
    pub identifier: &'a Identifier,
    /// The code, as it was compared.
    pub live: &'a Live,
    /// Where its challenge held it then.
    pub place: Place,
    /// Who compared it.
    pub lane: Lane,
    /// The account as a new one, in case nobody claims the address: id, address, language.
    pub newcomer: User,
    /// The session to open; its user is set to the owner of the address.
    pub session: NewSession,
    /// The origin to link, if one is known.
    pub source: Option<&'a str>,
    /// How the address was proven: `otp_email`, `otp_phone`, `otp_whatsapp`.
    pub method: &'static str,
    /// The line of activity.
    pub activity: Activity<'a>,
    /// Sessions of one person.
    pub sessions_per_user: u32,
    /// The session that the browser had before, in its cookie: it ends with this one where it is the same person's.
    pub replaces: Option<(UserId, SessionId)>,
    pub now: Timestamp,
}

/// What came of a right code.
#[derive(Debug)]
pub enum Redeemed {
    /// The session is open.
    Accepted {
        user: Box<User>,
        /// Whether the account was made just now.
        is_new: bool,
        /// The claim on the address that was proven.
        claim: Claim,
    },
    /// Somebody else used the code first, or it ended meanwhile.
    Refused,
    /// The account is suspended; the code is used up.
    Suspended,
}

/// Where these two stand in the transaction; behind them the claim alone has a condition that can fail.
const CHALLENGE: usize = 0;
const USER: usize = 1;

/// What kept the transaction from happening.
enum Obstacle {
    /// The code is in another place by now, if it is anywhere.
    Code(Option<Place>),
    /// The address is another account's than when its claim was read, or nobody's.
    Moved,
    /// The account's grace period has ended and nobody has erased it yet: the first step of that frees the address.
    Due(Box<User>),
    Suspended,
    /// The account has as many sessions as it may have, or more: these end first.
    Full(Box<User>, Vec<SessionId>),
}

impl Store {
    /// Uses the code up; makes the account where nobody claims the address; opens the session, links the source, notes
    /// the activity. `owner` is what the claim on the address says, as read before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the code then still stands, or the session is open.
    pub async fn redeem(
        &self,
        mut redeem: Redeem<'_>,
        mut owner: Option<Claimed>,
    ) -> Result<Redeemed> {
        for _ in 0..4 {
            let (outcome, user) = match &owner {
                None => {
                    let user = redeem.newcomer.clone();
                    (self.transact(register(&mut redeem)).await, Some(user))
                }
                Some(claimed) => {
                    let writes = sign_in(&mut redeem, claimed, &[]);
                    let user = self.user(claimed.claim.user);
                    let (outcome, user) = futures_util::join!(self.transact(writes), user);
                    (outcome, user?)
                }
            };
            let refused = match outcome {
                Ok(()) => return accepted(user, owner.as_ref(), &redeem),
                Err(StoreError::Cancelled(refused)) => refused,
                Err(fault) => return Err(fault.into()),
            };
            match (redeem.obstacle(&refused, owner.as_ref())?, &owner) {
                (Obstacle::Code(Some(place)), _) => redeem.place = place,
                (Obstacle::Code(None), _) => return Ok(Redeemed::Refused),
                (Obstacle::Moved, _) => owner = self.moved(&redeem, owner).await?,
                (Obstacle::Due(user), _) => {
                    self.begin_erasure(&user, redeem.now).await?;
                    owner = self.claim(redeem.identifier).await?;
                }
                (Obstacle::Suspended, _) => {
                    settled(self.write(redeem.spend().write()).await)?;
                    return Ok(Redeemed::Suspended);
                }
                (Obstacle::Full(user, surplus), Some(claimed)) => {
                    let writes = sign_in(&mut redeem, claimed, &surplus);
                    if all_held(self.transact(writes).await)? {
                        return accepted(Some(*user), Some(claimed), &redeem);
                    }
                }
                (Obstacle::Full(..), None) => {
                    return Err(Error::internal("a new account has too many sessions"));
                }
            }
        }
        Err(Error::Unavailable("the account kept changing".into()))
    }

    /// What the claim says now that the address is not the account's any more.
    async fn moved(&self, redeem: &Redeem<'_>, before: Option<Claimed>) -> Result<Option<Claimed>> {
        let now = self.claim(redeem.identifier).await?;
        match before {
            // The claim goes with the first step of an erasure, and no account is without its address before.
            Some(before) if now.as_ref() == Some(&before) => {
                let user = before.claim.user;
                Err(Error::Unavailable(format!("{user} is being erased")))
            }
            _ => Ok(now),
        }
    }
}

fn register(redeem: &mut Redeem<'_>) -> Vec<Write> {
    let mut newcomer = redeem.newcomer.clone();
    newcomer
        .sessions
        .insert(redeem.session.id, redeem.session.end);
    redeem.session.user = newcomer.id;
    let mut item = user::item(&newcomer);
    item.insert("registered_with".to_owned(), s(redeem.method));
    if let Some(origin) = redeem.source {
        item.insert("registered_from".to_owned(), s(origin));
        item.extend(last_source(origin, redeem.now));
    }
    let claim = claim::item(redeem.identifier, newcomer.id, redeem.source, redeem.now);
    let mut writes = vec![
        redeem.spend().write(),
        Write::put_new(Table::Accounts, item),
        Write::put_new(Table::Accounts, session::item(&redeem.session)),
    ];
    writes.extend(redeem.line_and_link(redeem.source));
    writes.push(Write::put_new(Table::Accounts, claim));
    writes
}

/// `evicting`: the sessions that make room for the new one.
///
/// That the address is still the account's is a condition on the account, which changes with its claims in one transaction.
/// The claim is written only where it does not name the source yet; where it does, the stream moves the link's last
/// sign-in, by the session's `src`.
fn sign_in(redeem: &mut Redeem<'_>, owner: &Claimed, evicting: &[SessionId]) -> Vec<Write> {
    let id = owner.claim.user;
    redeem.session.user = id;
    let replaced = redeem.replaces.filter(|(user, _)| *user == id);
    let replaced = replaced
        .map(|(_, session)| session)
        .filter(|_| evicting.is_empty());
    let user = account(redeem, id, evicting, replaced);
    let new_source = redeem
        .source
        .filter(|origin| owner.source.as_deref() != Some(origin));
    let mut session = session::item(&redeem.session);
    if let (Some(origin), None) = (redeem.source, new_source) {
        session.insert("src".to_owned(), s(origin));
    }
    let mut writes = vec![
        redeem.spend().write(),
        user,
        Write::put_new(Table::Accounts, session),
    ];
    writes.extend(redeem.line_and_link(new_source));
    writes.extend(new_source.map(|origin| claim::names_source(redeem.identifier, id, origin)));
    let gone = evicting.iter().copied().chain(replaced);
    writes.extend(gone.map(|old| Write::delete(Table::Accounts, keys::session(id, old))));
    writes
}

/// The account with its new session, in place of those that it evicts or replaces.
fn account(
    redeem: &Redeem<'_>,
    id: UserId,
    evicting: &[SessionId],
    replaced: Option<SessionId>,
) -> Write {
    let mut set = "SET sessions.#sid=:end, last_login=:now, last_activity=:now".to_owned();
    if redeem.source.is_some() {
        set += ", last_source=:source, last_source_at=:now";
    }
    let old = |place| format!("sessions.#old{place}");
    let (set, allowance) = if replaced.is_some() {
        // Where it is in the map it makes room for the new one.
        (
            format!("{set}, ended=:ended REMOVE sessions.#old0"),
            "(size(sessions)<:cap OR size(sessions)=:cap AND attribute_exists(sessions.#old0))"
                .to_owned(),
        )
    } else if evicting.is_empty() {
        (set, "size(sessions)<:cap".to_owned())
    } else {
        let olds: Vec<_> = (0..evicting.len()).map(old).collect();
        let there: Vec<_> = olds
            .iter()
            .map(|old| format!("attribute_exists({old})"))
            .collect();
        (
            format!("{set}, ended=:ended REMOVE {}", olds.join(", ")),
            there.join(" AND "),
        )
    };
    let mut user = counting_a_line(Write::update(Table::Accounts, keys::user(id), set))
        .when(format!(
            "#status=:active AND #address=:address AND {allowance} AND (attribute_not_exists(erases_at) OR erases_at>:now)"
        ))
        .name("#sid", redeem.session.id.to_string())
        .name("#address", redeem.identifier.kind().as_str())
        .values([
            (":address", s(redeem.identifier.as_str())),
            (":end", at(redeem.session.end)),
            (":now", at(redeem.now)),
            (":active", s(Status::Active.as_str())),
        ]);
    if let Some(origin) = redeem.source {
        user = user.value(":source", s(origin));
    }
    if evicting.is_empty() {
        user = user.value(":cap", n(redeem.sessions_per_user));
    }
    let ending: Vec<_> = evicting.iter().copied().chain(replaced).collect();
    let why = if replaced.is_some() {
        Why::SignedOut
    } else {
        Why::Evicted
    };
    ending_in(user, &ending, why, redeem.now)
}

/// Names the sessions that end with a sign-in, and why.
fn ending_in(user: Write, sessions: &[SessionId], why: Why, now: Timestamp) -> Write {
    if sessions.is_empty() {
        return user;
    }
    let ending = Ending {
        why,
        at: now,
        request: String::new(),
    };
    sessions.iter().enumerate().fold(
        user.value(":ended", session::record(&ending)),
        |user, (place, old)| user.name(&format!("#old{place}"), old.to_string()),
    )
}

/// What an account says of the source of its last sign-in that had one.
fn last_source(origin: &str, now: Timestamp) -> [(String, AttributeValue); 2] {
    [
        ("last_source".to_owned(), s(origin)),
        ("last_source_at".to_owned(), at(now)),
    ]
}

impl Redeem<'_> {
    /// The line of activity, and the link to a source that the claim does not name.
    fn line_and_link(&self, source: Option<&str>) -> impl Iterator<Item = Write> + use<'_> {
        let user = self.session.user;
        let line = Write::put_new(Table::Accounts, activity::item(user, &self.activity));
        let link = source.map(|origin| {
            let set = "SET #method=if_not_exists(#method,:method), #created=if_not_exists(#created,:now), #seen=:now";
            Write::update(Table::Accounts, keys::user_source(user, origin), set)
                .values([(":method", s(self.method)), (":now", at(self.now))])
        });
        [line].into_iter().chain(link)
    }

    /// Reads the obstacle off the conditions that did not hold. `owner`: whose account it was to be, none for a new one.
    fn obstacle(&self, refused: &[Option<Item>], owner: Option<&Claimed>) -> Result<Obstacle> {
        let of = |place: usize| refused.get(place).and_then(Option::as_ref);
        if let Some(challenge) = of(CHALLENGE) {
            return Ok(Obstacle::Code(self.spend().moved(challenge)));
        }
        let (Some(owner), Some(item)) = (owner, of(USER)) else {
            return Ok(Obstacle::Moved);
        };
        if item.is_empty() {
            return Ok(Obstacle::Moved);
        }
        let user = Box::new(user::read(owner.claim.user, item)?);
        let kind: IdentifierKind = self.identifier.kind();
        if user.status == Status::Erasing || user.address(kind) != Some(self.identifier.as_str()) {
            return Ok(Obstacle::Moved);
        }
        if user.erases_at.is_some_and(|at| at <= self.now) {
            return Ok(Obstacle::Due(user));
        }
        if user.status == Status::Suspended {
            return Ok(Obstacle::Suspended);
        }
        let surplus = surplus(item, self.sessions_per_user);
        if surplus.is_empty() {
            return Err(item.corrupt("user", "sessions"));
        }
        Ok(Obstacle::Full(user, surplus))
    }

    fn spend(&self) -> Spend<'_> {
        Spend {
            purpose: Purpose::SignIn,
            identifier: self.identifier,
            live: self.live,
            place: self.place,
            lane: self.lane,
            owner: None,
            now: self.now,
        }
    }
}

/// The sessions that are too many for one more, those that end first: every session lasts equally long, so they are the
/// oldest. More than one where `SESSIONS_PER_USER` is lower than it was.
fn surplus(item: &Item, most: u32) -> Vec<SessionId> {
    let mut sessions: Vec<_> = user::sessions(item)
        .into_iter()
        .map(|(id, end)| (end, id))
        .collect();
    sessions.sort_unstable();
    let kept = usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX);
    sessions.truncate(sessions.len().saturating_sub(kept));
    sessions.into_iter().map(|(_, id)| id).collect()
}

/// `owner`: what the claim on the address said, where somebody had it.
fn accepted(user: Option<User>, owner: Option<&Claimed>, redeem: &Redeem<'_>) -> Result<Redeemed> {
    let mut user = user.ok_or_else(|| Error::internal("a user vanished between two reads"))?;
    let claim = owner.map_or(
        Claim {
            user: user.id,
            since: redeem.now.as_millisecond(),
        },
        |owner| owner.claim,
    );
    user.sessions.insert(redeem.session.id, redeem.session.end);
    user.last_login = Some(redeem.now);
    user.last_activity = Some(redeem.now);
    Ok(Redeemed::Accepted {
        user: Box::new(user),
        is_new: owner.is_none(),
        claim,
    })
}
