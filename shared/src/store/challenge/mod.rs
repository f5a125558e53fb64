//! The challenge of an identifier: what its code is derived from, and the counters that outlive the code.
//!
//! [`ask`] charges a send, [`charge`] charges a comparison, `spend` uses the code up. A caller who is refused has changed
//! nothing. A challenge holds up to two codes: the common one, and that of known devices ([`Slot`]).

pub mod ask;
pub mod charge;
pub mod sms_fallback;
pub mod spend;
mod undo;

use jiff::Timestamp;

use super::item::{Item, Read};
use crate::domain::challenge::{Lane, Live};
use crate::domain::channel::Channel;
use crate::domain::quota::{
    CLOSED_RETRY_AFTER, FREE_FAILURES, SLOTS, after, failure_wait, seconds_until,
};

/// How long a challenge stays after its last touch; failures fall by a success only.
pub(crate) const KEEP: std::time::Duration = std::time::Duration::from_hours(400 * 24);

/// The attributes of one of a challenge's codes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub nonce: &'static str,
    pub pepper: &'static str,
    pub expires: &'static str,
    pub via: &'static str,
    pub was: &'static str,
    /// Map from idempotency keys to deliveries.
    pub keys: &'static str,
    pub deliveries: &'static str,
    /// A live code has none of these.
    pub withheld: Option<&'static str>,
}

/// The code that everybody's requests share.
pub(crate) static COMMON: Slot = Slot {
    nonce: "nonce",
    pepper: "pv",
    expires: "exp",
    via: "via",
    was: "was",
    keys: "k",
    deliveries: "ids",
    withheld: Some("mute"),
};

/// The code that a known device asked for: the common one, until strangers have used that up and asked for another.
pub(crate) static KNOWN: Slot = Slot {
    nonce: "kn",
    pepper: "kpv",
    expires: "kexp",
    via: "kvia",
    was: "kwas",
    keys: "kk",
    deliveries: "kids",
    withheld: None,
};

impl Slot {
    /// The code in this slot, if there is one.
    pub(crate) fn live(&self, item: &Item) -> Option<Live> {
        Some(Live {
            nonce: item.bytes(self.nonce)?,
            pepper: u32::try_from(item.number(self.pepper)?).ok()?,
            expires: item.moment(self.expires)?,
            sent: item.moment("s0")?,
        })
    }

    /// Whether nothing was sent on purpose.
    pub(crate) fn is_withheld(&self, item: &Item) -> bool {
        self.withheld.is_some_and(|mark| item.contains_key(mark))
    }

    /// The way that the code travelled last.
    pub(crate) fn via(&self, item: &Item) -> Option<Channel> {
        Channel::parse(item.text(self.via)?).ok()
    }
}

/// Codes that open nothing any more, though a right submission of them may still come: the common code before the
/// present one, and the one that was used last. Each with its nonce and its pepper.
pub(crate) fn outdated(item: &Item) -> [Option<([u8; 16], u32)>; 2] {
    [["pn", "ppv"], ["won", "wpv"]].map(|[nonce, pepper]| {
        let pepper = u32::try_from(item.number(pepper)?).ok()?;
        Some((item.bytes(nonce)?, pepper))
    })
}

/// Whether this owner has used the linking code, which may live for others.
fn is_spent(item: &Item, owner: &str) -> bool {
    let spent = item.get("spent").and_then(|spent| spent.as_ss().ok());
    spent.is_some_and(|spent| spent.iter().any(|used| used == owner))
}

/// The attributes of a lane: attempts of this code, failures in a row, the moment of the last one.
pub(crate) fn attributes(lane: Lane) -> [&'static str; 3] {
    match lane {
        Lane::Stranger => ["a", "f", "fa"],
        Lane::Known => ["ka", "kf", "kfa"],
    }
}

/// The last sends, newest first, from the slots that begin with `register`.
pub(super) fn sends(item: &Item, register: char) -> [Option<Timestamp>; SLOTS] {
    std::array::from_fn(|slot| {
        item.moment(&format!("{register}{slot}"))
            .filter(|at| at.as_millisecond() > 0)
    })
}

/// How long a lane that failed too often must wait, in whole seconds; `None` if it need not.
pub(crate) fn locked(item: &Item, lane: Lane, cap: u32, now: Timestamp) -> Option<u64> {
    let [_, failures, failed_at] = attributes(lane);
    let failures = item.count(failures);
    if failures >= cap {
        return Some(CLOSED_RETRY_AFTER);
    }
    let opens = after(item.moment(failed_at)?, failure_wait(failures));
    (failures >= FREE_FAILURES && opens > now).then(|| seconds_until(now, opens))
}
