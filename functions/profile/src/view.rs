//! The answer with a profile.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use shared::config::Avatars;
use shared::domain::user::User;
use shared::flows::profile::Profile;

use crate::if_match::tag;

/// The profile, with its version as the entity tag.
pub(crate) fn profile(user: &User, avatars: &Avatars) -> Response {
    let tag = HeaderValue::from_str(&tag(user.version)).ok();
    let mut response = Json(Profile::of(user, avatars)).into_response();
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
