//! `GET /api/analytics/sources/`

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use jiff::Timestamp;
use serde::Serialize;
use shared::Result;
use shared::domain::source::SourceOrigin;
use shared::http::{Fields, Listing, Page};

use crate::House;

/// Where people come from.
#[derive(Serialize)]
pub(crate) struct Source {
    url: String,
    name: String,
}

impl Source {
    pub(crate) fn of(origin: &str) -> Self {
        let name = SourceOrigin::parse(origin).map(|origin| origin.name().to_owned());
        Self {
            url: origin.to_owned(),
            name: name.unwrap_or_else(|_| origin.to_owned()),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Row {
    source: Source,
    users: u64,
    by_method: BTreeMap<String, u64>,
    last_registration: Option<Timestamp>,
}

/// Every source that has users, the one with most of them first.
pub(crate) async fn list(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Listing<Row>> {
    house.for_admins(&headers, rows(&house, &uri)).await
}

async fn rows(house: &House, uri: &Uri) -> Result<Listing<Row>> {
    let mut fields = Fields::query(uri);
    let page = Page::take(&mut fields);
    let page = fields.finish(|| page)?;
    let behind = house.place("sources", &page)?;
    let mut sources: Vec<_> = house.store.source_figures().await?.into_iter().collect();
    sources.sort_by_cached_key(|(origin, figures)| (Reverse(figures.users()), origin.clone()));
    let behind = behind.as_deref().and_then(|place| {
        let (users, origin) = place.split_once(' ')?;
        Some((Reverse(users.parse().ok()?), origin.to_owned()))
    });
    let rows = sources
        .into_iter()
        .map(|(origin, figures)| ((Reverse(figures.users()), origin), figures))
        .skip_while(|(place, _)| behind.as_ref().is_some_and(|behind| place <= behind))
        .map(|((Reverse(users), origin), figures)| {
            let row = Row {
                source: Source::of(&origin),
                users,
                by_method: figures.by_method,
                last_registration: figures.last,
            };
            (format!("{users} {origin}"), row)
        });
    Ok(house.page("sources", &page, rows))
}
