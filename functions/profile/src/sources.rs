//! `GET /api/profile/sources/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use futures_util::try_join;
use jiff::Timestamp;
use serde::Serialize;
use shared::Result;
use shared::domain::id::UserId;
use shared::domain::source::SourceOrigin;
use shared::http::{Listing, Page, Series};
use shared::keyring::Peppers;

use crate::App;

/// One origin that the person signed in from.
#[derive(Serialize)]
pub(crate) struct Line {
    source: Source,
    registration_method: String,
    created_at: Timestamp,
    last_seen_at: Timestamp,
}

#[derive(Serialize)]
struct Source {
    url: String,
    name: String,
}

/// Where the person signed in from, by origin; who asks and what they ask for are read in one step.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    page: Result<Page>,
) -> Result<Listing<Line>> {
    let keyring = app.keyring.snapshot();
    let asked = app.auth.claims_and(&headers, |claims| {
        let (page, series) = (page?, series(&keyring.peppers, &claims.sub));
        let after = series.begins(&page, |place| String::from_utf8(place).ok())?;
        Ok((after, page.limit as usize))
    });
    let (claims, (after, limit)) = asked.await?;
    let user = claims.sub;
    let sources = app.store.sources(user, after.as_deref(), limit);
    let (_, (sources, more)) = try_join!(app.auth.confirm(claims), sources)?;
    let last = sources.last().filter(|_| more);
    let next = last.map(|last| series(&keyring.peppers, &user).behind(last.origin.as_bytes()));
    let results = sources.into_iter().map(|source| Line {
        registration_method: source.method,
        created_at: source.created,
        last_seen_at: source.seen,
        source: Source {
            name: name(&source.origin),
            url: source.origin,
        },
    });
    Ok(Listing {
        results: results.collect(),
        next,
    })
}

/// The origin's host; a stored origin that today's rules would refuse stands for itself.
fn name(origin: &str) -> String {
    SourceOrigin::parse(origin)
        .map_or_else(|_| origin.to_owned(), |origin| origin.name().to_owned())
}

fn series<'a>(peppers: &'a Peppers, user: &'a UserId) -> Series<'a> {
    Series::new(peppers, "sources", user.as_bytes())
}
