//! `GET /api/analytics/otp/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::Serialize;
use shared::Result;
use shared::http::{Fields, Listing, Page};
use shared::store::statistics::{OtpRow, OtpTotals};

use crate::{App, range};

#[derive(Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    page: Listing<OtpRow>,
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
    let mut fields = Fields::query(uri);
    let days = range::take(&mut fields, app.clock.now());
    let page = Page::take(&mut fields);
    let (days, page) = fields.finish(|| Some((days?, page?)))?;
    let list = range::name("otp", days);
    let behind = app.place(&list, &page)?;
    let rows = app.store.otp_rows(days).await?;
    let totals = OtpTotals::of(&rows);
    let rows = rows
        .into_iter()
        .map(|row| (format!("{} {}", row.day, row.channel), row))
        .skip_while(|(place, _)| behind.as_ref().is_some_and(|behind| place <= behind));
    let page = app.page(&list, &page, rows);
    Ok(Report { page, totals })
}
