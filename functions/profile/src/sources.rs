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
use shared::http::{Listing, Page};
use shared::keyring::{Cursor, Peppers};

use crate::House;

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
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    page: Result<Page>,
) -> Result<Listing<Line>> {
    let claims = house.guard.claims(&headers).await?;
    let keyring = house.keyring.snapshot();
    let place = page.and_then(|page| Ok((place(&page, &keyring.peppers, claims.sub)?, page.limit)));
    let (after, limit) = match place {
        Ok(place) => place,
        // Whether the caller is signed in is said first.
        Err(error) => return house.guard.confirm(claims).await.and(Err(error)),
    };
    let user = claims.sub;
    let sources = house.store.sources(user, after.as_deref(), limit as usize);
    let (_, (sources, more)) = try_join!(house.guard.confirm(claims), sources)?;
    let next = sources.last().filter(|_| more).map(|last| {
        let position = last.origin.as_bytes();
        Cursor::seal(keyring.peppers.current(), &scope(&user), position)
    });
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

fn place(page: &Page, peppers: &Peppers, user: UserId) -> Result<Option<String>> {
    let Some(cursor) = &page.cursor else {
        return Ok(None);
    };
    Cursor::open(peppers, &scope(&user), cursor)
        .and_then(|place| String::from_utf8(place).ok())
        .map(Some)
        .ok_or_else(Page::bad_cursor)
}

fn scope(user: &UserId) -> [&[u8]; 2] {
    [b"sources", user.as_bytes()]
}
