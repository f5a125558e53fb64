//! `GET /api/analytics/active/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use shared::Result;
use shared::http::Fields;
use shared::store::statistics::Active;
use shared::store::statistics::range::{MOST_DAYS, USUAL_DAYS};

use crate::App;

/// Users who signed in or refreshed their session on one of the last days, today among them; each counts once.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Active>> {
    app.for_admins(&headers, count(&app, &uri)).await.map(Json)
}

async fn count(app: &App, uri: &Uri) -> Result<Active> {
    let days = days(Fields::query(uri))?;
    app.store.active(days, app.clock.now()).await
}

/// Over how many days.
pub(crate) fn days(mut fields: Fields) -> Result<u32> {
    let days = fields.whole_or("days", 1..=MOST_DAYS.into(), USUAL_DAYS.into());
    fields.finish(|| u32::try_from(days?).ok())
}
