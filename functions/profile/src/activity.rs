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
use shared::store::activities::ActivityLine;
use shared::store::activity::Activity;
use shared::{Result, entropy};

use crate::App;

/// One thing that happened.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = Activity))]
pub(crate) struct ActivityEntry {
    /// What: `signed_in`, `profile_updated`, …
    event: String,
    /// When.
    at: Timestamp,
    /// From which address.
    ip: String,
    /// By what, as it calls itself.
    user_agent: String,
    /// More, depending on the event; may be empty.
    detail: String,
}

/// What happened to the account, newest first; who asks and what they ask for are read in one step.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    page: Result<Page>,
) -> Result<Listing<ActivityEntry>> {
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
    let (_, lines) = try_join!(
        app.auth.confirm(claims),
        app.store.activities(user, before, limit, now)
    )?;
    let shown = |line: ActivityLine| ActivityEntry {
        event: line.event,
        at: line.at,
        ip: line.ip,
        user_agent: line.user_agent,
        detail: line.detail,
    };
    let series = series(&keyring.peppers, &user);
    Ok(series.page(lines, |line| *line.id.as_bytes(), shown))
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
