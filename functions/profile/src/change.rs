//! `PUT /api/profile/` and `PATCH /api/profile/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use shared::domain::InvalidValue;
use shared::domain::locale::{LanguageTag, TimeZoneName};
use shared::domain::profile::{Bio, Change, PersonName, ProfilePatch, Username};
use shared::flows::auth::SignedIn;
use shared::flows::rate_limit::limited;
use shared::http::{Caller, Described, Fields, JsonBody};
use shared::store::profile::{Changed, ProfileChange};
use shared::{Error, Result};

use crate::App;
use crate::if_match::IfMatch;
use crate::view::profile;

/// What a reader of the profile sees and nobody writes here.
const READ_ONLY: [&str; 17] = [
    "id",
    "email",
    "email_verified",
    "phone_number",
    "phone_verified",
    "full_name",
    "initials",
    "display_username",
    "avatar",
    "avatar_urls",
    "is_verified",
    "roles",
    "date_joined",
    "last_login",
    "last_activity",
    "erases_at",
    "version",
];

/// Replaces the profile: a field that is not given is cleared.
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response> {
    let patch = read(body.fields(), Method::Put)?;
    app.change(signed_in, &caller, &headers, patch).await
}

/// Changes the fields that are given; `null` clears one.
pub(crate) async fn patch(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response> {
    let patch = read(body.fields(), Method::Patch)?;
    app.change(signed_in, &caller, &headers, patch).await
}

/// What a field that is not given means.
#[derive(Clone, Copy)]
pub(crate) enum Method {
    Put,
    Patch,
}

pub(crate) fn read(mut fields: Fields, method: Method) -> Result<ProfilePatch> {
    fn field<T: Described>(
        fields: &mut Fields,
        method: Method,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Change<T> {
        let given = fields.nullable(name, parse);
        match method {
            Method::Put => Change::by_put(given),
            Method::Patch => Change::by_patch(given),
        }
    }
    fields.read_only(&READ_ONLY);
    let patch = ProfilePatch {
        username: field(&mut fields, method, "username", Username::parse),
        first_name: field(&mut fields, method, "first_name", PersonName::parse),
        last_name: field(&mut fields, method, "last_name", PersonName::parse),
        bio: field(&mut fields, method, "bio", Bio::parse),
        language: field(&mut fields, method, "language", LanguageTag::parse),
        timezone: field(&mut fields, method, "timezone", TimeZoneName::parse),
    };
    fields.finish(|| Some(patch))
}

impl App {
    async fn change(
        &self,
        SignedIn { user, claims, now }: SignedIn,
        caller: &Caller,
        headers: &HeaderMap,
        patch: ProfilePatch,
    ) -> Result<Response> {
        let condition = IfMatch::read(headers);
        if !condition.admits(user.version) {
            return Err(Error::VersionConflict);
        }
        let change = ProfileChange {
            session: claims.sid,
            activity: self.line("profile_updated", words(&patch), caller, now),
            patch,
            as_seen: condition.is_strict(),
            now,
        };
        match self.store.change_profile(user, &change).await? {
            Changed::To(user) => Ok(profile(&user, &self.avatars)),
            Changed::Moved => Err(Error::VersionConflict),
            Changed::Limited(retry_after) => Err(limited("changes", retry_after)),
            Changed::Refused => Err(Error::Unauthenticated),
        }
    }
}

/// The names of the fields that are to change.
fn words(patch: &ProfilePatch) -> String {
    let kept = [
        ("username", patch.username == Change::Keep),
        ("first_name", patch.first_name == Change::Keep),
        ("last_name", patch.last_name == Change::Keep),
        ("bio", patch.bio == Change::Keep),
        ("language", patch.language == Change::Keep),
        ("timezone", patch.timezone == Change::Keep),
    ];
    let changed = kept.iter().filter(|(_, kept)| !kept);
    let names: Vec<_> = changed.map(|(name, _)| *name).collect();
    names.join(" ")
}
