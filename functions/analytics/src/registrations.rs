//! `GET /api/analytics/registrations/`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use jiff::civil::Date;
use serde::Serialize;
use shared::Result;
use shared::http::{Fields, Listing, Page};

use crate::House;
use crate::range::Range;

#[derive(Serialize)]
pub(crate) struct Row {
    day: Date,
    total: u64,
    by_method: BTreeMap<String, u64>,
}

/// New users per day, oldest first; days without any are left out.
pub(crate) async fn list(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Listing<Row>> {
    house.for_admins(&headers, rows(&house, &uri)).await
}

async fn rows(house: &House, uri: &Uri) -> Result<Listing<Row>> {
    let mut fields = Fields::query(uri);
    let range = Range::take(&mut fields, house.clock.now());
    let page = Page::take(&mut fields);
    let (range, page) = fields.finish(|| Some((range?, page?)))?;
    let list = range.name("registrations");
    let behind = house.place(&list, &page)?;
    let days = house.store.registrations(range.from, range.to).await?;
    let rows = days
        .into_iter()
        .map(|(day, by_method)| {
            let total = by_method.values().sum();
            (
                day.to_string(),
                Row {
                    day,
                    total,
                    by_method,
                },
            )
        })
        .skip_while(|(place, _)| behind.as_ref().is_some_and(|behind| place <= behind));
    Ok(house.page(&list, &page, rows))
}
