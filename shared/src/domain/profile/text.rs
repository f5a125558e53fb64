//! The free texts of a profile, bounded and without control characters.
//!
//! Everything else is kept as it is: markup, templates and formulas are text here, and escaped where they are rendered.

use crate::domain::Fault;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $max:literal, $lines:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// The most Unicode scalar values that it holds.
            pub const MAX_CHARS: usize = $max;

            /// Reads a text; outer white space is trimmed, an empty text is allowed.
            ///
            /// # Errors
            /// `too_long` above [`Self::MAX_CHARS`], `invalid_characters` for control characters.
            pub fn parse(text: &str) -> Result<Self, Fault> {
                bounded(text, Self::MAX_CHARS, $lines).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether there is no text.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl std::fmt::Debug for $name {
            /// Only how long it is: what a person writes about themselves is not for logs.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({} bytes)", stringify!($name), self.0.len())
            }
        }
    )*};
}

texts! {
    /// The name that a person wants to be shown by, one line.
    Username: 150, Lines::One;
    /// A first or last name, one line.
    PersonName: 150, Lines::One;
    /// A few lines about a person; line feeds and tabs are allowed, CR LF becomes LF.
    Bio: 500, Lines::Many;
}

// The longest text stays below 2 KB, so that no profile outgrows its item (a scalar has at most 4 bytes in UTF-8).
const _: () = assert!(
    Bio::MAX_CHARS * 4 <= 2_048 && Username::MAX_CHARS <= 500 && PersonName::MAX_CHARS <= 500
);

#[derive(Clone, Copy, PartialEq)]
enum Lines {
    One,
    Many,
}

fn bounded(text: &str, max: usize, lines: Lines) -> Result<String, Fault> {
    let text = match lines {
        Lines::One => text.to_owned(),
        Lines::Many => text.replace("\r\n", "\n"),
    };
    let is_refused = |c: char| match c {
        '\n' | '\t' | '\u{2028}' | '\u{2029}' => lines == Lines::One,
        _ => c.is_control(),
    };
    if text.contains(is_refused) {
        return Err(Fault::new("invalid_characters", "no control characters"));
    }
    let trimmed = text.trim();
    if trimmed.chars().count() > max {
        return Err(Fault::new("too_long", format!("at most {max} characters")));
    }
    Ok(trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code<T>(parsed: Result<T, Fault>) -> Option<&'static str> {
        parsed.err().map(|fault| fault.code)
    }

    /// ATTACKS J04.
    #[test]
    fn the_bounds_count_scalar_values() {
        for letter in ["a", "é", "🦀", "\u{301}"] {
            assert_eq!(code(Bio::parse(&letter.repeat(500))), None);
            assert_eq!(code(Bio::parse(&letter.repeat(501))), Some("too_long"));
            assert_eq!(code(Username::parse(&letter.repeat(150))), None);
            assert_eq!(code(Username::parse(&letter.repeat(151))), Some("too_long"));
            assert_eq!(
                code(PersonName::parse(&letter.repeat(151))),
                Some("too_long")
            );
        }
        assert_eq!(
            code(Bio::parse(&"\u{301}".repeat(10_000))),
            Some("too_long")
        );
    }

    /// ATTACKS J10.
    #[test]
    fn control_characters_are_refused_but_line_breaks_in_a_bio() {
        for wrong in [
            "a\0b",
            "a\u{1}b",
            "a\u{1b}[31m",
            "a\u{7f}",
            "a\u{85}b",
            "a\rb",
            "\r",
        ] {
            assert_eq!(
                code(Bio::parse(wrong)),
                Some("invalid_characters"),
                "{wrong:?}"
            );
            assert_eq!(
                code(Username::parse(wrong)),
                Some("invalid_characters"),
                "{wrong:?}"
            );
        }
        for break_ in ["a\nb", "a\tb", "a\n", "a\u{2028}b"] {
            assert_eq!(
                code(PersonName::parse(break_)),
                Some("invalid_characters"),
                "{break_:?}"
            );
            assert_eq!(Bio::parse(break_).unwrap().as_str(), break_.trim());
        }
        assert_eq!(Bio::parse("a\r\nb").unwrap().as_str(), "a\nb");
    }

    /// ATTACKS J03, J07, J11.
    #[test]
    fn what_looks_like_code_is_text() {
        for text in [
            "<script>alert(1)</script>",
            "SET #a = :b REMOVE x",
            "{{7*7}} ${jndi:ldap://x} %s%n",
            "=cmd|'/c'!A1",
        ] {
            assert_eq!(Bio::parse(text).unwrap().as_str(), text);
            assert_eq!(PersonName::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn debug_shows_no_text() {
        assert_eq!(
            format!("{:?}", PersonName::parse(" Jane ").unwrap()),
            "PersonName(4 bytes)"
        );
    }

    proptest! {
        #[test]
        fn a_text_is_a_fixed_point_within_its_bounds(text in prop_oneof![any::<String>(), "[\r\n\t a-zé🦀]{0,520}"]) {
            if let Ok(bio) = Bio::parse(&text) {
                prop_assert_eq!(Bio::parse(bio.as_str()), Ok(bio.clone()));
                prop_assert!(bio.as_str().len() <= 2_048 && !bio.as_str().contains(['\0', '\r']));
            }
            if let Ok(name) = PersonName::parse(&text) {
                prop_assert_eq!(PersonName::parse(name.as_str()), Ok(name.clone()));
                prop_assert!(!name.as_str().contains(char::is_control));
            }
        }
    }
}
