//! The two kinds of limits, and how long a caller over one must wait.

use std::time::Duration;

use jiff::Timestamp;

/// Whole seconds, rounded up, until `then`; 0 if that is past.
#[must_use]
pub fn seconds_until(now: Timestamp, then: Timestamp) -> u64 {
    let millis = then.as_millisecond() - now.as_millisecond();
    u64::try_from(millis).unwrap_or(0).div_ceil(1000)
}

/// A moment plus a duration; the far end of time where that is beyond it.
#[must_use]
pub fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// A moment less a duration; the beginning of time where that is before it.
#[must_use]
pub fn before(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

/// What is left of a caller's own rate, for the `RateLimit` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Calls at once after a pause.
    pub burst: u32,
    /// Whole seconds in which a whole burst comes back.
    pub window: u64,
    /// Calls that would be admitted at once.
    pub remaining: u32,
    /// Whole seconds until the burst is whole again.
    pub reset: u64,
}

/// An even rate with a burst (GCRA, ITU-T I.371): one call per `interval`, `burst` at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The time that one call uses up.
    pub interval: Duration,
    /// Calls at once after a pause, at least 1.
    pub burst: u32,
}

impl Rate {
    /// So many calls a minute, `burst` of them at once. The interval is whole milliseconds, rounded up, because that is
    /// what the store counts in.
    #[must_use]
    pub fn per_minute(calls: u32, burst: u32) -> Self {
        Self {
            interval: Duration::from_millis(60_000_u64.div_ceil(calls.max(1).into())),
            burst: burst.max(1),
        }
    }

    /// Like [`Rate::admit`], for a call that weighs as several.
    ///
    /// # Errors
    /// The wait, where the call is not admitted.
    pub fn admit_weighing(
        &self,
        weight: u32,
        tat: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Timestamp, Duration> {
        let more = self.interval * weight.saturating_sub(1);
        let tat = tat.map_or(now, |tat| tat.max(now));
        self.admit(Some(after(tat, more)), now)
    }

    /// A rate so many times as fast, with so many times the burst.
    #[must_use]
    pub fn times(&self, factor: u32) -> Self {
        let interval = self.interval.as_millis().div_ceil(factor.max(1).into());
        Self {
            interval: Duration::from_millis(u64::try_from(interval).unwrap_or(u64::MAX)),
            burst: self.burst.saturating_mul(factor),
        }
    }

    /// The latest theoretical arrival time at which a call is admitted now.
    #[must_use]
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        after(now, self.interval * (self.burst - 1))
    }

    /// The reference: the new theoretical arrival time if the call is admitted, else how long it must wait.
    ///
    /// # Errors
    /// The wait, where the call is not admitted.
    pub fn admit(&self, tat: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Duration> {
        let tat = tat.map_or(now, |tat| tat.max(now));
        let latest = self.latest(now);
        if tat > latest {
            let wait = tat.as_millisecond() - latest.as_millisecond();
            return Err(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
        }
        Ok(after(tat, self.interval))
    }

    /// Calls that would be admitted at once after one that left this theoretical arrival time.
    #[must_use]
    pub fn remaining(&self, tat: Timestamp, now: Timestamp) -> u32 {
        let allowance = self.latest(now).as_millisecond() - tat.as_millisecond();
        let interval = i64::try_from(self.interval.as_millis())
            .unwrap_or(i64::MAX)
            .max(1);
        if allowance < 0 {
            0
        } else {
            u32::try_from(allowance / interval + 1)
                .unwrap_or(u32::MAX)
                .min(self.burst)
        }
    }
}

/// How many send times are kept; no window can count more.
pub const SLOTS: usize = 10;

/// A limit on the sends in any stretch of time of this length: a true sliding window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Sends in it, from 1 to [`SLOTS`].
    pub sends: u8,
    pub length: Duration,
}

impl Window {
    /// The send that must have left the window for one more to be admitted, counted from the newest (0).
    #[must_use]
    pub fn slot(&self) -> usize {
        usize::from(self.sends.max(1)) - 1
    }

    /// The latest moment of that send at which one more is admitted now.
    #[must_use]
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        before(now, self.length)
    }

