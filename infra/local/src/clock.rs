//! The clock of one local cloud: it ticks like the machine's, some way before or behind it.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use shared::clock::{Clock, SystemClock};

/// A clock that goes on ticking wherever it is set.
///
/// Functions, engines and emulators share it, so that moving it moves all of them at once.
#[derive(Debug, Default)]
pub struct LocalClock {
    /// How far ahead of the machine's clock, in microseconds.
    ahead: AtomicI64,
}

impl LocalClock {
    /// Moves the clock by so many seconds, back when negative.
    ///
    /// # Errors
    /// A sentence, when the time would leave the years 1970 to 9999.
    pub fn advance(&self, seconds: i64) -> Result<Timestamp, String> {
        self.advance_by(SignedDuration::from_secs(seconds))
    }

    /// Moves the clock by this long, to the microsecond, back when negative.
    ///
    /// # Errors
    /// A sentence, when the time would leave the years 1970 to 9999.
    pub fn advance_by(&self, span: SignedDuration) -> Result<Timestamp, String> {
        let outside = || "advance_seconds: that is outside the years 1970 to 9999".to_owned();
        let target = self.now().checked_add(span).map_err(|_| outside())?;
        not_before_1970(target)?;
        let moved = i64::try_from(span.as_micros()).map_err(|_| outside())?;
        // Added to the distance, so that not a microsecond is lost on the way over the machine's clock.
        self.ahead.fetch_add(moved, Ordering::SeqCst);
        Ok(self.now())
    }

    /// Sets the clock, back too.
    ///
    /// # Errors
    /// A sentence, when the time is before 1970.
    pub fn set(&self, time: Timestamp) -> Result<Timestamp, String> {
        not_before_1970(time)?;
        let ahead = time.as_microsecond() - SystemClock.now().as_microsecond();
        self.ahead.store(ahead, Ordering::SeqCst);
        Ok(time)
    }

    /// How far ahead of the machine's clock it is, negative where it is behind.
    pub(crate) fn ahead(&self) -> SignedDuration {
        SignedDuration::from_micros(self.ahead.load(Ordering::SeqCst))
    }

    /// Back to the machine's own time.
    pub fn reset(&self) {
        self.ahead.store(0, Ordering::SeqCst);
    }
}

fn not_before_1970(time: Timestamp) -> Result<(), String> {
    if time < Timestamp::UNIX_EPOCH {
        return Err("the clock cannot show a time before 1970".to_owned());
    }
    Ok(())
}

impl Clock for LocalClock {
    fn now(&self) -> Timestamp {
        let now = SystemClock.now();
        now.checked_add(self.ahead()).unwrap_or(now)
    }
}

impl dynoxide::storage_backend::Clock for LocalClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.now().as_second()).unwrap_or(0)
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.now().as_duration().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_and_goes_on_ticking() {
        let clock = LocalClock::default();
        let before = clock.now();
        clock.advance(600).unwrap();
        let after = clock.now();
        let moved = after.duration_since(before);
        assert!(moved >= SignedDuration::from_secs(600), "{moved}");
        assert!(moved < SignedDuration::from_secs(660), "{moved}");
        let again = clock.now();
        assert!(again >= after);
    }

    #[test]
    fn it_can_be_set_back_and_reset() {
        let clock = LocalClock::default();
        let then: Timestamp = "2020-02-29T12:00:00Z".parse().unwrap();
        clock.set(then).unwrap();
        assert!(clock.now().duration_since(then) < SignedDuration::from_secs(60));
        clock.reset();
        assert!(clock.now() > then + SignedDuration::from_hours(24 * 365));
    }

    #[test]
    fn times_off_the_scale_are_refused() {
        let clock = LocalClock::default();
        assert!(clock.advance(i64::MAX).is_err());
        assert!(clock.set(Timestamp::MIN).is_err());
        assert!(clock.advance(-100 * 365 * 24 * 3600).is_err());
    }
}
