//! Domain events, as other systems receive them on the bus: without codes, tokens or addresses (docs/events).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::id::{DeliveryId, EventId, SessionId, UserId};

/// A domain event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The same for the same thing, however often it is told: consumers recognise repetitions by it.
    pub id: EventId,
    /// When it happened, by our clock.
    pub at: Timestamp,
    pub happened: Happened,
}

/// A domain event as other systems are told of it; docs/events describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The same for the same thing, however often it is told.
    pub id: EventId,
    /// When it happened, by our clock.
    pub at: Timestamp,
    /// The `detail-type`.
    pub name: String,
    /// The `detail`, JSON.
    pub detail: String,
}

impl From<&Event> for Told {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id,
            at: event.at,
            name: event.happened.name().to_owned(),
            detail: event.detail().to_string(),
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Somebody has an account.
    Registered {
        user: UserId,
        /// `otp_email`, `otp_phone` or `otp_whatsapp`.
        method: String,
        /// The origin of the page that they came from.
        source: Option<String>,
    },
    /// Somebody opened a session.
    SignedIn {
        user: UserId,
        session: SessionId,
        /// How, as in the token.
        amr: Vec<String>,
    },
    Updated {
        user: UserId,
        /// The names of what changed, in alphabetical order; never the values.
        fields: Vec<&'static str>,
    },
    /// Nothing of the account is left.
    Erased { user: UserId },
    /// A code was asked for, and the limits admitted it.
    OtpRequested(Otp),
    /// A code was compared and wrong.
    OtpFailed {
        otp: Otp,
        /// Failures in a row, this one included.
        failures: u32,
        /// Whether a device of the account's tried.
        known_device: bool,
    },
    /// After failures, an address has to wait, or is closed.
    OtpLocked {
        otp: Otp,
        /// Failures in a row.
        failures: u32,
        /// Whether a device of the account's tried.
        known_device: bool,
        /// Whole seconds until the next attempt; `None` where the channel is closed.
        wait: Option<u64>,
        /// Whose address it is, if anybody's.
        user: Option<UserId>,
    },
    /// A session ended before its time.
    SessionRevoked {
        user: UserId,
        session: SessionId,
        /// Why, in the words of `domain::session::Why`.
        why: String,
    },
    /// A refresh token was used that had been succeeded long since: somebody has a copy.
    RefreshReused {
        user: UserId,
        /// The session, which has ended by it.
        session: SessionId,
    },
    /// The last refresh was repeated from another network or by another program.
    RefreshElsewhere {
        user: UserId,
        /// The session, which goes on.
        session: SessionId,
    },
    /// A message moved on.
    DeliveryUpdated {
        /// Which, without the MAC that makes it readable on the API.
        delivery: DeliveryId,
        /// The way it takes.
        channel: Option<String>,
        /// The state that it reached.
        status: String,
    },
    /// Nothing is sent to an address any more.
    AddressSuppressed {
        /// `email` or `phone`.
        kind: String,
        /// `bounce`, `complaint`, `opt_out` or `operator`.
        reason: String,
    },
}

/// What events tell of a code and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otp {
    /// `signin` or `link`.
    pub purpose: &'static str,
    /// `email`, `phone` or `whatsapp`.
    pub channel: &'static str,
    /// A keyed hash that stands for the address, the same as in the logs.
    pub subject: String,
}

impl Happened {
    /// The `detail-type`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "user.registered",
            Self::SignedIn { .. } => "user.signed_in",
            Self::Updated { .. } => "user.updated",
            Self::Erased { .. } => "user.erased",
            Self::OtpRequested(_) => "otp.requested",
            Self::OtpFailed { .. } => "otp.failed",
            Self::OtpLocked { .. } => "otp.locked",
            Self::SessionRevoked { .. } => "session.revoked",
            Self::RefreshReused { .. } => "session.refresh_reused",
            Self::RefreshElsewhere { .. } => "session.refresh_elsewhere",
            Self::DeliveryUpdated { .. } => "delivery.updated",
            Self::AddressSuppressed { .. } => "address.suppressed",
        }
    }
}

impl Event {
    /// The `detail`; docs/events describes it.
    #[must_use]
    pub fn detail(&self) -> Value {
        let mut detail = match &self.happened {
            Happened::Registered {
                user,
                method,
                source,
            } => {
                json!({ "user_id": user, "registration_method": method, "source": source })
            }
            Happened::SignedIn { user, session, amr } => {
                json!({ "user_id": user, "session_id": session, "amr": amr })
            }
            Happened::Updated { user, fields } => json!({ "user_id": user, "fields": fields }),
            Happened::Erased { user } => json!({ "user_id": user }),
            Happened::OtpRequested(otp) => otp.detail(),
            Happened::OtpFailed {
                otp,
                failures,
                known_device,
            } => {
                let mut detail = otp.detail();
                detail["failures"] = json!(failures);
                detail["known_device"] = json!(known_device);
                detail
            }
            Happened::OtpLocked {
                otp,
                failures,
                known_device,
                wait,
                user,
            } => {
                let mut detail = otp.detail();
                detail["failures"] = json!(failures);
                detail["known_device"] = json!(known_device);
                detail["wait_seconds"] = json!(wait);
                detail["closed"] = json!(wait.is_none());
                detail["user_id"] = json!(user);
                detail
            }
            Happened::SessionRevoked { user, session, why } => {
                json!({ "user_id": user, "session_id": session, "reason": why })
            }
            Happened::RefreshReused { user, session }
            | Happened::RefreshElsewhere { user, session } => {
                json!({ "user_id": user, "session_id": session })
            }
            Happened::DeliveryUpdated {
                delivery,
                channel,
                status,
            } => json!({ "delivery_id": delivery, "channel": channel, "status": status }),
            Happened::AddressSuppressed { kind, reason } => {
                json!({ "kind": kind, "reason": reason })
            }
        };
        detail["id"] = json!(self.id);
        detail["occurred_at"] = json!(self.at);
        detail
    }
}

impl Otp {
    fn detail(&self) -> Value {
        json!({ "purpose": self.purpose, "channel": self.channel, "subject": self.subject })
    }
}
