//! One sign-in on one device.

use jiff::Timestamp;

use super::id::{SessionId, UserId};

/// A session as it is opened by a sign-in.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Whose it is.
    pub user: UserId,
    /// Its id.
    pub id: SessionId,
    /// Hash of the random bytes that its refresh tokens carry.
    pub random_hash: [u8; 32],
    /// Version of the pepper that the first refresh token was made with.
    pub pepper: u32,
    /// When it was opened.
    pub created: Timestamp,
    /// Its absolute end.
    pub end: Timestamp,
    /// How the person signed in: `otp` and the way of the code.
    pub amr: [&'static str; 2],
    /// From where.
    pub ip: String,
    /// With what.
    pub user_agent: String,
}
