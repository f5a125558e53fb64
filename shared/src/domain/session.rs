//! One sign-in on one device.

use jiff::Timestamp;

use super::id::{SessionId, UserId};

/// A session as it is opened by a sign-in.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSession {
    pub user: UserId,
    pub id: SessionId,
    /// Hash of the random bytes that its refresh tokens carry.
    pub random_hash: [u8; 32],
    /// Version of the pepper that the first refresh token was made with.
    pub pepper: u32,
    /// When it was opened.
    pub created: Timestamp,
    pub end: Timestamp,
    /// How the person signed in: `otp` and the way of the code.
    pub amr: [&'static str; 2],
    pub ip: String,
    pub user_agent: String,
}

/// A session as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    /// The generation of the refresh token that counts.
    pub generation: u32,
    /// Hash of the random bytes that its refresh tokens carry.
    pub random_hash: [u8; 32],
    /// Version of the pepper that the current generation was made with.
    pub pepper: u32,
    /// When the person signed in.
    pub created: Timestamp,
    /// When it was last refreshed; the sign-in where it never was.
    pub rotated: Timestamp,
    /// When it was last used.
    pub used: Timestamp,
    pub end: Timestamp,
    /// How the person signed in.
    pub amr: Vec<String>,
    /// From where it was last refreshed; the sign-in where it never was.
    pub ip: String,
    /// With what, likewise.
    pub user_agent: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Why sessions end before their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The client gave its refresh token back.
    SignedOut,
    /// The person ended it from their list.
    Revoked,
    /// A refresh token was used that had been succeeded long since: somebody has a copy.
    RefreshReused,
    /// A newer sign-in took its place.
    Evicted,
    /// An address of the account changed.
    IdentifierChanged,
    /// The person asked for the account to be erased.
    ErasureAsked,
    /// An operator ended it.
    Operator,
}

impl Why {
    /// The word in the item and in the domain event.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
            Self::RefreshReused => "refresh_reused",
            Self::Evicted => "evicted",
            Self::IdentifierChanged => "identifier_changed",
            Self::ErasureAsked => "erasure_asked",
            Self::Operator => "operator",
        }
    }
}

/// The end of one or more sessions: written with it, so that the table's stream can tell why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub why: Why,
    pub at: Timestamp,
    /// The request that asked for it; a repetition after a lost reply knows its own work by it.
    pub request: String,
}
