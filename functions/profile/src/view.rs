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
use shared::http::True;

use crate::if_match::tag;

/// A profile, as its owner sees it.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub(crate) struct Profile<'a> {
    /// The account.
    id: UserId,
    /// The proven e-mail address.
    email: Option<&'a str>,
    /// Whether there is one.
    email_verified: bool,
    /// The proven phone number, E.164.
    phone_number: Option<&'a str>,
    /// Whether there is one.
    phone_verified: bool,
    /// Empty where it is not set.
    username: &'a str,
    /// Empty where it is not set.
    first_name: &'a str,
    /// Empty where it is not set.
    last_name: &'a str,
    /// First and last name, empty without them.
    full_name: String,
    /// Of the name, else of the address.
    initials: String,
    /// The username, else the full name, else the part before the @ or the masked number.
    display_username: String,
    /// Empty where it is not set.
    bio: &'a str,
    /// The picture at 512 pixels, or `null`.
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    avatar: Option<String>,
    /// The picture in its three sizes, or `null`.
    avatar_urls: Option<Urls>,
    /// BCP 47.
    language: &'a str,
    /// IANA.
    timezone: &'a str,
    /// An account exists only with a proven address.
    is_verified: True,
    /// What the person may do beyond their own profile.
    roles: &'a [String],
    /// When the account was opened.
    date_joined: Timestamp,
    /// The last sign-in.
    last_login: Option<Timestamp>,
    /// The last sign of life.
    last_activity: Option<Timestamp>,
    /// When the account will be erased, if that was asked for.
    erases_at: Option<Timestamp>,
    /// Rises with every change; the `ETag` holds it.
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
        is_verified: True,
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
