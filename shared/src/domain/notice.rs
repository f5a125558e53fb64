//! What people are told of their account without having asked.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use super::id::{DeliveryId, UserId};
use super::identifier::{AddressChange, Identifier, IdentifierKind};
use super::user::{Status, User};

/// How long a notice is left to the request that promised it; after that the janitor sends it.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// How often a notice is tried before it is given up: over about three days.
pub const TRIES: u32 = 8;

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// How long before an erasure its person is reminded of it.
pub const REMINDER: Duration = Duration::from_hours(3 * 24);

/// How long a notice rests after so many tries: an hour, then twice as long each time, a day at the most.
#[must_use]
pub fn pause(tries: u32) -> Duration {
    let hours = 1_u64 << tries.saturating_sub(1).min(8);
    Duration::from_hours(hours).min(LONGEST_PAUSE)
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// An address of the account changed.
    Address {
        /// What happened.
        change: AddressChange,
        /// To which of the addresses.
        kind: IdentifierKind,
        /// The address, masked.
        masked: String,
    },
    /// The account will be erased on this day of the person's calendar.
    ErasureAsked(Date),
    /// The day comes near; which day it is, and whom to tell, is looked up when it is told.
    ErasureNear,
    /// The account stays after all.
    ErasureUndone,
    /// The account was erased.
    Erased,
}

impl News {
    /// The word in the item.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Address { change, .. } => change.as_str(),
            Self::ErasureAsked(_) => "erasure_asked",
            Self::ErasureNear => "erasure_near",
            Self::ErasureUndone => "erasure_undone",
            Self::Erased => "erased",
        }
    }
}

/// A message to one person at one address that is still to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whose account it is.
    pub user: UserId,
    /// Its name among this person's.
    pub id: String,
    /// When it is tried next.
    pub due: Timestamp,
    /// How often it was tried, the try under way included.
    pub tries: u32,
    /// The delivery of the last try: whether it went out.
    pub delivery: Option<DeliveryId>,
    /// What it says.
    pub news: News,
    /// Where it goes; `None` where that is looked up when it is told.
    pub to: Option<Identifier>,
    /// The language to write in.
    pub language: String,
}

/// Hides the addresses.
impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notice")
            .field("user", &self.user)
            .field("news", &self.news.as_str())
            .field("tries", &self.tries)
            .finish_non_exhaustive()
    }
}

impl Notice {
    /// Whether there is still somebody to be told: of an erased account only that it was erased, of an erasure that was
    /// undone nothing.
    #[must_use]
    pub fn is_of_use(&self, user: Option<&User>, now: Timestamp) -> bool {
        let user = user.filter(|user| user.status != Status::Erasing);
        match (&self.news, user) {
            (News::Erased, _) => true,
            (News::ErasureNear, Some(user)) => user.erases_at.is_some_and(|at| at > now),
            (_, user) => user.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_day_and_end_within_a_week() {
        let pauses: Vec<_> = (1..TRIES)
            .map(|tries| pause(tries).as_secs() / 3600)
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 24, 24]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
