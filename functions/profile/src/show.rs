//! `GET /api/profile/`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use shared::Result;
use shared::flows::auth::SignedIn;

use crate::App;
use crate::view::profile;

pub(crate) async fn show(State(app): State<Arc<App>>, caller: SignedIn) -> Result<Response> {
    Ok(profile(&caller.user, &app.avatars))
}
