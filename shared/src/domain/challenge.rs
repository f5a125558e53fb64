//! The challenge of an identifier: what its code is for, what it is derived from, and who may try it.

use jiff::Timestamp;

/// What a code is for; a code for one purpose is no code for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To add an address to an account, or to change it.
    Link,
}

impl Purpose {
    /// The word in keys and MACs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "signin",
            Self::Link => "link",
        }
    }
}

/// A live code, as far as it may leave the store: what it is derived from, never the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// 16 bytes from the operating system.
    pub nonce: [u8; 16],
    /// The version of the pepper.
    pub pepper: u32,
    /// When the code ends.
    pub expires: Timestamp,
    /// When it was sent last.
    pub sent: Timestamp,
}

/// Who asks or guesses: anyone, or a device that has signed in to this account with this address before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Unknown clients.
    Stranger,
    /// A device with a valid device token.
    Known,
}

impl Lane {
    /// The word for it in items.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Known => "known",
        }
    }
}
