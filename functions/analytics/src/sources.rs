//! `GET /api/analytics/sources/`

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use shared::Result;
use shared::http::{Fields, Listing, Page};
use shared::store::statistics::SourceRow;

use crate::App;

/// Every source that has users, the one with most of them first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Listing<SourceRow>> {
    app.for_admins(&headers, rows(&app, &uri)).await
}

async fn rows(app: &App, uri: &Uri) -> Result<Listing<SourceRow>> {
    let mut fields = Fields::query(uri);
    let page = Page::take(&mut fields);
    let page = fields.finish(|| page)?;
    let behind = app.place("sources", &page)?;
    let behind = behind.as_deref().and_then(|place| {
        let (users, origin) = place.split_once(' ')?;
        Some((Reverse(users.parse::<u64>().ok()?), origin.to_owned()))
    });
    let place = |row: &SourceRow| (Reverse(row.users), row.source.url.clone());
    let rows = app.store.source_rows().await?.into_iter();
    let rows = rows
        .skip_while(|row| behind.as_ref().is_some_and(|behind| place(row) <= *behind))
        .map(|row| (format!("{} {}", row.users, row.source.url), row));
    Ok(app.page("sources", &page, rows))
}