    /// When one more send is admitted, given the last ones, newest first; `None` if it is now.
    #[must_use]
    pub fn opens(&self, sends: &[Option<Timestamp>; SLOTS], now: Timestamp) -> Option<Timestamp> {
        let sent = sends.get(self.slot()).copied().flatten()?;
        (sent > self.latest(now)).then(|| after(sent, self.length))
    }
}

/// What one account may change of itself: sixty changes at once and six a minute. It is counted in the account's own item,
/// by the very write that makes the change.
pub const CHANGES: Rate = Rate {
    interval: Duration::from_secs(10),
    burst: 60,
};
/// A change that sends messages weighs as so many.
pub const TELLING_CHANGE: u32 = 10;

/// How often one account may ask to link an address: fifty times at once, then once in eight days. So what it asked for
/// within the 400 days that this is remembered are at most a hundred addresses.
pub const LINK_REQUESTS: Rate = Rate {
    interval: Duration::from_hours(8 * 24),
    burst: 50,
};

/// How often one account may be exported: six times at once, then once in ten minutes.
pub const EXPORTS: Rate = Rate {
    interval: Duration::from_mins(10),
    burst: 6,
};

/// How many lines of activity an account keeps; older ones go, whatever their age.
pub const ACTIVITY_LINES: usize = 1_000;

/// From this many failures in a row on, an identifier waits.
pub const FREE_FAILURES: u32 = 5;
/// The wait after [`FREE_FAILURES`]; it doubles with each further failure.
pub const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
pub const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// The failure count whose wait is the last one below [`LONGEST_WAIT`].
pub const LAST_DOUBLING: u32 = FREE_FAILURES + 6;
/// What a closed channel says to wait: it does not open by itself.
pub const CLOSED_RETRY_AFTER: u64 = 86_400;

/// How long an identifier waits after this many failures in a row; zero below [`FREE_FAILURES`].
#[must_use]
pub fn failure_wait(failures: u32) -> Duration {
    match failures {
        0..FREE_FAILURES => Duration::ZERO,
        FREE_FAILURES..=LAST_DOUBLING => FIRST_WAIT * 2_u32.pow(failures - FREE_FAILURES),
        _ => LONGEST_WAIT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap()
    }

    #[test]
    fn the_wait_doubles_from_half_a_minute_to_an_hour() {
        let waits: Vec<_> = (4..=13)
            .map(|failures| failure_wait(failures).as_secs())
            .collect();
        assert_eq!(waits, [0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    }

    proptest! {
        #[test]
        fn a_rate_never_grants_more_than_its_burst_and_its_time(
            steps in proptest::collection::vec(0_i64..20_000, 1..200), burst in 1_u32..30, calls in 1_u32..60,
        ) {
            let rate = Rate::per_minute(calls, burst);
            let (mut now, mut tat, mut granted) = (0, None, 0_i64);
            for step in steps {
                now += step;
                match rate.admit(tat, at(now)) {
                    Ok(next) => { tat = Some(next); granted += 1; }
                    Err(wait) => {
                        let wait = i64::try_from(wait.as_millis()).unwrap();
                        prop_assert!(rate.admit(tat, at(now + wait)).is_ok());
                        prop_assert!(rate.admit(tat, at(now + wait - 1)).is_err());
                    }
                }
                let interval = i64::try_from(rate.interval.as_millis()).unwrap();
                prop_assert!(granted <= i64::from(burst) + now / interval);
            }
        }

        #[test]
        fn a_window_is_true_to_its_length(
            steps in proptest::collection::vec(0_i64..900_000, 1..100), sends in 1_u8..=10,
        ) {
            let window = Window { sends, length: Duration::from_hours(1) };
            let (mut now, mut slots, mut all) = (0, [None; SLOTS], Vec::new());
            for step in steps {
                now += step;
                let inside = all.iter().filter(|&&sent| sent > now - 3_600_000).count();
                let opens = window.opens(&slots, at(now));
                prop_assert_eq!(opens.is_none(), inside < usize::from(sends));
                if opens.is_none() {
                    slots.rotate_right(1);
                    slots[0] = Some(at(now));
                    all.push(now);
                }
            }
        }
    }
}
