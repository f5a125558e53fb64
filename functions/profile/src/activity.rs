//! `GET /api/profile/activity/`, and the lines that this function adds to it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use futures_util::try_join;
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::id::{ActivityId, UserId};
use shared::http::{Caller, Listing, Page};
use shared::keyring::{Cursor, Peppers};
use shared::store::activity::Activity;
use shared::{Result, entropy};

use crate::House;

/// One line, as its person sees it.
#[derive(Serialize)]
pub(crate) struct Line {
    event: String,
    at: Timestamp,
    ip: String,
    user_agent: String,
    detail: String,
}

/// What happened to the account, newest first; who asks and what they ask for are read in one step.
pub(crate) async fn list(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    page: Result<Page>,
) -> Result<Listing<Line>> {
    let claims = house.guard.claims(&headers).await?;
    let keyring = house.keyring.snapshot();
    let place = page.and_then(|page| Ok((place(&page, &keyring.peppers, claims.sub)?, page.limit)));
    let (before, limit) = match place {
        Ok(place) => place,
        // Whether the caller is signed in is said first.
        Err(error) => return house.guard.confirm(claims).await.and(Err(error)),
    };
    let user = claims.sub;
    let now = house.clock.now();
    let (_, (lines, more)) = try_join!(
        house.guard.confirm(claims),
        house.store.activities(user, before, limit as usize, now)
    )?;
    let next = lines.last().filter(|_| more).map(|last| {
        let position = last.id.as_bytes();
        Cursor::seal(keyring.peppers.current(), &scope(&user), position)
    });
    let results = lines.into_iter().map(|line| Line {
        event: line.event,
        at: line.at,
        ip: line.ip,
        user_agent: line.user_agent,
        detail: line.detail,
    });
    Ok(Listing {
        results: results.collect(),
        next,
    })
}

fn place(page: &Page, peppers: &Peppers, user: UserId) -> Result<Option<ActivityId>> {
    let Some(cursor) = &page.cursor else {
        return Ok(None);
    };
    let place = Cursor::open(peppers, &scope(&user), cursor);
    let place: Option<[u8; 16]> = place.and_then(|bytes| bytes.try_into().ok());
    place
        .map(|bytes| Some(ActivityId::from_bytes(bytes)))
        .ok_or_else(Page::bad_cursor)
}

fn scope(user: &UserId) -> [&[u8]; 2] {
    [b"activity", user.as_bytes()]
}

impl House {
    /// A new line of the caller's activity.
    pub(crate) fn line<'a>(
        &self,
        event: &'static str,
        detail: String,
        caller: &'a Caller,
        now: Timestamp,
    ) -> Activity<'a> {
        Activity {
            id: ActivityId::new(now, entropy::bytes()),
            event,
            at: now,
            ip: &caller.ip,
            user_agent: &caller.user_agent,
            detail,
            keep: self.activity,
        }
    }
}
