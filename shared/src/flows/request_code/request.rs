//! What is asked for, and what the client may know of it.

use crate::domain::challenge::Purpose;
use crate::domain::channel::Channel;
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;
use crate::domain::locale::LanguageTag;
use crate::domain::quota::Allowance;
use crate::domain::source::SourceOrigin;

/// A code that somebody asks for.
#[derive(Debug)]
pub struct CodeRequest<'a> {
    pub purpose: Purpose,
    /// Whose address it goes to.
    pub identifier: &'a Identifier,
    pub channel: Channel,
    /// For linking: whom it is for, and which version of the address it replaces.
    pub owner: Option<String>,
    /// For linking: the account, which remembers what it asked for until the address is verified or the account erased.
    pub asker: Option<UserId>,
    /// Where the person comes from.
    pub source: Option<SourceOrigin>,
    /// The language that the person asks for.
    pub locale: Option<LanguageTag>,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The header `X-Device-Token`.
    pub device_token: Option<String>,
}

/// A code that is on its way, as far as the client may know.
#[derive(Debug)]
pub struct CodeSent {
    /// Which way it took.
    pub channel: Channel,
    /// Whole seconds that the code is still valid.
    pub expires_in: u64,
    /// Whole seconds until it may be sent again.
    pub resend_in: u64,
    /// The delivery id, sealed.
    pub delivery_id: String,
    /// What is left of the caller's own rate.
    pub allowance: Allowance,
}
