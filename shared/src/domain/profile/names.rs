//! The names that are computed from a profile and the addresses beside it.

use super::{PersonName, Profile};
use crate::domain::identifier::{EmailAddress, PhoneNumber};

/// The initials of someone of whom only a phone number is known.
const NOBODY: &str = "#";

impl Profile {
    /// First and last name with a space between, or whichever there is, or the empty text.
    #[must_use]
    pub fn full_name(&self) -> String {
        let (first, last) = (self.first_name.as_str(), self.last_name.as_str());
        let between = if first.is_empty() || last.is_empty() {
            ""
        } else {
            " "
        };
        format!("{first}{between}{last}")
    }

    /// One or two letters for a round picture: the first ones of the names, upper-cased; else of the e-mail address;
    /// else `#`.
    #[must_use]
    pub fn initials(&self, email: Option<&EmailAddress>) -> String {
        let of_names = [&self.first_name, &self.last_name].map(PersonName::as_str);
        let of_names: String = of_names.into_iter().filter_map(initial).collect();
        if !of_names.is_empty() {
            return of_names;
        }
        email
            .and_then(|email| initial(email.local_part()))
            .unwrap_or_else(|| NOBODY.to_owned())
    }

    /// What to call the person: the username, else the full name, else what stands before the `@`, else the masked
    /// phone number, else the empty text.
    #[must_use]
    pub fn display_username(
        &self,
        email: Option<&EmailAddress>,
        phone: Option<&PhoneNumber>,
    ) -> String {
        let full_name = self.full_name();
        if !self.username.is_empty() {
            self.username.as_str().to_owned()
        } else if !full_name.is_empty() {
            full_name
        } else if let Some(email) = email {
            email.local_part().to_owned()
        } else {
            phone.map(PhoneNumber::masked).unwrap_or_default()
        }
    }
}

/// The first letter or digit, upper-cased, as one character (`ß` becomes `S`); without one, the first character.
fn initial(text: &str) -> Option<String> {
    let letter = text
        .chars()
        .find(|c| c.is_alphanumeric())
        .or(text.chars().next())?;
    letter.to_uppercase().next().map(String::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Username;
    use super::*;

    fn named(username: &str, first: &str, last: &str) -> Profile {
        Profile {
            username: Username::parse(username).unwrap(),
            first_name: PersonName::parse(first).unwrap(),
            last_name: PersonName::parse(last).unwrap(),
            ..Profile::default()
        }
    }

    #[test]
    fn names_go_before_addresses() {
        let email = EmailAddress::parse("kim@example.com").unwrap();
        let phone = PhoneNumber::parse("+14155550100").unwrap();
        for (profile, full_name, initials, display) in [
            (named("", "Jane", "Doe"), "Jane Doe", "JD", "Jane Doe"),
            (named("jd", "jane", "élan"), "jane élan", "JÉ", "jd"),
            (named("jd", "É", "ßx"), "É ßx", "ÉS", "jd"),
            (named("", "Jane", ""), "Jane", "J", "Jane"),
            (named("", "", "von Doe"), "von Doe", "V", "von Doe"),
            (named("jd", "", ""), "", "K", "jd"),
            (named("", "", ""), "", "K", "kim"),
            (named("", "(Bob)", "🦀"), "(Bob) 🦀", "B🦀", "(Bob) 🦀"),
        ] {
            assert_eq!(profile.full_name(), full_name);
            assert_eq!(profile.initials(Some(&email)), initials);
            assert_eq!(
                profile.display_username(Some(&email), Some(&phone)),
                display
            );
        }
    }

    #[test]
    fn addresses_stand_in_for_names() {
        let nobody = Profile::default();
        let phone = PhoneNumber::parse("+14155550100").unwrap();
        assert_eq!(nobody.initials(None), "#");
        assert_eq!(nobody.display_username(None, Some(&phone)), "+1•••00");
        assert_eq!(nobody.display_username(None, None), "");
        for (address, initial) in [
            ("'or'@example.com", "O"),
            ("4you@example.com", "4"),
            ("_@example.com", "_"),
        ] {
            let email = EmailAddress::parse(address).unwrap();
            assert_eq!(nobody.initials(Some(&email)), initial);
        }
    }

    proptest! {
        #[test]
        fn initials_are_never_empty(first: String, last: String) {
            if let (Ok(first_name), Ok(last_name)) = (PersonName::parse(&first), PersonName::parse(&last)) {
                let profile = Profile { first_name, last_name, ..Profile::default() };
                prop_assert!(!profile.initials(None).is_empty());
                let full_name = profile.full_name();
                prop_assert_eq!(full_name.trim(), &full_name);
            }
        }
    }
}
