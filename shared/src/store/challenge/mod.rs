//! The challenge of an identifier: what its code is derived from, and the counters that outlive the code.
//!
//! [`ask`] charges a send, [`charge`] charges a comparison, `redeem` uses the code up. A refused request has changed
//! nothing.

pub mod ask;
pub mod charge;
pub mod sms_fallback;
mod undo;

use jiff::Timestamp;

use super::item::{Item, Read};
use crate::domain::challenge::{Lane, Live};
use crate::domain::quota::{
    CLOSED_RETRY_AFTER, FREE_FAILURES, SLOTS, after, failure_wait, seconds_until,
};

/// How long a challenge stays after its last touch; failures fall by a success only.
pub(crate) const KEEP: std::time::Duration = std::time::Duration::from_hours(400 * 24);

/// The live code of a challenge, if it has one.
pub(crate) fn live(item: &Item) -> Option<Live> {
    Some(Live {
        nonce: item.bytes("nonce")?,
        pepper: u32::try_from(item.number("pv")?).ok()?,
        expires: item.moment("exp")?,
        sent: item.moment("s0")?,
    })
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
