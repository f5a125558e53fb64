//! Uses a right code up, wherever its challenge holds it by then.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::{COMMON, KNOWN};
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::identifier::Identifier;
use crate::store::item::{Item, Read, at, b, n, s};
use crate::store::keys::{self, Table};
use crate::store::write::Write;

/// Where a challenge holds a code that was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// As the common code alone.
    Common,
    /// As a known device's alone.
    Known,
    /// As a known device's, and as the common code before the present one.
    KnownAndReplaced,
    /// As both.
    Both,
    /// As the common code before the present one: a fresh one came while it was being verified.
    Replaced,
}

impl Place {
    /// Where this code is, if anywhere.
    pub(super) fn of(item: &Item, live: &Live) -> Option<Self> {
        let is = |name| item.bytes(name) == Some(live.nonce);
        match (is(COMMON.nonce), is(KNOWN.nonce), is("pn")) {
            (true, true, _) => Some(Self::Both),
            (true, false, _) => Some(Self::Common),
            (false, true, true) => Some(Self::KnownAndReplaced),
            (false, true, false) => Some(Self::Known),
            (false, false, true) => Some(Self::Replaced),
            (false, false, false) => None,
        }
    }
}

/// A right code that is to be used up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spend<'a> {
    pub purpose: Purpose,
    pub identifier: &'a Identifier,
    /// The code, as it was compared.
    pub live: &'a Live,
    pub place: Place,
    /// Who proved it.
    pub lane: Lane,
    /// For linking: whom the code is for. It stays good for others, and this owner has used it.
    pub owner: Option<&'a str>,
    pub now: Timestamp,
}

impl Spend<'_> {
    /// The write that uses the code up, if it is still good and in its place. A code that a known device proved says nothing
    /// of the strangers' guesses; one that anybody else proved does.
    pub(crate) fn write(&self) -> Write {
        let (when, gone) = match self.place {
            Place::Common => (
                "nonce=:n AND exp>:now AND attribute_not_exists(mute) AND (attribute_not_exists(kn) OR kn<>:n)",
                "nonce, k, ids, mute, guess",
            ),
            Place::Known => (
                "kn=:n AND kexp>:now AND (attribute_not_exists(nonce) OR nonce<>:n) AND (attribute_not_exists(pn) OR pn<>:n)",
                "kn, kk, kids, guess",
            ),
            Place::KnownAndReplaced => (
                "kn=:n AND pn=:n AND kexp>:now AND (attribute_not_exists(nonce) OR nonce<>:n)",
                "kn, kk, kids, pn, guess",
            ),
            Place::Both => (
                "nonce=:n AND kn=:n AND exp>:now AND attribute_not_exists(mute)",
                "nonce, k, ids, mute, kn, kk, kids, guess",
            ),
            Place::Replaced => (
                "pn=:n AND :exp>:now AND (attribute_not_exists(nonce) OR nonce<>:n) AND (attribute_not_exists(kn) OR kn<>:n)",
                "pn",
            ),
        };
        let (cleared, forgiven) = match self.lane {
            Lane::Stranger => ("f=:z, kf=:z", "fa, kfa"),
            Lane::Known => ("kf=:z", "kfa"),
        };
        let mut values = vec![
            (":n", b(self.live.nonce)),
            (":pv", n(self.live.pepper)),
            (":lane", s(self.lane.as_str())),
            (":now", at(self.now)),
            (":z", n(0)),
        ];
        if self.place == Place::Replaced {
            values.push((":exp", at(self.live.expires)));
        }
        let used = format!("SET {cleared}, won=:n, wpv=:pv, wl=:lane");
        let write = match (self.owner, self.place) {
            (Some(owner), Place::Common) => {
                let spent = AttributeValue::Ss(vec![owner.to_owned()]);
                values.extend([
                    (":owner", s(owner)),
                    (":spent", spent),
                    (":none", AttributeValue::M(Item::new())),
                ]);
                let set = format!("{used}, k=:none REMOVE guess, {forgiven} ADD spent :spent");
                Write::update(Table::Ephemeral, self.key(), set).when(format!(
                    "{when} AND (attribute_not_exists(spent) OR NOT contains(spent,:owner))"
                ))
            }
            _ => {
                let set = format!("{used} REMOVE {gone}, {forgiven}");
                Write::update(Table::Ephemeral, self.key(), set).when(when)
            }
        };
        write.values(values)
    }

    /// Where the code is to be looked for instead, as its challenge was when the write was refused; `None` where it is over.
    pub(crate) fn moved(&self, challenge: &Item) -> Option<Place> {
        Place::of(challenge, self.live).filter(|place| *place != self.place)
    }

    fn key(&self) -> keys::Key {
        keys::challenge(
            self.purpose,
            self.identifier.kind(),
            self.identifier.as_str(),
        )
    }
}
