//! `GET /api/analytics/otp/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use jiff::civil::Date;
use serde::Serialize;
use shared::Result;
use shared::http::{Fields, Listing, Page};
use shared::store::statistics::Figures;

use crate::House;
use crate::range::Range;

#[derive(Serialize)]
struct Row {
    day: Date,
    channel: &'static str,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Counts {
    requested: u64,
    sent: u64,
    delivered: u64,
    verified: u64,
    failed: u64,
    limited: u64,
}

#[derive(Serialize)]
struct Totals {
    #[serde(flatten)]
    counts: Counts,
    /// Codes used of codes sent; `null` where none was sent.
    success_rate: Option<f64>,
}

#[derive(Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    page: Listing<Row>,
    /// Of the whole range, on every page.
    totals: Totals,
}

/// Figures of codes per day and channel, oldest first; where nothing happened there is no row.
pub(crate) async fn list(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Report>> {
    house
        .for_admins(&headers, report(&house, &uri))
        .await
        .map(Json)
}

async fn report(house: &House, uri: &Uri) -> Result<Report> {
    let mut fields = Fields::query(uri);
    let range = Range::take(&mut fields, house.clock.now());
    let page = Page::take(&mut fields);
    let (range, page) = fields.finish(|| Some((range?, page?)))?;
    let list = range.name("otp");
    let behind = house.place(&list, &page)?;
    let figures = house.store.otp_figures(range.from, range.to).await?;
    let totals = totals(figures.values());
    let rows = figures
        .into_iter()
        .map(|((day, channel), figures)| {
            let counts = Counts::from(&figures);
            (
                format!("{day} {channel}"),
                Row {
                    day,
                    channel,
                    counts,
                },
            )
        })
        .skip_while(|(place, _)| behind.as_ref().is_some_and(|behind| place <= behind));
    let page = house.page(&list, &page, rows);
    Ok(Report { page, totals })
}

impl From<&Figures> for Counts {
    fn from(figures: &Figures) -> Self {
        Self {
            requested: figures.requested,
            sent: figures.sent,
            delivered: figures.delivered,
            verified: figures.verified,
            failed: figures.failed,
            limited: figures.limited,
        }
    }
}

fn totals<'a>(figures: impl Iterator<Item = &'a Figures>) -> Totals {
    let counts = figures.fold(Counts::default(), |sum, figures| Counts {
        requested: sum.requested + figures.requested,
        sent: sum.sent + figures.sent,
        delivered: sum.delivered + figures.delivered,
        verified: sum.verified + figures.verified,
        failed: sum.failed + figures.failed,
        limited: sum.limited + figures.limited,
    });
    let success_rate = (counts.sent > 0).then(|| ratio(counts.verified, counts.sent));
    Totals {
        counts,
        success_rate,
    }
}

/// To four decimals.
fn ratio(part: u64, whole: u64) -> f64 {
    let (part, whole) = (part.min(whole), whole.max(1));
    let ten_thousandths = (u128::from(part) * 10_000 + u128::from(whole) / 2) / u128::from(whole);
    f64::from(u32::try_from(ten_thousandths).unwrap_or(10_000)) / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_what_was_used_of_what_was_sent() {
        let day = Figures {
            sent: 2,
            verified: 1,
            ..Figures::default()
        };
        let other = Figures {
            sent: 1,
            limited: 5,
            ..Figures::default()
        };
        let totals = super::totals([day, other].iter());
        assert_eq!(totals.success_rate, Some(0.3333));
        assert_eq!(totals.counts.limited, 5);
        assert_eq!(super::totals([].iter()).success_rate, None);
    }
}
