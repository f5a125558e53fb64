//! `GET /api/profile/activity/`, and the lines that this function adds to it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use futures_util::try_join;
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::id::{ActivityId, UserId};
use shared::http::{Caller, Listing, Page, Series};
use shared::keyring::Peppers;
use shared::store::activity::Activity;
use shared::{Result, entropy};

use crate::App;

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
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    page: Result<Page>,
) -> Result<Listing<Line>> {
    let keyring = app.keyring.snapshot();
    let asked = app.auth.claims_and(&headers, |claims| {
        let (page, series) = (page?, series(&keyring.peppers, &claims.sub));
        let before = series.begins(&page, |place| {
            Some(ActivityId::from_bytes(place.try_into().ok()?))
        })?;
        Ok((before, page.limit as usize))
    });
    let (claims, (before, limit)) = asked.await?;
    let user = claims.sub;
    let now = app.clock.now();
    let (_, (lines, more)) = try_join!(
        app.auth.confirm(claims),
        app.store.activities(user, before, limit, now)
    )?;
    let last = lines.last().filter(|_| more);
    let next = last.map(|last| series(&keyring.peppers, &user).behind(last.id.as_bytes()));
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

fn series<'a>(peppers: &'a Peppers, user: &'a UserId) -> Series<'a> {
    Series::new(peppers, "activity", user.as_bytes())
}

impl App {
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
