//! E-mail addresses, one spelling for one account.

use email_address::Options;

use super::{domain_name, trimmed};
use crate::domain::InvalidValue;

/// An e-mail address: `local@domain`, lower-cased, the domain in A-labels, at most 64/254 octets (RFC 5321 section
/// 4.5.3.1, erratum 1690).
///
/// The local part is a dot-atom in ASCII. It is not folded any further: dots and plus-tags are part of who somebody is.
/// Comments, quoted local parts and address literals, which RFC 5322 would allow, are refused.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads what a person typed; outer spaces and tabs do not count.
    ///
    /// # Errors
    /// `invalid_email` for anything but one mailbox that mail can be sent to.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        canonical(trimmed(text)).map(Self).ok_or_else(|| {
            InvalidValue::new(
                "invalid_email",
                "Expected one e-mail address such as user@example.com, without name, quotes or comments.",
            )
        })
    }

    /// The canonical spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.parts().0
    }

    /// What stands behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.0
            .rsplit_once('@')
            .expect("an address has an @, parse saw it")
    }

    /// The mailbox that this address probably ends in: the plus-tag cut, and at Gmail the dots too.
    ///
    /// For the abuse budget only. It is no identity: other providers may hand `a+b@` to somebody else than `a@`.
    #[must_use]
    pub fn mailbox(&self) -> String {
        let (local, domain) = self.parts();
        let bare = match local.split_once('+') {
            Some((bare, _)) if !bare.is_empty() => bare,
            _ => local,
        };
        match domain {
            "gmail.com" | "googlemail.com" => format!("{}@gmail.com", bare.replace('.', "")),
            _ => format!("{bare}@{domain}"),
        }
    }

    /// The first letters and the last label: `j•••@e•••.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.parts();
        let (_, last) = domain
            .rsplit_once('.')
            .expect("a domain has two labels, parse saw them");
        format!("{}•••@{}•••.{last}", &local[..1], &domain[..1])
    }
}

impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

fn canonical(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    // Case is folded in ASCII only, after everything else was refused: the Kelvin sign is no k.
    if !local.is_ascii() || local.contains(['"', '(', ')']) {
        return None;
    }
    let address = format!(
        "{}@{}",
        local.to_ascii_lowercase(),
        domain_name::canonical(domain)?
    );
    let options = Options::default()
        .without_display_text()
        .without_domain_literal()
        .with_required_tld();
    let grammatical = email_address::EmailAddress::parse_with_options(&address, options).is_ok();
    (grammatical && address.len() <= 254).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    #[test]
    fn the_local_part_is_an_ascii_dot_atom_of_64_octets() {
        for local in [
            "a",
            "a.b",
            "a+b",
            "o'neil",
            "!#$%&'*+-/=?^_`{|}~",
            &"a".repeat(64),
        ] {
            assert_eq!(parse(&format!("{local}@example.com")).local_part(), local);
        }
        for local in [
            "",
            ".a",
            "a.",
            "a..b",
            "a b",
            "a\tb",
            "a,b",
            "a;b",
            "a:b",
            "a\\b",
            "a<b",
            "a[b",
            "\"a\"",
            "a(b)",
            "a@b",
            "a\r\nb",
            "a%0d\nb",
            "ı",
            "İ",
            "\u{212A}",
            &"a".repeat(65),
        ] {
            assert!(
                EmailAddress::parse(&format!("{local}@example.com")).is_err(),
                "{local:?}"
            );
        }
    }

    #[test]
    fn only_spaces_and_tabs_are_trimmed() {
        assert_eq!(parse(" \tJane@Example.com\t ").as_str(), "jane@example.com");
        for outer in [
            "\n", "\r", "\0", "\u{A0}", "\u{FEFF}", "\u{200B}", "\u{3000}",
        ] {
            assert!(
                EmailAddress::parse(&format!("{outer}a@example.com")).is_err(),
                "{outer:?}"
            );
            assert!(
                EmailAddress::parse(&format!("a@example.com{outer}")).is_err(),
                "{outer:?}"
            );
        }
    }

    #[test]
    fn the_whole_has_at_most_254_octets() {
        let domain = format!("{0}.{0}.{0}", "b".repeat(62));
        let local = |n| "a".repeat(n);
        assert_eq!(
            parse(&format!("{}@{domain}.com", local(61))).as_str().len(),
            254
        );
        assert!(EmailAddress::parse(&format!("{}@{domain}.com", local(62))).is_err());
    }

    #[test]
    fn the_mailbox_is_shared_by_tags_and_at_gmail_by_dots() {
        for (address, mailbox) in [
            ("a+1@example.com", "a@example.com"),
            ("a.b+1+2@example.com", "a.b@example.com"),
            ("u.s.e.r+x@googlemail.com", "user@gmail.com"),
            ("user@gmail.com", "user@gmail.com"),
            ("+tag@example.com", "+tag@example.com"),
        ] {
            assert_eq!(parse(address).mailbox(), mailbox);
        }
    }

    #[test]
    fn masking_leaves_two_letters_and_the_last_label() {
        assert_eq!(parse("jane@mail.example.co.uk").masked(), "j•••@m•••.uk");
    }
}
