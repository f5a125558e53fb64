//! The addresses of an account, present and former: they lead to the person's traces outside the
//! account, such as codes and deliveries.

use jiff::Timestamp;

use super::challenge::KEEP;
use super::item::{Item, Read, at, ttl};
use super::keys;
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;
use crate::domain::quota::after;
use crate::domain::user::User;

/// An address that an account has, or had.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) identifier: Identifier,
    /// When the account gave it up; what came later is somebody else's. [`Timestamp::MAX`] while the account has it.
    pub(super) until: Timestamp,
}

/// The addresses that an account has.
pub(super) fn current(user: &User) -> impl Iterator<Item = Identifier> {
    let addresses = [user.email.as_deref(), user.phone.as_deref()];
    addresses
        .into_iter()
        .flatten()
        .filter_map(Identifier::restore)
}

/// The addresses that an account has, and those that its own item says it had before (see [`former`] for the others),
/// each once.
pub(super) fn held(user: &User, item: &Item) -> Vec<Held> {
    let mut all: Vec<_> = current(user)
        .map(|identifier| Held {
            identifier,
            until: Timestamp::MAX,
        })
        .collect();
    for given_up in former_in(item) {
        add(&mut all, given_up);
    }
    all
}

/// The addresses that the account's own item says it had before, as earlier versions wrote them.
pub(super) fn former_in(item: &Item) -> impl Iterator<Item = Held> {
    let former = item.get("former").and_then(|set| set.as_ss().ok());
    former.into_iter().flatten().filter_map(|text| parse(text))
}

/// Adds an address that was given up; of one that was held again later the longer time counts.
pub(super) fn add(all: &mut Vec<Held>, given_up: Held) {
    let known = all
        .iter_mut()
        .find(|held| held.identifier == given_up.identifier);
    match known {
        Some(held) => held.until = held.until.max(given_up.until),
        None => all.push(given_up),
    }
}

/// The item of an address that a person gives up: one of its own, since the account's is read by every request and must
/// not grow.
pub(super) fn former(user: UserId, address: &Identifier, given_up: Timestamp) -> Item {
    let mut item = keys::former(user, address, given_up).item();
    item.insert("at".to_owned(), at(given_up));
    item.insert("ttl".to_owned(), ttl(after(given_up, KEEP)));
    item
}

/// Reads an item of [`former`].
pub(super) fn read_former(item: &Item) -> Option<Held> {
    parse(item.text("sk")?.strip_prefix("FORMER#")?)
}

/// Reads kind, address and moment. One without a moment was given up before moments were kept: nobody can tell what
/// came later.
fn parse(text: &str) -> Option<Held> {
    let (_, rest) = text.split_once('#')?;
    // The domain of an address has no `#`, and a number begins with a plus.
    let (address, until) = match rest.rsplit_once('#') {
        Some((address, millis)) if millis.bytes().all(|b| b.is_ascii_digit()) => {
            let until = Timestamp::from_millisecond(millis.parse().ok()?).ok()?;
            (address, until)
        }
        _ => (rest, Timestamp::MAX),
    };
    Some(Held {
        identifier: Identifier::restore(address)?,
        until,
    })
}

#[cfg(test)]
mod tests {
    use super::super::item::map;
    use super::*;
    use aws_sdk_dynamodb::types::AttributeValue;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_address_is_held_until_it_was_given_up_last() {
        let mut user = User::new(UserId::new(at(1), [0; 10]), at(1));
        user.email = Some("now@example.com".to_owned());
        let text = |kind: &str, address: &str, second: i64| {
            format!("{kind}#{address}#{}", keys::millis(at(second)))
        };
        let gone = [
            text("email", "a#b@example.com", 5),
            text("email", "a#b@example.com", 7),
            text("email", "now@example.com", 6),
            "email#c#1@example.com".to_owned(),
        ];
        let item = map([("former", AttributeValue::Ss(gone.to_vec()))]);
        let number = Identifier::parse("+14155550100").unwrap();
        let given_up = read_former(&former(user.id, &number, at(9)));
        let mut all = held(&user, &item);
        add(&mut all, given_up.unwrap());
        let mut all: Vec<_> = all
            .into_iter()
            .map(|held| (held.identifier.as_str().to_owned(), held.until))
            .collect();
        all.sort();
        let expected = [
            ("+14155550100", at(9)),
            ("a#b@example.com", at(7)),
            ("c#1@example.com", Timestamp::MAX),
            ("now@example.com", Timestamp::MAX),
        ];
        assert_eq!(
            all,
            expected.map(|(address, until)| (address.to_owned(), until))
        );
    }
}
