//! The names that are computed from a profile and the addresses beside it.

use icu_normalizer::ComposingNormalizerBorrowed;
use unicode_segmentation::UnicodeSegmentation;

use super::{PersonName, Profile};
use crate::domain::characters::is_visible;
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

/// The first letter or digit, upper-cased (`ß` becomes `S`), else the first character that one sees; `None` where there
/// is nothing to see. A character is what a reader calls one: a base with its marks, a flag, a family.
fn initial(text: &str) -> Option<String> {
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    let first = |wanted: fn(char) -> bool| {
        let mut characters = composed.graphemes(true);
        characters.find(|character| character.contains(wanted))
    };
    let upper = first(|c| c.is_alphanumeric() && is_visible(c))
        .or_else(|| first(is_visible))?
        .to_uppercase();
    // A joiner belongs to the next character, which is not shown.
    let joiner = ['\u{200C}', '\u{200D}'];
    let character = upper.graphemes(true).next()?;
    Some(character.trim_end_matches(joiner).to_owned())
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
    fn an_initial_is_a_whole_character() {
        let nobody = Profile::default();
        for (first, last, initials) in [
            (
                "🇩🇪",
                "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
                "🇩🇪🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            ),
            ("e\u{301}lan", "A\u{30A}sa", "ÉÅ"),
            ("x\u{302}e", "", "X\u{302}"),
            ("👩\u{200D}👧\u{200D}👦", "", "👩\u{200D}👧\u{200D}👦"),
            ("नि", "क्ष", "निक्ष"),
            ("\u{1112}\u{1161}\u{11AB}", "", "한"),
            ("\u{200B}Jane", "\u{FEFF}\u{AD}doe", "JD"),
            ("J\u{200D}ane", "", "J"),
            ("ﬁn", "ǆ", "FǄ"),
            ("1\u{FE0F}\u{20E3}", "", "1\u{FE0F}\u{20E3}"),
        ] {
            let profile = named("", first, last);
            assert_eq!(profile.initials(None), initials, "{first:?} {last:?}");
        }
        assert_eq!(initial("\u{200B}\u{2060}"), None);
        assert_eq!(initial("\u{2800} \u{3164}"), None);
        assert_eq!(nobody.initials(None), "#");
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
