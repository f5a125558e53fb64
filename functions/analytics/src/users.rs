//! `GET /api/analytics/users/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use jiff::Timestamp;
use shared::Result;
use shared::http::{Fields, Listing, Page};
use shared::store::statistics::range::{moment, usual_since};
use shared::store::statistics::{Joined, Registered};

use crate::App;

/// Users who registered since a day or a moment, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Listing<Registered>> {
    app.for_admins(&headers, rows(&app, &uri)).await
}

async fn rows(app: &App, uri: &Uri) -> Result<Listing<Registered>> {
    let now = app.clock.now();
    let (since, page) = read(Fields::query(uri), now)?;
    let behind = app.place("users", &page)?;
    let behind = behind.as_deref().and_then(Joined::parse);
    let limit = page.limit as usize;
    let found = app.store.registered(since, behind, now, limit).await?;
    let rows = found.into_iter().map(|(joined, row)| (joined.place(), row));
    // One who was erased meanwhile leaves a gap, not an end.
    let page = app.page("users", &page, rows);
    Ok(Listing {
        results: page.results.into_iter().flatten().collect(),
        next: page.next,
    })
}

/// Since when, and which page.
pub(crate) fn read(mut fields: Fields, now: Timestamp) -> Result<(Timestamp, Page)> {
    let since = fields.optional("joined_since", moment);
    let page = Page::take(&mut fields);
    fields.finish(|| Some((since.unwrap_or_else(|| usual_since(now)), page?)))
}
