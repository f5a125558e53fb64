//! Who has an address.

use super::id::UserId;

/// The claim of an account on an address. One that is given up and taken again is another claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose address it is.
    pub user: UserId,
    /// When it became theirs, milliseconds since 1970; 0 where that is not known any more.
    pub since: i64,
}

/// What the claim on an address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Whose it is.
    pub claim: Claim,
    /// The source of the last sign-in by this address that was linked with it; that link exists.
    pub source: Option<String>,
}
