//! What became of a message: an outcome, not an error.

use std::time::Duration;

use crate::domain::channel::Channel;

/// What became of a message that was handed to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// The provider has taken it.
    Accepted {
        /// The provider's name for the message; empty where its words were lost after its yes.
        provider_message_id: String,
        /// The way that it took; a WhatsApp message may have become an SMS.
        via: Channel,
    },
    /// It was certainly not sent: the provider said no, or was never reached. Nothing may be charged for it.
    Refused(Refusal),
    /// Bytes may have left and no answer came: it may arrive, so its code stays valid and it is not repeated blindly.
    Unknown,
}

/// Why a message was certainly not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the caller can act on.
    pub reason: Reason,
    /// How long the provider asks to wait, where it says so.
    pub retry_after: Option<Duration>,
    /// The provider's own code or status, for our log only.
    pub upstream: String,
}

/// The kinds of refusal that make a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The recipient has opted out (Twilio 21610): suppress the address and answer as for any suppressed one.
    OptedOut,
    /// There is no such recipient, or none that this channel reaches (Twilio 21211, 21614, 63003).
    BadAddress,
    /// The account may not send to that country (Twilio 21408).
    Region,
    /// Too many at once; a moment later it may go.
    Throttled,
    /// The day's or the account's quota is used up.
    Quota,
    /// The provider was not reached.
    NotConnected,
    /// Anything else that the provider says no with.
    Other,
}

impl Reason {
    /// The word for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::BadAddress => "bad_address",
            Self::Region => "region",
            Self::Throttled => "throttled",
            Self::Quota => "quota",
            Self::NotConnected => "not_connected",
            Self::Other => "other",
        }
    }
}

impl Dispatch {
    /// A refusal without a wait.
    pub(super) fn refused(reason: Reason, upstream: impl Into<String>) -> Self {
        Self::Refused(Refusal {
            reason,
            retry_after: None,
            upstream: upstream.into(),
        })
    }
}
