//! What is to be said, to whom, on which way.

use std::time::Duration;

use jiff::civil::Date;

use crate::domain::channel::Channel;
use crate::domain::code::OtpCode;
use crate::domain::identifier::{
    AddressChange, EmailAddress, Identifier, IdentifierKind, PhoneNumber,
};

use super::language::Language;

/// One message to one person.
#[derive(Clone, Debug)]
pub struct Message {
    /// The delivery id with its MAC: goes to the provider and comes back with every report, so that no lookup by the
    /// provider's own id is needed.
    pub delivery_id: String,
    pub recipient: Recipient,
    /// The language that it is written in.
    pub language: Language,
    pub content: Content,
}

/// An address, and the way on which a message travels to it.
#[derive(Clone, Debug)]
pub enum Recipient {
    Email(EmailAddress),
    /// By SMS.
    Sms(PhoneNumber),
    /// By WhatsApp.
    Whatsapp(PhoneNumber),
}

impl Recipient {
    /// The recipient, if the channel fits the identifier.
    #[must_use]
    pub fn new(identifier: &Identifier, channel: Channel) -> Option<Self> {
        match (identifier, channel) {
            (Identifier::Email(address), Channel::Email) => Some(Self::Email(address.clone())),
            (Identifier::Phone(number), Channel::Sms) => Some(Self::Sms(number.clone())),
            (Identifier::Phone(number), Channel::Whatsapp) => Some(Self::Whatsapp(number.clone())),
            _ => None,
        }
    }

    /// The way.
    #[must_use]
    pub fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Sms(_) => Channel::Sms,
            Self::Whatsapp(_) => Channel::Whatsapp,
        }
    }
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum Content {
    /// A code that signs in.
    SignInCode {
        code: OtpCode,
        /// What is left of its life.
        expires_in: Duration,
    },
    /// A code that proves an address which is to be added to an account.
    LinkingCode {
        code: OtpCode,
        /// What is left of its life.
        expires_in: Duration,
    },
    /// A notice to the other or former address that the account's addresses have changed.
    IdentifierChanged {
        change: AddressChange,
        /// Which of the two addresses.
        kind: IdentifierKind,
        /// The address, masked (`EmailAddress::masked`).
        address: String,
    },
    /// A notice that wrong codes were entered again and again.
    Lockout(Lockout),
    /// A notice of what becomes of the whole account.
    Erasure(ErasureNews),
    /// A welcome to a new user; by mail only.
    Welcome,
}

/// What becomes of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureNews {
    /// It will be erased on this day.
    Asked(Date),
    /// It will be, and the day comes near.
    Near(Date),
    /// It stays after all.
    Undone,
    /// It was erased.
    Done,
}

/// How a channel is held up after failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockout {
    /// The next attempt has to wait.
    Wait(Duration),
    /// The channel is closed until another one is proven or an operator opens it.
    Closed,
}

impl Content {
    /// The code that it carries, if it does.
    #[must_use]
    pub fn code(&self) -> Option<(&OtpCode, Duration)> {
        match self {
            Self::SignInCode { code, expires_in } | Self::LinkingCode { code, expires_in } => {
                Some((code, *expires_in))
            }
            _ => None,
        }
    }
}
