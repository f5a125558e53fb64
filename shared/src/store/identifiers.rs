//! The addresses of an account: proven, they are taken or given up in one transaction, which also ends the other
//! sessions and promises the notice.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::activity::Activity;
use super::addresses::former;
use super::challenge::spend::{Place, Spend};
use super::error::{StoreError, settled};
use super::item::{Item, at, map, n, s};
use super::keys::{self, Table};
use super::pending_notices::{notice, promised};
use super::profile::{counting_a_line, note, still_signed_in};
use super::write::Write;
use super::{Store, session};
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::id::{SessionId, UserId};
use crate::domain::identifier::{AddressChange, Identifier, IdentifierKind};
use crate::domain::notice::{News, Notice};
use crate::domain::quota::TELLING_CHANGE;
use crate::domain::session::{Ending, Why};
use crate::domain::user::{Status, User};
use crate::{Error, Result};

/// Who changes an address, and what is recorded about it.
#[derive(Clone, Debug)]
pub struct By<'a> {
    /// By which sign-in; it is the one session that is kept.
    pub session: SessionId,
    pub request: &'a str,
    /// The line in the person's activity.
    pub activity: Activity<'a>,
    pub now: Timestamp,
}

/// What came of a proven address.
#[derive(Clone, Debug)]
pub enum Linked {
    /// The account as it is now, and who is to be told; nobody, where it was the account's already.
    To(Box<User>, Vec<Notice>),
    /// The address is somebody else's; the code is used up.
    Taken,
    /// The code was used or has ended, or it was for the address before this one.
    CodeOver,
    /// The account changed too often; whole seconds to wait. The code is not used up.
    Limited(u64),
    /// The account is gone or not active, or the session has ended.
    Refused,
}

/// What came of giving an address up.
#[derive(Clone, Debug)]
pub enum Unlinked {
    /// The account as it is now, and who is to be told; nobody, where there was none.
    To(Box<User>, Vec<Notice>),
    /// It is the last way to sign in.
    Last,
    /// The account changed too often; whole seconds to wait.
    Limited(u64),
    /// The account is gone or not active, or the session has ended.
    Refused,
}

/// A right code for an address, not used up yet.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// The address.
    pub identifier: &'a Identifier,
    /// Whom the code is for, as its MAC knows them.
    pub owner: &'a str,
    /// The code, as it was compared.
    pub live: &'a Live,
    /// Where its challenge held it then.
    pub place: Place,
    /// Who compared it.
    pub lane: Lane,
}

/// What came of one transaction.
enum Attempt {
    Done(Linked),
    /// The code is in another place by now.
    Moved(Place),
}

/// Where each condition of the transactions stands.
const USER: usize = 0;
const CHALLENGE: usize = 1;
const CLAIM: usize = 2;

/// The item of a refused condition.
fn of(refused: &[Option<Item>], place: usize) -> Option<&Item> {
    refused.get(place).and_then(Option::as_ref)
}

/// What is to be done where the code is not where it was.
fn code_over(spend: Spend<'_>, challenge: Option<&Item>) -> Attempt {
    match challenge.and_then(|challenge| spend.moved(challenge)) {
        Some(place) => Attempt::Moved(place),
        None => Attempt::Done(Linked::CodeOver),
    }
}

/// Whether everything is as it should be but for somebody else's claim.
fn is_taken(refused: &[Option<Item>]) -> bool {
    let others = [USER, CHALLENGE].map(|place| of(refused, place));
    others == [None, None] && of(refused, CLAIM).is_some()
}

impl Store {
    /// Gives a proven address to the account, as it was just read; the old one of its kind is given up. `owner` is who
    /// claims the address, as read before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the address may have changed then.
    pub async fn link(
        &self,
        user: &User,
        proof: &Proof<'_>,
        owner: Option<UserId>,
        by: &By<'_>,
    ) -> Result<Linked> {
        let mut spend = Spend {
            purpose: Purpose::Link,
            identifier: proof.identifier,
            live: proof.live,
            place: proof.place,
            lane: proof.lane,
            owner: Some(proof.owner),
            now: by.now,
        };
        for _ in 0..3 {
            match Box::pin(self.try_to_link(user, spend, owner, by)).await? {
                Attempt::Done(linked) => return Ok(linked),
                Attempt::Moved(place) => spend.place = place,
            }
        }
        Err(Error::Unavailable("the challenge kept changing".into()))
    }

