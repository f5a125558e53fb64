//! Sessions: one item each; a session counts only while its id stands in the user's map.

use super::item::{Item, at, b, n, s, texts, ttl};
use super::keys;
use crate::domain::session::NewSession;

/// The item of a session that a sign-in opens.
pub(crate) fn item(session: &NewSession) -> Item {
    let mut item = keys::session(session.user, session.id).item();
    let attributes = [
        ("g", n(0)),
        ("rh", b(session.random_hash)),
        ("pv", n(session.pepper)),
        ("created", at(session.created)),
        ("rot", at(session.created)),
        ("used", at(session.created)),
        ("end", at(session.end)),
        ("amr", texts(session.amr)),
        ("ip", s(&session.ip)),
        ("ua", s(&session.user_agent)),
        ("ttl", ttl(session.end)),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}
