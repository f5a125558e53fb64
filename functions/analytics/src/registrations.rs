//! `GET /api/analytics/registrations/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use shared::Result;
use shared::http::{Fields, Listing, Page};
use shared::store::statistics::RegistrationsRow;

use crate::{House, range};

/// New users per day, oldest first; days without any are left out.
pub(crate) async fn list(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Listing<RegistrationsRow>> {
    house.for_admins(&headers, rows(&house, &uri)).await
}

async fn rows(house: &House, uri: &Uri) -> Result<Listing<RegistrationsRow>> {
    let mut fields = Fields::query(uri);
    let days = range::take(&mut fields, house.clock.now());
    let page = Page::take(&mut fields);
    let (days, page) = fields.finish(|| Some((days?, page?)))?;
    let list = range::name("registrations", days);
    let behind = house.place(&list, &page)?;
    let rows = house.store.registration_rows(days).await?.into_iter();
    let rows = rows
        .map(|row| (row.day.to_string(), row))
        .skip_while(|(place, _)| behind.as_ref().is_some_and(|behind| place <= behind));
    Ok(house.page(&list, &page, rows))
}
