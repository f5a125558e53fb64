//! `GET /api/analytics/users/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use shared::Result;
use shared::domain::Fault;
use shared::domain::id::UserId;
use shared::http::{Fields, Listing, Page};
use shared::store::statistics::{Joined, day};

use crate::House;
use crate::range::{USUAL, date, days_before};
use crate::sources::Source;

#[derive(Serialize)]
pub(crate) struct Row {
    id: UserId,
    email: Option<String>,
    phone_number: Option<String>,
    date_joined: Timestamp,
    source: Option<Source>,
}

/// Users who registered since a day or a moment, newest first.
pub(crate) async fn list(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Listing<Row>> {
    house.for_admins(&headers, rows(&house, &uri)).await
}

async fn rows(house: &House, uri: &Uri) -> Result<Listing<Row>> {
    let now = house.clock.now();
    let mut fields = Fields::query(uri);
    let since = fields.optional("joined_since", moment);
    let page = Page::take(&mut fields);
    let page = fields.finish(|| page)?;
    let since = since.unwrap_or_else(|| midnight(days_before(day(now), USUAL - 1)));
    let behind = house.place("users", &page)?;
    let behind = behind.as_deref().and_then(Joined::parse);
    let limit = page.limit as usize;
    let found = house.store.joined(since, behind, now, limit).await?;
    let users = found.into_iter().map(|(joined, source)| async move {
        let user = house.store.user(joined.user).await?;
        let row = user.map(|user| Row {
            id: user.id,
            email: user.email,
            phone_number: user.phone,
            date_joined: user.joined,
            source: source.as_deref().map(Source::of),
        });
        Ok::<_, shared::Error>((joined.place(), row))
    });
    // One who was erased meanwhile leaves a gap, not an end.
    let page = house.page("users", &page, try_join_all(users).await?);
    Ok(Listing {
        results: page.results.into_iter().flatten().collect(),
        next: page.next,
    })
}

/// A day, which begins at midnight, or a moment.
fn moment(text: &str) -> Result<Timestamp, Fault> {
    let wrong = || {
        Fault::new(
            "invalid_date",
            "Expected a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z.",
        )
    };
    match date(text) {
        Ok(date) => Ok(midnight(date)),
        Err(_) => text.parse().map_err(|_| wrong()),
    }
}

fn midnight(day: Date) -> Timestamp {
    TimeZone::UTC
        .to_timestamp(day.at(0, 0, 0, 0))
        .unwrap_or(Timestamp::MIN)
}
