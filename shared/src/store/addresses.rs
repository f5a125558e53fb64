//! The addresses of an account, present and former: by them the traces of a person are found that do not hang on the
//! account, such as codes and deliveries.

use jiff::Timestamp;

use super::item::Item;
use super::keys;
use crate::domain::identifier::Identifier;
use crate::domain::user::User;

/// An address that an account has, or had.
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

/// The addresses that an account has, and those that it had before, each once.
pub(super) fn held(user: &User, item: &Item) -> Vec<Held> {
    let mut all: Vec<_> = current(user)
        .map(|identifier| Held {
            identifier,
            until: Timestamp::MAX,
        })
        .collect();
    let former = item.get("former").and_then(|set| set.as_ss().ok());
    for given_up in former.into_iter().flatten().filter_map(|text| parse(text)) {
        let known = all
            .iter_mut()
            .find(|held| held.identifier == given_up.identifier);
        match known {
            Some(held) => held.until = held.until.max(given_up.until),
            None => all.push(given_up),
        }
    }
    all
}

/// How the account remembers an address that it gives up.
pub(super) fn former(kind: &str, address: &str, given_up: Timestamp) -> String {
    format!("{kind}#{address}#{}", keys::millis(given_up))
}

/// Reads the text of [`former`]. One without a moment was given up before moments were kept: nobody can tell what came
/// later.
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
    use crate::domain::id::UserId;
    use aws_sdk_dynamodb::types::AttributeValue;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_address_is_held_until_it_was_given_up_last() {
        let mut user = User::new(UserId::new(at(1), [0; 10]), at(1));
        user.email = Some("now@example.com".to_owned());
        let gone = [
            former("email", "a#b@example.com", at(5)),
            former("email", "a#b@example.com", at(7)),
            former("email", "now@example.com", at(6)),
            former("phone", "+14155550100", at(9)),
            "email#c#1@example.com".to_owned(),
        ];
        let item = map([("former", AttributeValue::Ss(gone.to_vec()))]);
        let mut all: Vec<_> = held(&user, &item)
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
