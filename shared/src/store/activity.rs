//! A person's activity: what happened to the account, when and from where.

use std::time::Duration;

use jiff::Timestamp;

use super::item::{Item, at, s, ttl};
use super::keys;
use crate::domain::id::{ActivityId, UserId};
use crate::domain::quota::after;

/// One line of activity.
#[derive(Clone, Debug)]
pub struct Activity<'a> {
    /// Its id, in whose order lines stand.
    pub id: ActivityId,
    /// What happened, for example `signed_in`.
    pub event: &'static str,
    pub at: Timestamp,
    pub ip: &'a str,
    pub user_agent: &'a str,
    /// Particulars, without addresses.
    pub detail: String,
    /// How long it is kept.
    pub keep: Duration,
}

/// The item of a line of activity.
pub(crate) fn item(user: UserId, activity: &Activity<'_>) -> Item {
    let mut item = keys::activity(user, activity.id).item();
    let attributes = [
        ("event", s(activity.event)),
        ("at", at(activity.at)),
        ("ip", s(activity.ip)),
        ("ua", s(activity.user_agent)),
        ("detail", s(&activity.detail)),
        ("ttl", ttl(after(activity.at, activity.keep))),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}
