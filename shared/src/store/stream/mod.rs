//! Reads off the tables' streams what happened: domain events, counts, and what is still to be done about it.
//!
//! Pure: a change of one item in, its [`Effects`] out. The same change always has the same effects, ids included, so
//! that one that comes twice can be recognised.

mod account;
mod change;
mod code;
mod message;
#[cfg(test)]
mod tests;

pub use change::Change;

use aws_lc_rs::digest;
use jiff::Timestamp;

use crate::domain::challenge::Purpose;
use crate::domain::event::{Event, Happened};
use crate::domain::id::{DeliveryId, EventId, SessionId, UserId};
use crate::domain::identifier::Identifier;
use crate::keyring::derive::AddressKeys;
use crate::store::statistics::Count;

/// What one change of one item tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// What happened, for other systems.
    pub events: Vec<Event>,
    /// What is counted by it, once.
    pub counts: Vec<Count>,
    /// What is still to be done; each may be done twice without harm.
    pub tasks: Vec<Task>,
}

/// Something that the request itself left to be done after its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// A session was used: the account shows it.
    Active { user: UserId, at: Timestamp },
    /// An account has many lines of activity: the oldest go.
    TrimActivity { user: UserId },
    /// A new account, for the list of recent ones.
    Join {
        user: UserId,
        at: Timestamp,
        /// The origin of the page that they came from.
        source: Option<String>,
    },
    /// An account that is gone, off the list of recent ones.
    Leave {
        user: UserId,
        /// When it had come.
        at: Timestamp,
    },
    /// A person signed in from a source that they are linked with.
    SourceSeen {
        user: UserId,
        origin: String,
        at: Timestamp,
    },
    /// A source brought a user.
    SourceGrew { origin: String, at: Timestamp },
    /// A session ended before its time: a line of activity.
    SessionEnded {
        user: UserId,
        session: SessionId,
        why: String,
        at: Timestamp,
        line: EventId,
    },
    /// A refresh was repeated from elsewhere: a line of activity.
    RefreshedElsewhere {
        user: UserId,
        session: SessionId,
        at: Timestamp,
        ip: String,
        user_agent: String,
        line: EventId,
    },
    /// An address was proven: its owner's other address opens, and failures before it are a line of activity.
    Proven {
        identifier: Identifier,
        /// Wrong codes since the last right one.
        failures: u32,
        at: Timestamp,
        line: EventId,
    },
    /// A code by WhatsApp did not arrive: it may go by SMS.
    Undelivered {
        /// What the code is for.
        purpose: Purpose,
        identifier: Identifier,
        /// The delivery.
        delivery: DeliveryId,
    },
    /// An address is held up: whose it is belongs into the event at this place.
    Locked {
        identifier: Identifier,
        event: usize,
    },
}

/// Says what a change means.
#[derive(Clone, Copy)]
pub struct Interpreter<'a> {
    /// By which a wrong code is known, and addresses are named.
    pub address_keys: AddressKeys<'a>,
    /// Failures in a row that close a channel.
    pub failure_cap: u32,
}

impl Interpreter<'_> {
    /// What a change tells; nothing for what nobody asks about.
    #[must_use]
    pub fn interpret(&self, change: &Change) -> Effects {
        let mut effects = Effects::default();
        let noun = |prefix: &str| change.pk.strip_prefix(prefix);
        if let Some(user) = noun("USER#").and_then(UserId::parse) {
            account::interpret(user, change, &mut effects);
        } else if let Some(address) = noun("CODE#") {
            code::interpret(self, address, change, &mut effects);
        } else if let Some(id) = noun("DELIVERY#") {
            message::delivery(id, change, &mut effects);
        } else if noun("SUPPRESSED#").is_some() {
            message::suppression(change, &mut effects);
        }
        effects
    }
}

impl Effects {
    fn happened(&mut self, change: &Change, at: Timestamp, happened: Happened) {
        let id = change.event_id(at, happened.name(), self.events.len());
        self.events.push(Event { id, at, happened });
    }
}

impl Change {
    /// An id that the change itself determines.
    fn event_id(&self, at: Timestamp, what: &str, place: usize) -> EventId {
        let text = format!("{}\0{what}\0{place}", self.id);
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let mut ten = [0; 10];
        ten.copy_from_slice(&hash.as_ref()[..10]);
        EventId::new(at, ten)
    }
}
