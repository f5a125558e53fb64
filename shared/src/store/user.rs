//! The user item: the person's account, and the map of the sessions that count.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Store;
use super::item::{Item, Read, at, n, s, texts};
use super::keys::{self, Table};
use super::write::Write;
use crate::Result;
use crate::domain::InvalidValue;
use crate::domain::id::{SessionId, UserId};
use crate::domain::locale::{LanguageTag, TimeZoneName};
use crate::domain::profile::{Bio, PersonName, Profile, Username};
use crate::domain::user::{Status, User};

impl Store {
    /// The account, read consistently.
    pub async fn user(&self, id: UserId) -> Result<Option<User>> {
        self.get(Table::Accounts, &keys::user(id))
            .await?
            .map(|item| read(id, &item))
            .transpose()
    }
}

/// Reads a user item.
pub(crate) fn read(id: UserId, item: &Item) -> Result<User> {
    let given = |name: &str| item.text(name).map(str::to_owned);
    Ok(User {
        id,
        status: item
            .text("status")
            .and_then(Status::parse)
            .ok_or_else(|| item.corrupt("user", "status"))?,
        email: given("email"),
        email_version: item.count("email_version"),
        phone: given("phone"),
        phone_version: item.count("phone_version"),
        profile: profile(item),
        avatar: given("avatar"),
        roles: item.list("roles"),
        sessions: sessions(item),
        joined: item
            .moment("joined")
            .ok_or_else(|| item.corrupt("user", "joined"))?,
        last_login: item.moment("last_login"),
        last_activity: item.moment("last_activity"),
        last_source: given("last_source").zip(item.moment("last_source_at")),
        erases_at: item.moment("erases_at"),
        version: item
            .number("version")
            .and_then(|version| version.try_into().ok())
            .unwrap_or(1),
        changes: item.moment("changes"),
    })
}

/// What the person says about themselves; a stored text that today's rules would refuse reads as not given.
fn profile(item: &Item) -> Profile {
    fn field<T: Default>(
        item: &Item,
        name: &str,
        parse: impl Fn(&str) -> Result<T, InvalidValue>,
    ) -> T {
        item.text(name)
            .and_then(|text| parse(text).ok())
            .unwrap_or_default()
    }
    Profile {
        username: field(item, "username", Username::parse),
        first_name: field(item, "first_name", PersonName::parse),
        last_name: field(item, "last_name", PersonName::parse),
        bio: field(item, "bio", Bio::parse),
        language: field(item, "language", LanguageTag::parse),
        timezone: field(item, "timezone", TimeZoneName::parse),
    }
}

/// The map of sessions that count.
pub(crate) fn sessions(item: &Item) -> BTreeMap<SessionId, Timestamp> {
    let Some(Ok(map)) = item.get("sessions").map(AttributeValue::as_m) else {
        return BTreeMap::new();
    };
    map.keys()
        .filter_map(|id| Some((SessionId::parse(id)?, map.moment(id)?)))
        .collect()
}

/// That an account is active: what is written for a person afterwards would otherwise bring an erased one back.
pub(super) fn is_active(user: UserId) -> Write {
    Write::check(Table::Accounts, keys::user(user), "#status=:active")
        .value(":active", s(Status::Active.as_str()))
}

/// The item of a new user.
pub(crate) fn item(user: &User) -> Item {
    let mut item = keys::user(user.id).item();
    let sessions = user
        .sessions
        .iter()
        .map(|(id, end)| (id.to_string(), at(*end)))
        .collect();
    let mut set = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    set("status", s(user.status.as_str()));
    set("sessions", AttributeValue::M(sessions));
    set("language", s(user.profile.language.as_str()));
    set("timezone", s(user.profile.timezone.as_str()));
    set("roles", texts(&user.roles));
    set("version", n(user.version));
    set("lines", n(1)); // the sign-in that makes the account
    set("joined", at(user.joined));
    set("email_version", n(user.email_version));
    set("phone_version", n(user.phone_version));
    for (name, value) in [("email", &user.email), ("phone", &user.phone)] {
        if let Some(value) = value {
            set(name, s(value));
        }
    }
    for (name, moment) in [
        ("last_login", user.last_login),
        ("last_activity", user.last_activity),
    ] {
        if let Some(moment) = moment {
            set(name, at(moment));
        }
    }
    item
}
