//! The free texts of a profile, bounded and without control characters; names are also seen, and read in one direction.
//!
//! Everything else is kept as it is, joiners for emoji, Persian and Indic letters too: markup, templates and formulas
//! are text here, and escaped where they are rendered.

use crate::domain::InvalidValue;
use crate::domain::characters::{is_bidi_control, is_visible};

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
            /// `too_long` above [`Self::MAX_CHARS`], `invalid_characters` for control characters, and in a name for
            /// those that turn its direction and where nobody would see it.
            pub fn parse(text: &str) -> Result<Self, InvalidValue> {
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

fn bounded(text: &str, max: usize, lines: Lines) -> Result<String, InvalidValue> {
    let text = match lines {
        Lines::One => text.to_owned(),
        Lines::Many => text.replace("\r\n", "\n"),
    };
    let is_refused = |c: char| match c {
        '\n' | '\t' | '\u{2028}' | '\u{2029}' => lines == Lines::One,
        _ => c.is_control(),
    };
    if text.contains(is_refused) {
        return Err(InvalidValue::new(
            "invalid_characters",
            "Expected a text without control characters.",
        ));
    }
    let trimmed = text.trim();
    if trimmed.chars().count() > max {
        return Err(InvalidValue::new(
            "too_long",
            format!("Expected at most {max} characters."),
        ));
    }
    if lines == Lines::One {
        seen(trimmed)?;
    }
    Ok(trimmed.to_owned())
}

/// Refuses a name that shows as another one, or as none.
fn seen(name: &str) -> Result<(), InvalidValue> {
    if name.contains(is_bidi_control) {
        return Err(InvalidValue::new(
            "invalid_characters",
            "Expected a name without invisible characters that change the direction of writing.",
        ));
    }
    if !name.is_empty() && !name.contains(is_visible) {
        return Err(InvalidValue::new(
            "invalid_characters",
            "Expected a name with at least one visible character.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code<T>(parsed: Result<T, InvalidValue>) -> Option<&'static str> {
        parsed.err().map(|fault| fault.code)
    }

    /// THREATS J04.
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

    /// THREATS J10.
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

    #[test]
    fn a_name_is_seen_and_reads_in_one_direction() {
        for wrong in [
            "a\u{202E}b",
            "\u{202A}Jane\u{202C}",
            "\u{2067}Jane\u{2069}",
            "Jane\u{200F}",
            "\u{61C}Jane",
            "\u{200B}\u{200B}",
            "\u{200D}",
            "\u{FEFF}",
            "\u{AD} \u{2060}",
            "\u{3164}",
            "\u{2800}",
            "\u{E0020}",
        ] {
            for parsed in [code(Username::parse(wrong)), code(PersonName::parse(wrong))] {
                assert_eq!(parsed, Some("invalid_characters"), "{wrong:?}");
            }
            assert_eq!(code(Bio::parse(wrong)), None, "{wrong:?}");
        }
        for name in [
            "",
            " \u{A0}\u{3000}",
            "עִבְרִית",
            "محمد",
            "می\u{200C}خواهم",
            "ක්\u{200D}ර",
            "👩\u{200D}🚀",
            "❤\u{FE0F}",
            "葛\u{E0100}",
            "\u{301}",
        ] {
            assert_eq!(PersonName::parse(name).unwrap().as_str(), name.trim());
        }
        let sentence = Username::parse("a\u{202E}b").unwrap_err().detail;
        assert!(sentence.starts_with("Expected ") && sentence.ends_with('.'));
    }

    /// THREATS J03, J07, J11.
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
