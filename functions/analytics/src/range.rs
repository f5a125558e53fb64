//! Stretches of UTC days, both ends included.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use shared::domain::Fault;
use shared::http::Fields;
use shared::store::statistics::day;

/// From a day to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: Date,
    pub(crate) to: Date,
}

/// How many days there are where none are asked for.
pub(crate) const USUAL: i64 = 30;
/// The most days at once.
const MOST: i32 = 366;

impl Range {
    /// Takes `from` and `to` out of a query; the last 30 days where they are missing.
    pub(crate) fn take(fields: &mut Fields, now: Timestamp) -> Option<Self> {
        let from = fields.optional("from", date);
        let to = fields.optional("to", date).unwrap_or_else(|| day(now));
        let from = from.unwrap_or_else(|| days_before(to, USUAL - 1));
        if from > to {
            fields.fault("from", "out_of_range", "Expected a day not after to.");
            return None;
        }
        if (to - from).get_days() >= MOST {
            fields.fault("from", "out_of_range", "Expected at most 366 days.");
            return None;
        }
        Some(Self { from, to })
    }

    /// Its name in cursors.
    pub(crate) fn name(&self, list: &str) -> String {
        format!("{list} {} {}", self.from, self.to)
    }
}

/// So many days earlier; the first day there is where that is before it.
pub(crate) fn days_before(day: Date, days: i64) -> Date {
    let span = Span::new().try_days(days);
    span.and_then(|span| day.checked_sub(span))
        .unwrap_or(Date::MIN)
}

/// A date as RFC 3339 writes it.
pub(crate) fn date(text: &str) -> Result<Date, Fault> {
    let wrong = || Fault::new("invalid_date", "Expected a date such as 2026-01-31.");
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if !plain {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Uri;

    fn range(query: &str) -> Option<(String, String)> {
        let uri: Uri = format!("/x{query}").parse().unwrap();
        let mut fields = Fields::query(&uri);
        let now = "2026-03-01T23:59:59.9Z".parse().unwrap();
        let range = Range::take(&mut fields, now);
        let range = fields.finish(|| range).ok()?;
        Some((range.from.to_string(), range.to.to_string()))
    }

    #[test]
    fn ranges_are_days_of_which_there_are_not_too_many() {
        let days = |from: &str, to: &str| Some((from.to_owned(), to.to_owned()));
        assert_eq!(range(""), days("2026-01-31", "2026-03-01"));
        assert_eq!(range("?from=2026-02-28"), days("2026-02-28", "2026-03-01"));
        assert_eq!(range("?to=2025-01-30"), days("2025-01-01", "2025-01-30"));
        assert_eq!(
            range("?from=2025-01-01&to=2025-01-01"),
            days("2025-01-01", "2025-01-01")
        );
        assert_eq!(
            range("?from=2024-01-01&to=2024-12-31"),
            days("2024-01-01", "2024-12-31")
        );
        for wrong in [
            "?from=2026-03-02",
            "?from=2026-02-30",
            "?from=2026-02-03T00:00:00Z",
            "?from=1",
            "?to=",
            "?from=2025-01-01&to=2026-01-02",
            "?from=2026-01-02&to=2026-01-01",
        ] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }
}
