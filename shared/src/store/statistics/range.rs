//! Stretches of UTC days, both ends included, as admins and operators ask for them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::day;
use crate::domain::InvalidValue;

/// From a day to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub from: Date,
    pub to: Date,
}

/// How many days there are where none are asked for.
pub const USUAL_DAYS: u32 = 30;
/// The most days at once.
pub const MOST_DAYS: u32 = 366;

impl Range {
    /// From a day to a day; the last 30 days where they are missing.
    ///
    /// # Errors
    /// What is wrong with `from`, seen from `to`.
    pub fn new(from: Option<Date>, to: Option<Date>, now: Timestamp) -> Result<Self, InvalidValue> {
        let to = to.unwrap_or_else(|| day(now));
        let from = from.unwrap_or_else(|| days_before(to, USUAL_DAYS - 1));
        let refused = |detail: &'static str| Err(InvalidValue::new("out_of_range", detail));
        if from > to {
            return refused("Expected a day not after to.");
        }
        if i64::from((to - from).get_days()) >= i64::from(MOST_DAYS) {
            return refused("Expected at most 366 days.");
        }
        Ok(Self { from, to })
    }

    /// So many days, of which today is the last.
    #[must_use]
    pub fn last(days: u32, now: Timestamp) -> Self {
        let to = day(now);
        Self {
            from: days_before(to, days.max(1) - 1),
            to,
        }
    }
}

/// So many days earlier; the first day there is where that is before it.
fn days_before(day: Date, days: u32) -> Date {
    day.checked_sub(Span::new().days(days)).unwrap_or(Date::MIN)
}

/// Midnight before the usual stretch of days.
#[must_use]
pub fn usual_since(now: Timestamp) -> Timestamp {
    midnight(Range::last(USUAL_DAYS, now).from)
}

/// A date as RFC 3339 writes it.
///
/// # Errors
/// `invalid_date`.
pub fn date(text: &str) -> Result<Date, InvalidValue> {
    let wrong = || InvalidValue::new("invalid_date", "Expected a date such as 2026-01-31.");
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if !plain {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

/// A day, which begins at midnight, or a moment.
///
/// # Errors
/// `invalid_date`.
pub fn moment(text: &str) -> Result<Timestamp, InvalidValue> {
    let wrong = || {
        InvalidValue::new(
            "invalid_date",
            "Expected a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z.",
        )
    };
    match date(text) {
        Ok(date) => Ok(midnight(date)),
        Err(_) => text.parse().map_err(|_| wrong()),
    }
}

fn midnight(day: Date) -> Timestamp {
    TimeZone::UTC
        .to_timestamp(day.at(0, 0, 0, 0))
        .unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str) -> Option<(String, String)> {
        let read = |text: &str| (!text.is_empty()).then(|| date(text)).transpose();
        let now = "2026-03-01T23:59:59.9Z".parse().unwrap();
        let range = Range::new(read(from).ok()?, read(to).ok()?, now).ok()?;
        Some((range.from.to_string(), range.to.to_string()))
    }

    #[test]
    fn ranges_are_days_of_which_there_are_not_too_many() {
        let days = |from: &str, to: &str| Some((from.to_owned(), to.to_owned()));
        assert_eq!(range("", ""), days("2026-01-31", "2026-03-01"));
        assert_eq!(range("2026-02-28", ""), days("2026-02-28", "2026-03-01"));
        assert_eq!(range("", "2025-01-30"), days("2025-01-01", "2025-01-30"));
        assert_eq!(
            range("2025-01-01", "2025-01-01"),
            days("2025-01-01", "2025-01-01")
        );
        assert_eq!(
            range("2024-01-01", "2024-12-31"),
            days("2024-01-01", "2024-12-31")
        );
        for (from, to) in [
            ("2026-03-02", ""),
            ("2026-02-30", ""),
            ("2026-02-03T00:00:00Z", ""),
            ("1", ""),
            ("2025-01-01", "2026-01-02"),
            ("2026-01-02", "2026-01-01"),
        ] {
            assert_eq!(range(from, to), None, "{from} {to}");
        }
    }

    #[test]
    fn the_last_days_end_today() {
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(Range::last(1, now).from.to_string(), "2026-03-01");
        assert_eq!(Range::last(2, now).from.to_string(), "2026-02-28");
        assert_eq!(usual_since(now).to_string(), "2026-01-31T00:00:00Z");
        assert_eq!(
            moment("2026-01-31").unwrap().to_string(),
            "2026-01-31T00:00:00Z"
        );
        assert!(moment("yesterday").is_err());
    }
}
