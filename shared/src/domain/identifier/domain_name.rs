//! The domain of a mailbox, in its A-label form.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// The domain in lower-case A-labels (UTS 46, then the code points of IDNA 2008), or `None` when it is no domain that
/// mail goes to: fewer than two labels, an address in place of a name, invisible characters, a root dot.
pub(super) fn canonical(text: &str) -> Option<String> {
    // UTS 46 drops what cannot be seen. Two spellings that look the same are a trap, not a convenience.
    let invisible = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    if text.chars().any(|c| invisible.contains(c)) {
        return None;
    }
    let uts46 = Uts46::new();
    let ascii = uts46
        .to_ascii(
            text.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::Check,
            DnsLength::Verify,
        )
        .ok()?;
    let (unicode, outcome) =
        uts46.to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    let sound = outcome.is_ok() && unicode.chars().all(is_idna_2008);
    let (_, last) = ascii.rsplit_once('.')?;
    (sound && !is_number(last)).then(|| ascii.into_owned())
}

/// Whether IDNA 2008 allows the code point in a label, some only in context (RFC 5892 section 2): letters, marks and
/// digits, and the exceptions of its section 2.6. UTS 46 alone also lets symbols and emoji through.
fn is_idna_2008(c: char) -> bool {
    match c {
        '-' | '.' => true,
        '\u{6FD}' | '\u{6FE}' | '\u{F0B}' | '\u{3007}' => true,
        '\u{B7}' | '\u{375}' | '\u{5F3}' | '\u{5F4}' | '\u{30FB}' | '\u{200C}' | '\u{200D}' => true,
        '\u{640}' | '\u{7FA}' | '\u{302E}' | '\u{302F}' | '\u{3031}'..='\u{3035}' | '\u{303B}' => {
            false
        }
        _ => LETTERS_MARKS_DIGITS.contains(CodePointMapData::<GeneralCategory>::new().get(c)),
    }
}

const LETTERS_MARKS_DIGITS: GeneralCategoryGroup = GeneralCategoryGroup::LowercaseLetter
    .union(GeneralCategoryGroup::OtherLetter)
    .union(GeneralCategoryGroup::ModifierLetter)
    .union(GeneralCategoryGroup::NonspacingMark)
    .union(GeneralCategoryGroup::SpacingMark)
    .union(GeneralCategoryGroup::DecimalNumber);

/// Whether software may take a name that ends in this label for an IPv4 address (WHATWG URL, "ends in a number").
fn is_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x");
    label.bytes().all(|b| b.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_domain_has_one_form() {
        for (text, canonical_form) in [
            ("Example.COM", "example.com"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("faß.de", "xn--fa-hia.de"),
            ("fass.de", "fass.de"),
            ("аpple.com", "xn--pple-43d.com"),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
            ("क्ष.भारत", "xn--11b2ezc.xn--h2brj9c"),
            ("a.b-c.d1.museum", "a.b-c.d1.museum"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(canonical_form), "{text}");
        }
    }

    #[test]
    fn what_mail_cannot_go_to_is_no_domain() {
        for text in [
            "",
            ".",
            "com",
            "example.com.",
            ".example.com",
            "example..com",
            "-a.com",
            "a-.com",
            "ab--cd.com",
            "a_b.com",
            "a b.com",
            "a%b.com",
            "127.0.0.1",
            "[127.0.0.1]",
            "[IPv6:::1]",
            "1.0x7f",
            "exam\u{AD}ple.com",
            "exam\u{200B}ple.com",
            "exam\u{200D}ple.com",
            "exam\u{FE0F}ple.com",
            "\u{202E}example.com",
            "example.com\u{A0}",
            "example\0.com",
            "☕.example",
            "xn--53h.example",
            "xn--a.example",
            "xn--.example",
            "xn--example-.com",
        ] {
            assert_eq!(canonical(text), None, "{text:?}");
        }
        assert_eq!(canonical(&format!("{}.com", "b".repeat(64))), None);
        assert!(canonical(&format!("{}.com", "b".repeat(63))).is_some());
    }
}
