//! Uses a right code up and opens the session: one transaction, all of it or nothing.
//!
//! Never two sessions from one code, never a burnt code without a session, and of right submissions in flight always one.

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
use crate::domain::claim::Claim;
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

/// Where each condition of the transaction stands.
const CHALLENGE: usize = 0;
const CLAIM: usize = 1;
const USER: usize = 2;

impl Store {
    /// Uses the code up; makes the account where nobody claims the address; opens the session, links the source, notes
    /// the activity. `owner` is the claim on the address, as read before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the code then still stands, or the session is open.
    pub async fn redeem(
        &self,
        mut redeem: Redeem<'_>,
        mut owner: Option<Claim>,
    ) -> Result<Redeemed> {
        for _ in 0..4 {
            let (outcome, user) = match owner {
                None => {
                    let user = redeem.newcomer.clone();
                    (self.transact(register(&mut redeem)).await, Some(user))
                }
                Some(Claim { user: id, .. }) => {
                    let writes = sign_in(&mut redeem, id, &[]);
                    let (outcome, user) = futures_util::join!(self.transact(writes), self.user(id));
                    (outcome, user?)
                }
            };
            let refused = match outcome {
                Ok(()) => return accepted(user, owner, &redeem),
                Err(StoreError::Cancelled(refused)) => refused,
                Err(fault) => return Err(fault.into()),
            };
            let of = |place: usize| refused.get(place).and_then(Option::as_ref);
            if let Some(challenge) = of(CHALLENGE) {
                // A fresh code came in between, or the code became a known device's own: it is in another place.
                let Some(place) = redeem.spend().moved(challenge) else {
                    return Ok(Redeemed::Refused);
                };
                redeem.place = place;
                continue;
            }
            match (owner.map(|claim| claim.user), of(CLAIM), of(USER)) {
                // The address moved meanwhile: read the claim again.
                (_, Some(_), _) => owner = self.claim(redeem.identifier).await?,
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
                    owner = self.claim(redeem.identifier).await?;
                }
                (Some(_), None, Some(item)) if status(item)? == Status::Suspended => {
                    settled(self.write(redeem.spend().write()).await)?;
                    return Ok(Redeemed::Suspended);
                }
                (Some(id), None, Some(item)) => {
                    if self.sign_in_evicting(&mut redeem, id, item).await? {
                        return accepted(Some(user::read(id, item)?), owner, &redeem);
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

    /// Opens the session in place of those that are too many, by the user's item as it was; `false` where something has
    /// changed meanwhile.
    async fn sign_in_evicting(
        &self,
        redeem: &mut Redeem<'_>,
        id: UserId,
        item: &Item,
    ) -> Result<bool> {
        let surplus = surplus(item, redeem.sessions_per_user);
        if surplus.is_empty() {
            return Err(item.corrupt("user", "sessions"));
        }
        all_held(self.transact(sign_in(redeem, id, &surplus)).await)
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
    }
    let claim = claim::item(redeem.identifier, newcomer.id, redeem.now);
    let mut writes = vec![
        redeem.spend().write(),
        Write::put_new(Table::Accounts, claim),
        Write::put_new(Table::Accounts, item),
    ];
    writes.extend(session_writes(redeem));
    writes
}

/// `evicting`: the sessions that make room for the new one.
fn sign_in(redeem: &mut Redeem<'_>, id: UserId, evicting: &[SessionId]) -> Vec<Write> {
    redeem.session.user = id;
    let claim = Write::check(
        Table::Accounts,
        keys::claim(redeem.identifier),
        "#user=:user",
    )
    .value(":user", s(id.to_string()));
    let set = "SET sessions.#sid=:end, last_login=:now, last_activity=:now";
    let old = |place| format!("sessions.#old{place}");
    let replaced = redeem.replaces.filter(|(user, _)| *user == id);
    let replaced = replaced
        .map(|(_, session)| session)
        .filter(|_| evicting.is_empty());
    let (set, allowance) = if replaced.is_some() {
        // Where it is in the map it makes room for the new one.
        (
            format!("{set}, ended=:ended REMOVE sessions.#old0"),
            "(size(sessions)<:cap OR size(sessions)=:cap AND attribute_exists(sessions.#old0))"
                .to_owned(),
        )
    } else if evicting.is_empty() {
        (set.to_owned(), "size(sessions)<:cap".to_owned())
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
    let user = counting_a_line(Write::update(Table::Accounts, keys::user(id), set))
        .when(format!(
            "#status=:active AND {allowance} AND (attribute_not_exists(erases_at) OR erases_at>:now)"
        ))
        .name("#sid", redeem.session.id.to_string())
        .values([
            (":end", at(redeem.session.end)),
            (":now", at(redeem.now)),
            (":active", s(Status::Active.as_str())),
        ]);
    let user = if evicting.is_empty() {
        user.value(":cap", n(redeem.sessions_per_user))
    } else {
        user
    };
    let ending: Vec<_> = evicting.iter().copied().chain(replaced).collect();
    let why = if replaced.is_some() {
        Why::SignedOut
    } else {
        Why::Evicted
    };
    let user = ending_in(user, &ending, why, redeem.now);
    let mut writes = vec![redeem.spend().write(), claim, user];
    writes.extend(session_writes(redeem));
    let gone = ending.into_iter();
    writes.extend(gone.map(|old| Write::delete(Table::Accounts, keys::session(id, old))));
    writes
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

/// The session, the line of activity, the link to the source.
fn session_writes(redeem: &Redeem<'_>) -> impl Iterator<Item = Write> {
    let user = redeem.session.user;
    let link = redeem.source.map(|origin| {
        let set = "SET #method=if_not_exists(#method,:method), #created=if_not_exists(#created,:now), #seen=:now";
        Write::update(Table::Accounts, keys::user_source(user, origin), set)
            .values([(":method", s(redeem.method)), (":now", at(redeem.now))])
    });
    [
        Write::put_new(Table::Accounts, session::item(&redeem.session)),
        Write::put_new(Table::Accounts, activity::item(user, &redeem.activity)),
    ]
    .into_iter()
    .chain(link)
}

impl Redeem<'_> {
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

fn status(item: &Item) -> Result<Status> {
    item.text("status")
        .and_then(Status::parse)
        .ok_or_else(|| item.corrupt("user", "status"))
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

/// `owner`: the claim on the address, where somebody had it.
fn accepted(user: Option<User>, owner: Option<Claim>, redeem: &Redeem<'_>) -> Result<Redeemed> {
    let mut user = user.ok_or_else(|| Error::internal("a user vanished between two reads"))?;
    let claim = owner.unwrap_or(Claim {
        user: user.id,
        since: redeem.now.as_millisecond(),
    });
    user.sessions.insert(redeem.session.id, redeem.session.end);
    user.last_login = Some(redeem.now);
    user.last_activity = Some(redeem.now);
    Ok(Redeemed::Accepted {
        user: Box::new(user),
        is_new: owner.is_none(),
        claim,
    })
}
