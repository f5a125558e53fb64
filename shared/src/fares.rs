//! What a text costs before it goes: a place in its number range, and one message of the day's budget.
//!
//! Both are taken beside the challenge, after the caller's own limits, so that a caller who is refused by those cannot
//! use up what others need; whatever is not sent is given back to the budget.

use std::time::Duration;

use jiff::Timestamp;

use crate::Result;
use crate::config::TextLimits;
use crate::domain::identifier::PhoneNumber;
use crate::domain::quota::Rate;
use crate::limiter::{Limiter, Rule, limited};
use crate::store::Store;

/// Twenty in ten minutes for one country code and three digits: people of one range do not all sign in at once, and
/// numbers in a row are how texts are pumped.
const PREFIX: Rule = Rule {
    name: "phone_prefix",
    rate: Rate {
        interval: Duration::from_secs(30),
        burst: 20,
    },
};

/// One message of a day's budget, to be sent or given back.
#[derive(Debug)]
pub(crate) struct Fare {
    day: String,
}

/// Takes the fare of a text to this number.
///
/// # Errors
/// [`crate::Error::RateLimited`] with the true wait, nothing taken from the budget; [`crate::Error::Unavailable`].
pub(crate) async fn take(
    limiter: &Limiter,
    store: &Store,
    limits: &TextLimits,
    number: &PhoneNumber,
    request: &str,
    now: Timestamp,
) -> Result<Fare> {
    let day = now.strftime("%Y-%m-%d").to_string();
    let (place, message) = futures_util::join!(
        limiter.admit(PREFIX, number.prefix(), request, now),
        store.take_of_budget(&day, limits.daily_budget, now),
    );
    let fare = message?.then_some(Fare { day });
    match (place, fare) {
        (Ok(_), Some(fare)) => Ok(fare),
        (Ok(_), None) => Err(limited("text_budget", until_midnight(now))),
        (Err(refusal), None) => Err(refusal),
        (Err(refusal), Some(fare)) => {
            give_back(store, Some(fare), now).await?;
            Err(refusal)
        }
    }
}

/// Gives a fare back, if one was taken.
pub(crate) async fn give_back(store: &Store, fare: Option<Fare>, now: Timestamp) -> Result<()> {
    match fare {
        Some(fare) => store.give_back_to_budget(&fare.day, now).await,
        None => Ok(()),
    }
}

fn until_midnight(now: Timestamp) -> u64 {
    u64::try_from(86_400 - now.as_second().rem_euclid(86_400)).unwrap_or(86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let at = |text: &str| until_midnight(text.parse().unwrap());
        assert_eq!(at("2026-11-24T00:00:00Z"), 86_400);
        assert_eq!(at("2026-11-24T23:59:59.5Z"), 1);
    }
}
