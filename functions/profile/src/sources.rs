//! `GET /api/profile/sources/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use futures_util::try_join;
use jiff::Timestamp;
use serde::Serialize;
use shared::Result;
use shared::domain::id::UserId;
use shared::http::{Listing, Page, Series};
use shared::keyring::Peppers;
use shared::store::sources::UserSource;
use shared::store::statistics::Source;

use crate::App;

/// An origin that the person signed in from.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = UserSource))]
pub(crate) struct SourceEntry {
    /// The origin.
    source: Source,
    /// How they did so the first time.
    #[cfg_attr(feature = "document", schema(value_type = shared::http::spec::Method))]
    registration_method: String,
    /// The first time.
    created_at: Timestamp,
    /// The last time.
    last_seen_at: Timestamp,
}

/// Where the person signed in from, by origin; who asks and what they ask for are read in one step.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    page: Result<Page>,
) -> Result<Listing<SourceEntry>> {
    let keyring = app.keyring.snapshot();
    let asked = app.auth.claims_and(&headers, |claims| {
        let (page, series) = (page?, series(&keyring.peppers, &claims.sub));
        let after = series.begins(&page, |place| String::from_utf8(place).ok())?;
        Ok((after, page.limit as usize))
    });
    let (claims, (after, limit)) = asked.await?;
    let user = claims.sub;
    let sources = app.store.sources(user, after.as_deref(), limit);
    let (signed_in, sources) = try_join!(app.auth.confirm(claims), sources)?;
    let shown = |source: UserSource| SourceEntry {
        source: Source::of(&source.origin),
        last_seen_at: source.last_seen(&signed_in.user),
        registration_method: source.method,
        created_at: source.created,
    };
    let series = series(&keyring.peppers, &user);
    Ok(series.page(sources, |source| source.origin.clone(), shown))
}

fn series<'a>(peppers: &'a Peppers, user: &'a UserId) -> Series<'a> {
    Series::new(peppers, "sources", user.as_bytes())
}
