//! `GET /api/analytics/active/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use serde::Serialize;
use shared::Result;
use shared::http::Fields;
use shared::store::statistics::day;

use crate::House;
use crate::range::{USUAL, days_before};

#[derive(Serialize)]
pub(crate) struct Active {
    days: u64,
    active_users: u64,
}

/// Users who signed in or refreshed their session on one of the last days, today among them; each counts once.
pub(crate) async fn show(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Active>> {
    house
        .for_admins(&headers, count(&house, &uri))
        .await
        .map(Json)
}

async fn count(house: &House, uri: &Uri) -> Result<Active> {
    let mut fields = Fields::query(uri);
    let days = fields.whole("days", 1..=366);
    let days = fields.finish(|| Some(days.unwrap_or(USUAL.unsigned_abs())))?;
    let today = day(house.clock.now());
    let first = days_before(today, i64::try_from(days).unwrap_or(USUAL) - 1);
    let active_users = house.store.active_users(first, today).await?;
    Ok(Active { days, active_users })
}
