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
