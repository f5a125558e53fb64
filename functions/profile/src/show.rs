//! `GET /api/profile/`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use shared::Result;
use shared::flows::auth::SignedIn;

use crate::House;
use crate::view::profile;

pub(crate) async fn show(State(house): State<Arc<House>>, caller: SignedIn) -> Result<Response> {
    Ok(profile(&caller.user, &house.avatars))
}
