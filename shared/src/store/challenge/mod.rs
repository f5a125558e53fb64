//! The challenge of an identifier: what its code is derived from, and the counters that outlive the code.
//!
//! [`ask`] charges a send, [`charge`] charges a comparison, `redeem` uses the code up. Whoever is refused has changed
//! nothing.

pub mod ask;
pub mod charge;
pub mod second_way;
mod undo;

use jiff::Timestamp;

use super::item::{Item, Read};
use crate::domain::quota::{
    CLOSED_RETRY_AFTER, FREE_FAILURES, SLOTS, after, failure_wait, seconds_until,
};

/// How long a challenge stays after its last touch; failures fall by a success only.
pub(crate) const KEEP: std::time::Duration = std::time::Duration::from_secs(400 * 24 * 60 * 60);

/// A live code, as far as it may leave the store: what it is derived from, never the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// 16 bytes from the operating system.
    pub nonce: [u8; 16],
    /// The version of the pepper.
    pub pepper: u32,
    /// When the code ends.
    pub expires: Timestamp,
    /// When it was sent last.
    pub sent: Timestamp,
}

impl Live {
    pub(crate) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            nonce: item.bytes("nonce")?,
            pepper: u32::try_from(item.number("pv")?).ok()?,
            expires: item.moment("exp")?,
            sent: item.moment("s0")?,
        })
    }
}

/// Who asks or guesses: anyone, or a device that has signed in to this account with this address before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Unknown clients.
    Stranger,
    /// A device with a valid device token.
    Known,
}

impl Lane {
    /// The attributes of the lane: attempts of this code, failures in a row, the moment of the last one.
    pub(crate) fn attributes(self) -> [&'static str; 3] {
        match self {
            Self::Stranger => ["a", "f", "fa"],
            Self::Known => ["ka", "kf", "kfa"],
        }
    }
}

/// The last sends, newest first, from the slots that begin with `register`.
fn sends(item: &Item, register: char) -> [Option<Timestamp>; SLOTS] {
    std::array::from_fn(|slot| {
        item.moment(&format!("{register}{slot}"))
            .filter(|at| at.as_millisecond() > 0)
    })
}

/// How long a lane that failed too often must wait, in whole seconds; `None` if it need not.
pub(crate) fn locked(item: &Item, lane: Lane, cap: u32, now: Timestamp) -> Option<u64> {
    let [_, failures, failed_at] = lane.attributes();
    let failures = item.count(failures);
    if failures >= cap {
        return Some(CLOSED_RETRY_AFTER);
    }
    let opens = after(item.moment(failed_at)?, failure_wait(failures));
    (failures >= FREE_FAILURES && opens > now).then(|| seconds_until(now, opens))
}
