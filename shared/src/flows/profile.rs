//! The profile as its owner sees it, by itself and in an export.

use jiff::Timestamp;
use serde::Serialize;

use crate::config::Avatars;
use crate::domain::id::UserId;
use crate::domain::picture::{Address, Urls};
use crate::domain::user::User;
use crate::http::True;

/// A profile, as its owner sees it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct Profile {
    /// The account.
    id: UserId,
    /// The proven e-mail address.
    email: Option<String>,
    /// Whether there is one.
    email_verified: bool,
    /// The proven phone number, E.164.
    phone_number: Option<String>,
    /// Whether there is one.
    phone_verified: bool,
    /// Empty where it is not set.
    username: String,
    /// Empty where it is not set.
    first_name: String,
    /// Empty where it is not set.
    last_name: String,
    /// First and last name, empty without them.
    full_name: String,
    /// Of the name, else of the address.
    initials: String,
    /// The username, else the full name, else the part before the @ or the masked number.
    display_username: String,
    /// Empty where it is not set.
    bio: String,
    /// The picture at 512 pixels, or `null`.
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    avatar: Option<String>,
    /// The picture in its three sizes, or `null`.
    avatar_urls: Option<Urls>,
    /// BCP 47.
    language: String,
    /// IANA.
    timezone: String,
    /// An account exists only with a proven address.
    is_verified: True,
    /// What the person may do beyond their own profile.
    roles: Vec<String>,
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

impl Profile {
    /// The profile of this account.
    #[must_use]
    pub fn of(user: &User, avatars: &Avatars) -> Self {
        let address = user.avatar.as_deref().and_then(Address::parse);
        let urls = address.map(|address| address.urls(&avatars.base_url));
        let text = str::to_owned;
        Self {
            id: user.id,
            email: user.email.clone(),
            email_verified: user.email.is_some(),
            phone_number: user.phone.clone(),
            phone_verified: user.phone.is_some(),
            username: text(user.profile.username.as_str()),
            first_name: text(user.profile.first_name.as_str()),
            last_name: text(user.profile.last_name.as_str()),
            full_name: user.profile.full_name(),
            initials: user.initials(),
            display_username: user.display_username(),
            bio: text(user.profile.bio.as_str()),
            avatar: urls.as_ref().map(|urls| urls.large.clone()),
            avatar_urls: urls,
            language: text(user.profile.language.as_str()),
            timezone: text(user.profile.timezone.as_str()),
            is_verified: True,
            roles: user.roles.clone(),
            date_joined: user.joined,
            last_login: user.last_login,
            last_activity: user.last_activity,
            erases_at: user.erases_at,
            version: user.version,
        }
    }
}
