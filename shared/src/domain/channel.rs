//! The way that a code travels to a person.

use super::InvalidValue;
use super::identifier::IdentifierKind;

/// The way that a code travels to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    Email,
    /// As a text message to a phone; the wire says `phone`.
    Sms,
    /// As a WhatsApp message to a phone.
    Whatsapp,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::Email, Self::Sms, Self::Whatsapp];

    /// The words that requests use.
    pub const WORDS: [&str; 4] = ["email", "phone", "sms", "whatsapp"];

    /// Reads a channel as requests write it: `email`, `phone`, `sms` (the same as `phone`) or `whatsapp`.
    ///
    /// # Errors
    /// `invalid_channel` for any other word; the words are case-sensitive.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "email" => Ok(Self::Email),
            "phone" | "sms" => Ok(Self::Sms),
            "whatsapp" => Ok(Self::Whatsapp),
            _ => Err(InvalidValue::new(
                "invalid_channel",
                "Expected one of email, phone, sms and whatsapp.",
            )),
        }
    }

    /// The channel where none is asked for: mail for a mailbox, SMS for a phone.
    #[must_use]
    pub fn for_kind(kind: IdentifierKind) -> Self {
        match kind {
            IdentifierKind::Email => Self::Email,
            IdentifierKind::Phone => Self::Sms,
        }
    }

    /// The word on the wire and in the tables: `email`, `phone` or `whatsapp`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "phone",
            Self::Whatsapp => "whatsapp",
        }
    }

    /// The kind of identifier that this channel reaches.
    #[must_use]
    pub fn kind(self) -> IdentifierKind {
        match self {
            Self::Email => IdentifierKind::Email,
            Self::Sms | Self::Whatsapp => IdentifierKind::Phone,
        }
    }

    /// Whether this channel reaches an identifier of this kind.
    #[must_use]
    pub fn fits(self, kind: IdentifierKind) -> bool {
        self.kind() == kind
    }

    /// The word in a token's `amr` (RFC 8176 knows `otp` and `sms`; the other two are ours).
    #[must_use]
    pub fn amr(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Whatsapp => "whatsapp",
        }
    }

    /// How a user came to a source by this channel: `otp_email`, `otp_phone` or `otp_whatsapp`.
    #[must_use]
    pub fn registration_method(self) -> &'static str {
        match self {
            Self::Email => "otp_email",
            Self::Sms => "otp_phone",
            Self::Whatsapp => "otp_whatsapp",
        }
    }
}

impl serde::Serialize for Channel {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_that_are_read() {
        let read = Channel::WORDS.map(|word| Channel::parse(word).map(Channel::as_str));
        assert_eq!(
            read,
            [Ok("email"), Ok("phone"), Ok("phone"), Ok("whatsapp")]
        );
        let told = Channel::parse("push").unwrap_err().detail;
        assert!(
            Channel::WORDS.iter().all(|word| told.contains(word)),
            "{told}"
        );
    }

    #[test]
    fn every_channel_reads_back_and_fits_one_kind() {
        for channel in Channel::ALL {
            assert_eq!(Channel::parse(channel.as_str()), Ok(channel));
            let fitting = IdentifierKind::ALL
                .into_iter()
                .filter(|kind| channel.fits(*kind));
            assert_eq!(fitting.collect::<Vec<_>>(), [channel.kind()]);
        }
    }

    #[test]
    fn sms_is_phone_and_other_words_are_nothing() {
        assert_eq!(Channel::parse("sms"), Ok(Channel::Sms));
        for wrong in ["", "Email", "SMS", " email", "push"] {
            assert_eq!(Channel::parse(wrong).unwrap_err().code, "invalid_channel");
        }
    }

    #[test]
    fn the_ordinary_channel_fits_its_kind() {
        for kind in IdentifierKind::ALL {
            assert!(Channel::for_kind(kind).fits(kind));
        }
    }
}
