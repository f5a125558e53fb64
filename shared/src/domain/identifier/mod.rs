//! Identifiers: the addresses by which a person signs in, each in its one canonical spelling.

mod domain_name;
pub mod email;
pub mod phone;

pub use email::EmailAddress;
pub use phone::PhoneNumber;

use super::InvalidValue;
use super::characters::{is_blank, is_invisible};

/// What kind of address an identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentifierKind {
    Email,
    Phone,
}

impl IdentifierKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Email, Self::Phone];

    /// Reads `email` or `phone`, as [`Self::as_str`] writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The word in keys, paths and answers: `email` or `phone`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// The kind that this one is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Email => Self::Phone,
            Self::Phone => Self::Email,
        }
    }
}

/// What happened to an address of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressChange {
    /// There was none of its kind before.
    Added,
    /// It took the place of another.
    Replaced,
    /// It was taken away.
    Removed,
}

impl AddressChange {
    /// The word in items and in activity.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "changed",
            Self::Removed => "removed",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Added, Self::Replaced, Self::Removed]
            .into_iter()
            .find(|change| change.as_str() == word)
    }
}

/// An address by which a person signs in.
///
/// Two texts that parse to equal identifiers name one account. `Debug` is masked, and there is no `Display` and no
/// `Serialize`, so that an address reaches a log or an answer only where somebody wrote `as_str` or `masked`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Identifier {
    Email(EmailAddress),
    Phone(PhoneNumber),
}

impl Identifier {
    /// Reads what a person typed. With an `@` it is an e-mail address; without one it is a phone number, unless it is
    /// empty or a word.
    ///
    /// # Errors
    /// `invalid_phone` for what is meant as a phone number but is none, `invalid_email` for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if !text.contains('@') && is_meant_as_phone(text) {
            PhoneNumber::parse(text).map(Self::Phone)
        } else {
            EmailAddress::parse(text).map(Self::Email)
        }
    }

    /// Takes back what [`Self::as_str`] gave to a table; see [`PhoneNumber::restore`]. `None` for anything else.
    #[must_use]
    pub fn restore(text: &str) -> Option<Self> {
        match PhoneNumber::restore(text) {
            Some(phone) => Some(Self::Phone(phone)),
            None => EmailAddress::parse(text).ok().map(Self::Email),
        }
    }

    /// The kind of address.
    #[must_use]
    pub fn kind(&self) -> IdentifierKind {
        match self {
            Self::Email(_) => IdentifierKind::Email,
            Self::Phone(_) => IdentifierKind::Phone,
        }
    }

    /// The phone number, if it is one.
    #[must_use]
    pub fn phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Email(_) => None,
            Self::Phone(number) => Some(number),
        }
    }

    /// The canonical spelling: ASCII, at most 254 octets, no control characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::Phone(phone) => phone.as_str(),
        }
    }

    /// A form that its owner recognises and that tells others little: `j•••@e•••.com`, `+1•••00`.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Email(email) => email.masked(),
            Self::Phone(phone) => phone.masked(),
        }
    }
}

impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

/// The text without outer spaces and tabs. Nothing else is trimmed off an e-mail address: a line break or a no-break
/// space is no slip of a finger, it is a refusal.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Whether a text without an `@` is about a phone number, so that the person hears about one rather than about an
/// e-mail address: it begins as one, or has no letter at all. Digits of any script count here; they are refused all the
/// same.
fn is_meant_as_phone(text: &str) -> bool {
    let seen = |c: char| !is_blank(c) && !is_invisible(c);
    let text = text.trim_start_matches(|c| !seen(c));
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let begins_as_phone = text
        .starts_with(|c: char| matches!(c, '+' | '＋' | '(') || c.is_numeric())
        || scheme.is_some_and(|scheme| {
            ["tel", "sms", "whatsapp"]
                .iter()
                .any(|of_phones| scheme.eq_ignore_ascii_case(of_phones))
        });
    begins_as_phone || (!text.is_empty() && !text.contains(char::is_alphabetic))
}

#[cfg(test)]
mod tests;
