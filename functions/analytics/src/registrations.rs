//! `GET /api/analytics/registrations/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use shared::Result;
use shared::http::{Fields, Listing};
use shared::store::statistics::RegistrationsRow;

use crate::{App, range};

/// New users per day, oldest first; days without any are left out.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Listing<RegistrationsRow>> {
    app.for_admins(&headers, rows(&app, &uri)).await
}

async fn rows(app: &App, uri: &Uri) -> Result<Listing<RegistrationsRow>> {
    let (days, page) = range::read(Fields::query(uri), app.clock.now())?;
    let list = range::name("registrations", days);
    let behind = app.place(&list, &page)?;
    let rows = app.store.registration_rows(days).await?.into_iter();
    let rows = rows
        .map(|row| (row.day.to_string(), row))
        .skip_while(|(place, _)| behind.as_ref().is_some_and(|behind| place <= behind));
    Ok(app.page(&list, &page, rows))
}
