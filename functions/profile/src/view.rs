//! The profile as its owner sees it.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use shared::config::Avatars;
use shared::domain::id::UserId;
use shared::domain::picture::{Address, Urls};
use shared::domain::user::User;

use crate::if_match::tag;

#[derive(Serialize)]
struct Profile<'a> {
    id: UserId,
    email: Option<&'a str>,
    email_verified: bool,
    phone_number: Option<&'a str>,
    phone_verified: bool,
    username: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    full_name: String,
    initials: String,
    display_username: String,
    bio: &'a str,
    avatar: Option<String>,
    avatar_urls: Option<Urls>,
    language: &'a str,
    timezone: &'a str,
    is_verified: bool,
    roles: &'a [String],
    date_joined: Timestamp,
    last_login: Option<Timestamp>,
    last_activity: Option<Timestamp>,
    erases_at: Option<Timestamp>,
    version: u64,
}

/// The profile, with its version as the entity tag.
pub(crate) fn profile(user: &User, avatars: &Avatars) -> Response {
    let address = user.avatar.as_deref().and_then(Address::parse);
    let urls = address.map(|address| address.urls(&avatars.base_url));
    let profile = Profile {
        id: user.id,
        email: user.email.as_deref(),
        email_verified: user.email.is_some(),
        phone_number: user.phone.as_deref(),
        phone_verified: user.phone.is_some(),
        username: user.profile.username.as_str(),
        first_name: user.profile.first_name.as_str(),
        last_name: user.profile.last_name.as_str(),
        full_name: user.profile.full_name(),
        initials: user.initials(),
        display_username: user.display_username(),
        bio: user.profile.bio.as_str(),
        avatar: urls.as_ref().map(|urls| urls.large.clone()),
        avatar_urls: urls,
        language: user.profile.language.as_str(),
        timezone: user.profile.timezone.as_str(),
        is_verified: true,
        roles: &user.roles,
        date_joined: user.joined,
        last_login: user.last_login,
        last_activity: user.last_activity,
        erases_at: user.erases_at,
        version: user.version,
    };
    let tag = HeaderValue::from_str(&tag(user.version)).ok();
    let mut response = Json(profile).into_response();
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
