//! `GET /api/analytics/otp/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::Serialize;
use shared::Result;
use shared::http::{Fields, Listing};
use shared::store::statistics::{OtpRow, OtpTotals};

use crate::{App, range};

/// One page.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = DayOfCodesPage))]
pub(crate) struct Report {
    /// One page of the list.
    results: Vec<OtpRow>,
    /// The `cursor` of the next page; `null` on the last.
    next: Option<String>,
    /// Of the whole range, on every page.
    totals: OtpTotals,
}

/// Figures of codes per day and channel, oldest first; where nothing happened there is no row.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Report>> {
    app.for_admins(&headers, report(&app, &uri)).await.map(Json)
}

async fn report(app: &App, uri: &Uri) -> Result<Report> {
    let (days, page) = range::read(Fields::query(uri), app.clock.now())?;
    let list = range::name("otp", days);
    let behind = app.place(&list, &page)?;
    let rows = app.store.otp_rows(days).await?;
    let totals = OtpTotals::of(&rows);
    let rows = rows
        .into_iter()
        .map(|row| (format!("{} {}", row.day, row.channel), row))
        .skip_while(|(place, _)| behind.as_ref().is_some_and(|behind| place <= behind));
    let Listing { results, next } = app.page(&list, &page, rows);
    Ok(Report {
        results,
        next,
        totals,
    })
}