    async fn try_to_link(
        &self,
        user: &User,
        spend: Spend<'_>,
        owner: Option<UserId>,
        by: &By<'_>,
    ) -> Result<Attempt> {
        let identifier = spend.identifier;
        let change = Change::new(user, identifier.kind(), Some(identifier), by);
        if change.is_none() {
            return Ok(match self.transact([spend.write()]).await {
                Ok(()) => Attempt::Done(Linked::To(Box::new(user.clone()), Vec::new())),
                Err(StoreError::Cancelled(refused)) => code_over(spend, of(&refused, 0)),
                Err(fault) => return Err(fault.into()),
            });
        }
        let changes = match user.charge_change(TELLING_CHANGE, by.now) {
            Ok(changes) => changes,
            Err(retry_after) => return Ok(Attempt::Done(Linked::Limited(retry_after))),
        };
        let notices = change.notices();
        let mut writes = vec![
            change.account(changes),
            spend.write(),
            claim(user, identifier, by.now),
        ];
        writes.extend(change.rest());
        writes.extend(notices.iter().flat_map(promised));
        let (mut outcome, claimant) =
            futures_util::join!(self.transact(writes.clone()), self.claimant(owner, user));
        if matches!(&outcome, Err(StoreError::Cancelled(refused)) if is_taken(refused))
            && let Some(claimant) = claimant?
            && claimant.erases_at.is_some_and(|at| at <= by.now)
        {
            // Its time has come, and nobody has erased it yet: the address is free from the first step on.
            self.begin_erasure(&claimant, by.now).await?;
            outcome = self.transact(writes).await;
        }
        let refused = match outcome {
            Ok(()) => {
                let linked = Linked::To(Box::new(change.done()), notices);
                return Ok(Attempt::Done(linked));
            }
            Err(StoreError::Cancelled(refused)) => refused,
            Err(fault) => return Err(fault.into()),
        };
        if let Some(item) = of(&refused, USER) {
            return Ok(Attempt::Done(
                match still_signed_in(user, item, by.session)? {
                    Some(_) => Linked::CodeOver, // the address changed meanwhile, and with it what the code is for
                    None => Linked::Refused,
                },
            ));
        }
        if is_taken(&refused) {
            settled(self.write(spend.write()).await)?;
            return Ok(Attempt::Done(Linked::Taken));
        }
        Ok(code_over(spend, of(&refused, CHALLENGE)))
    }

    /// Another claim on the address that is to be the account's.
    async fn claimant(&self, owner: Option<UserId>, user: &User) -> Result<Option<User>> {
        match owner {
            Some(id) if id != user.id => self.user(id).await,
            _ => Ok(None),
        }
    }

    /// Takes an address from the account, as it was just read.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the address may be gone then.
    pub async fn unlink(
        &self,
        mut user: User,
        kind: IdentifierKind,
        by: &By<'_>,
    ) -> Result<Unlinked> {
        for _ in 0..4 {
            let change = Change::new(&user, kind, None, by);
            if change.is_none() {
                return Ok(Unlinked::To(Box::new(user), Vec::new()));
            }
            if user.address(kind.other()).is_none() {
                return Ok(Unlinked::Last);
            }
            let changes = match user.charge_change(TELLING_CHANGE, by.now) {
                Ok(changes) => changes,
                Err(retry_after) => return Ok(Unlinked::Limited(retry_after)),
            };
            let notices = change.notices();
            let mut writes = vec![change.account(changes)];
            writes.extend(change.rest());
            writes.extend(notices.iter().flat_map(promised));
            let refused = match self.transact(writes).await {
                Ok(()) => return Ok(Unlinked::To(Box::new(change.done()), notices)),
                Err(StoreError::Cancelled(refused)) => refused,
                Err(fault) => return Err(fault.into()),
            };
            let item = refused.into_iter().next().flatten().unwrap_or_default();
            match still_signed_in(&user, &item, by.session)? {
                Some(now) => user = now,
                None => return Ok(Unlinked::Refused),
            }
        }
        Err(Error::Unavailable("the addresses kept changing".into()))
    }
}

/// Claims an address that is nobody's, or the account's own already.
fn claim(user: &User, identifier: &Identifier, now: Timestamp) -> Write {
    Write::put(
        Table::Accounts,
        super::claim::item(identifier, user.id, None, now),
    )
    .when("attribute_not_exists(pk) OR #user=:user")
    .value(":user", s(user.id.to_string()))
}

/// Gives a claim up, if it is the account's.
pub(super) fn unclaim(user: &User, identifier: &Identifier) -> Write {
    Write::delete(Table::Accounts, keys::claim(identifier))
        .when("attribute_not_exists(pk) OR #user=:user")
        .value(":user", s(user.id.to_string()))
}

