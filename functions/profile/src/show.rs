//! `GET /api/profile/`

use axum::response::Response;
use shared::Result;
use shared::guard::SignedIn;

use crate::view::profile;

pub(crate) async fn show(caller: SignedIn) -> Result<Response> {
    Ok(profile(&caller.user))
}
