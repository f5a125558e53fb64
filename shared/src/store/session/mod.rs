//! Sessions: one item each; a session counts only while its id is in the user's map.

mod end;
mod list;
mod rotate;

pub use end::Ended;
pub(crate) use end::record;
pub use rotate::{Elsewhere, Rotate, Rotation, Whereabouts};

use super::item::{Item, Read, at, b, n, s, texts, ttl};
use super::keys;
use crate::Result;
use crate::domain::id::SessionId;
use crate::domain::session::{NewSession, Session};

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

/// Reads a session's item.
fn read(id: SessionId, item: &Item) -> Result<Session> {
    let corrupt = |attribute| item.corrupt("session", attribute);
    let count = |name| {
        let number = item.number(name).and_then(|n| u32::try_from(n).ok());
        number.ok_or_else(|| corrupt(name))
    };
    let moment = |name| item.moment(name).ok_or_else(|| corrupt(name));
    // Of the last refresh, else of the sign-in.
    let last = |refreshed: &str, signed_in: &str| {
        let text = item.text(refreshed).or_else(|| item.text(signed_in));
        text.unwrap_or_default().to_owned()
    };
    Ok(Session {
        id,
        generation: count("g")?,
        random_hash: item.bytes("rh").ok_or_else(|| corrupt("rh"))?,
        pepper: count("pv")?,
        created: moment("created")?,
        rotated: moment("rot")?,
        used: moment("used")?,
        end: moment("end")?,
        amr: item.list("amr"),
        ip: last("rip", "ip"),
        user_agent: last("rua", "ua"),
    })
}