/// One change of one address.
struct Change<'a> {
    user: &'a User,
    kind: IdentifierKind,
    old: Option<&'a str>,
    new: Option<&'a Identifier>,
    by: &'a By<'a>,
}

impl<'a> Change<'a> {
    fn new(
        user: &'a User,
        kind: IdentifierKind,
        new: Option<&'a Identifier>,
        by: &'a By<'a>,
    ) -> Self {
        let old = user.address(kind);
        Self {
            user,
            kind,
            old,
            new,
            by,
        }
    }

    /// The account: the address, its version, the one session that is kept.
    fn account(&self, changes: Timestamp) -> Write {
        let Self { user, kind, by, .. } = *self;
        let end = self.end();
        let ending = Ending {
            why: Why::IdentifierChanged,
            at: by.now,
            request: by.request.to_owned(),
        };
        let only = AttributeValue::M([(by.session.to_string(), end.clone())].into());
        let mut values: Item = map([
            (":active", s(Status::Active.as_str())),
            (":one", n(1)),
            (":seen", n(user.address_version(kind))),
            (":end", end),
            (":only", only),
            (":ended", session::record(&ending)),
            (":now", at(by.now)),
            (":changes", at(changes)),
        ]);
        let mut when = "#status=:active AND sessions.#sid=:end AND #count=:seen".to_owned();
        let mut set =
            "SET sessions=:only, ended=:ended, last_activity=:now, #changes=:changes, #count=#count+:one, #version=#version+:one"
                .to_owned();
        if let Some(new) = self.new {
            values.insert(":address".to_owned(), s(new.as_str()));
            set.push_str(", #address=:address");
        } else {
            when.push_str(" AND attribute_exists(#other)");
            set.push_str(" REMOVE #address");
        }
        counting_a_line(Write::update(Table::Accounts, keys::user(user.id), set))
            .when(when)
            .name("#sid", by.session.to_string())
            .name("#address", field(kind))
            .name("#other", field(kind.other()))
            .name("#count", format!("{}_version", field(kind)))
            .values(values)
    }

    /// The line of activity, the old claim given up and remembered.
    fn rest(&self) -> impl Iterator<Item = Write> {
        let old = self.old_identifier().into_iter().flat_map(|old| {
            let former = former(self.user.id, &old, self.by.now);
            [
                unclaim(self.user, &old),
                Write::put(Table::Accounts, former),
            ]
        });
        std::iter::once(note(self.user.id, &self.by.activity)).chain(old)
    }

    /// Whether nothing is left to change.
    fn is_none(&self) -> bool {
        self.old == self.new.map(Identifier::as_str)
    }

    /// The absolute end of the session that is kept.
    fn end(&self) -> AttributeValue {
        let end = self.user.sessions.get(&self.by.session);
        at(end.copied().unwrap_or(self.by.now))
    }

    /// A mail address that today's rules would refuse is no identifier any more, and its claim stays.
    fn old_identifier(&self) -> Option<Identifier> {
        self.old.and_then(Identifier::restore)
    }

    fn change(&self) -> AddressChange {
        match (self.old, self.new) {
            (None, _) => AddressChange::Added,
            (Some(_), Some(_)) => AddressChange::Replaced,
            (Some(_), None) => AddressChange::Removed,
        }
    }

    /// The former address is told, and the other one, each for itself.
    fn notices(&self) -> Vec<Notice> {
        let other = self
            .user
            .address(self.kind.other())
            .and_then(Identifier::restore);
        let old = self.old_identifier();
        let Some(shown) = self.new.cloned().or_else(|| old.clone()) else {
            return Vec::new();
        };
        let news = News::Address {
            change: self.change(),
            kind: self.kind,
            masked: shown.masked(),
        };
        let to = old.into_iter().chain(other);
        to.map(|to| notice(self.user, news.clone(), to, self.by.now))
            .collect()
    }

    /// The account afterwards.
    fn done(&self) -> User {
        let mut user = self.user.clone();
        let new = self.new.map(|new| new.as_str().to_owned());
        match self.kind {
            IdentifierKind::Email => {
                user.email = new;
                user.email_version += 1;
            }
            IdentifierKind::Phone => {
                user.phone = new;
                user.phone_version += 1;
            }
        }
        user.sessions.retain(|id, _| *id == self.by.session);
        user.last_activity = Some(self.by.now);
        user.version += 1;
        user
    }
}

fn field(kind: IdentifierKind) -> &'static str {
    kind.as_str()
}
