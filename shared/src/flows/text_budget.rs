//! What a text costs before it goes: a country that is served, a place in its number range, and one message of the
//! day's budget.
//!
//! A part of both is for devices that have signed in before, so that strangers cannot use up what those need.
//!
//! Range and budget are taken after the caller's own limits, so that a caller who is refused by those cannot use up what
//! others need. Whatever is not sent is given back to the budget; where nothing was even tried, to the range as well.

use std::time::Duration;

use jiff::Timestamp;

use crate::Result;
use crate::config::{Reader, TextLimits};
use crate::domain::challenge::Lane;
use crate::domain::identifier::PhoneNumber;
use crate::domain::quota::Rate;
use crate::flows::rate_limit::{Limiter, Rule, limited};
use crate::store::Store;

/// Twenty in ten minutes for one country code and three digits: people of one range do not all sign in at once, and
/// sequential numbers are how SMS pumping works.
const PREFIX: Rule = Rule {
    name: "phone_prefix",
    rate: Rate {
        interval: Duration::from_secs(30),
        burst: 20,
    },
};

/// The same once more for devices that have signed in before: strangers who use their range up hold up none of them.
const KNOWN_PREFIX: Rule = Rule {
    name: "phone_prefix_known",
    ..PREFIX
};

/// One part in so many of a day's budget is for devices that have signed in before.
const KEPT_FOR_KNOWN: u32 = 10;

/// Sells the right to send a text.
#[derive(Debug)]
pub struct TextBudget {
    store: Store,
    limiter: Limiter,
    limits: TextLimits,
}

/// One message of a day's budget, to be sent or given back.
#[derive(Debug)]
pub struct Reservation {
    rule: Rule,
    day: String,
    prefix: String,
    request: String,
}

impl TextBudget {
    /// The budget by the settings.
    pub fn open(reader: &mut Reader, store: &Store) -> Self {
        Self {
            store: store.clone(),
            limiter: Limiter::new(store.clone()),
            limits: TextLimits::read(reader),
        }
    }

    /// Whether texts go to the number's country at all.
    #[must_use]
    pub fn serves(&self, number: &PhoneNumber) -> bool {
        self.limits.serves(number.country())
    }

    /// Reserves a text to this number, out of what this lane may use.
    ///
    /// # Errors
    /// [`crate::Error::RateLimited`] with the true wait, nothing taken from the budget; [`crate::Error::Unavailable`].
    pub async fn reserve(
        &self,
        number: &PhoneNumber,
        lane: Lane,
        request: &str,
        now: Timestamp,
    ) -> Result<Reservation> {
        let day = now.strftime("%Y-%m-%d").to_string();
        let whole = self.limits.daily_budget;
        let (rule, budget) = match lane {
            Lane::Stranger => (PREFIX, whole - whole / KEPT_FOR_KNOWN),
            Lane::Known => (KNOWN_PREFIX, whole),
        };
        let (place, message) = futures_util::join!(
            self.limiter.admit(rule, number.prefix(), request, now),
            self.store.reserve_text(&day, budget, now),
        );
        let message = match message {
            Ok(true) => Ok(Reservation {
                rule,
                day,
                prefix: number.prefix().to_owned(),
                request: request.to_owned(),
            }),
            Ok(false) => Err(limited("text_budget", until_midnight(now))),
            Err(error) => Err(error),
        };
        match (place, message) {
            (Ok(_), Ok(reservation)) => Ok(reservation),
            (Ok(_), Err(refusal)) => {
                let prefix = number.prefix();
                self.limiter.refund(rule, prefix, request, now).await?;
                Err(refusal)
            }
            (Err(refusal), reservation) => {
                self.refund(reservation.ok(), now).await?;
                Err(refusal)
            }
        }
    }

    /// Gives back budget and range, because no message was even tried.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; range and budget may then be smaller by one.
    pub async fn cancel(&self, reservation: Option<Reservation>, now: Timestamp) -> Result<()> {
        let Some(reservation) = reservation else {
            return Ok(());
        };
        let place = self.limiter.refund(
            reservation.rule,
            &reservation.prefix,
            &reservation.request,
            now,
        );
        let message = self.store.refund_text(&reservation.day, now);
        let (place, message) = futures_util::join!(place, message);
        place.and(message)
    }

    /// Gives the message back to the day's budget, because the provider did not take it.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer; the budget is then smaller by one.
    pub async fn refund(&self, reservation: Option<Reservation>, now: Timestamp) -> Result<()> {
        match reservation {
            Some(reservation) => self.store.refund_text(&reservation.day, now).await,
            None => Ok(()),
        }
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
