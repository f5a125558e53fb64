//! Stretches of UTC days in a query.

use jiff::Timestamp;
use shared::Result;
use shared::http::{Fields, Page};
use shared::store::statistics::Range;
use shared::store::statistics::range::date;

/// Takes `from` and `to` out of a query; the last 30 days where they are missing.
fn take(fields: &mut Fields, now: Timestamp) -> Option<Range> {
    let from = fields.optional("from", date);
    let to = fields.optional("to", date);
    match Range::new(from, to, now) {
        Ok(range) => Some(range),
        Err(fault) => {
            fields.fault("from", fault.code, fault.detail);
            None
        }
    }
}

/// Takes the range and the page out of a query.
pub(crate) fn read(mut fields: Fields, now: Timestamp) -> Result<(Range, Page)> {
    let days = take(&mut fields, now);
    let page = Page::take(&mut fields);
    fields.finish(|| Some((days?, page?)))
}

/// The name of a list over these days in cursors.
pub(crate) fn name(list: &str, range: Range) -> String {
    format!("{list} {} {}", range.from, range.to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Uri;

    fn range(query: &str) -> Option<Range> {
        let uri: Uri = format!("/x{query}").parse().unwrap();
        let mut fields = Fields::query(&uri);
        let now = "2026-03-01T23:59:59.9Z".parse().unwrap();
        let range = take(&mut fields, now);
        fields.finish(|| range).ok()
    }

    #[test]
    fn a_range_comes_out_of_a_query() {
        let days = range("?to=2025-01-30").unwrap();
        assert_eq!(name("otp", days), "otp 2025-01-01 2025-01-30");
        for wrong in ["?from=2026-03-02", "?from=2026-02-30", "?to=", "?from=1"] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }
}
