//! The parts of an export, as its person reads them: names and ids as in the API's other answers.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::channel::Channel;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::id::SessionId;
use crate::store::statistics::Source;

/// One part of an export.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct Part<T> {
    /// What this part is.
    pub about: &'static str,
    /// Everything that there is of it.
    pub items: Vec<T>,
}

/// From where something was done.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct Whereabouts {
    /// When.
    pub at: Timestamp,
    /// From which address of the network.
    pub ip: String,
    /// By what, as it calls itself.
    pub user_agent: String,
}

/// A session.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct ExportedSession {
    /// Its name.
    pub id: SessionId,
    /// When a code opened it.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// From where it was last refreshed; the sign-in where it never was.
    pub ip: String,
    /// By what, likewise.
    pub user_agent: String,
    /// How it was opened.
    pub amr: Vec<String>,
    /// From where it was opened.
    pub signed_in_from: Whereabouts,
    /// From where its last refresh was repeated, where that was another place or program.
    pub repeated_from: Option<Whereabouts>,
}

/// An origin that the person signed in from.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct ExportedSource {
    /// The origin.
    pub source: Source,
    /// How they did so the first time: `otp_email`, `otp_phone` or `otp_whatsapp`.
    pub registration_method: String,
    /// The first time.
    pub created_at: Timestamp,
    /// The last time.
    pub last_seen_at: Timestamp,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct ExportedActivity {
    /// What: `signed_in`, `profile_updated`, …
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// From which address of the network.
    pub ip: String,
    /// By what, as it calls itself.
    pub user_agent: String,
    /// More, depending on the event; may be empty.
    pub detail: String,
}

/// An address that the account had before.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct FormerAddress {
    /// The address.
    pub identifier: String,
    /// When it was given up; `null` where that was before such moments were kept.
    pub given_up_at: Option<Timestamp>,
}

/// A request to add an address, proven since or not.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct PendingRequest {
    /// The address.
    pub identifier: String,
    /// The messages that were sent for it.
    pub delivery_ids: Vec<String>,
    /// When the person asked last, while the code for it is theirs.
    pub requested_at: Option<Timestamp>,
    /// When that code ends, or ended.
    pub code_expires_at: Option<Timestamp>,
    /// How it travelled.
    pub channel: Option<Channel>,
    /// In which language it was written.
    pub language: Option<String>,
    /// Until when the request is remembered.
    pub kept_until: Option<Timestamp>,
}

/// What is known of the codes of one of the account's addresses, for one purpose.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct CodeRequests {
    /// The address.
    pub identifier: String,
    /// What the codes are for: `sign_in`, or `link` where the address is to be added to an account.
    pub purpose: &'static str,
    /// The last ten requests, newest first.
    pub requested_at: Vec<Timestamp>,
    /// The last ten requests for the same mailbox, its tagged addresses included, newest first.
    pub mailbox_requested_at: Vec<Timestamp>,
    /// When the code that was sent last ends, or ended; `null` once it was used.
    pub code_expires_at: Option<Timestamp>,
    /// How it travelled last.
    pub channel: Option<Channel>,
    /// The messages that carried it.
    pub delivery_ids: Vec<String>,
    /// Wrong codes in a row, by unknown devices.
    pub failures: u32,
    /// The last one's moment.
    pub last_failure_at: Option<Timestamp>,
    /// Wrong codes in a row, by devices that had signed in before.
    pub known_device_failures: u32,
    /// The last one's moment.
    pub known_device_last_failure_at: Option<Timestamp>,
    /// The page that the last request came from.
    pub source: Option<Source>,
    /// The language that came with it.
    pub language: Option<String>,
    /// Until when this is kept.
    pub kept_until: Option<Timestamp>,
}

/// One state of a message and its moment.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct ExportedStep {
    /// The state.
    pub status: DeliveryStatus,
    /// Since when.
    pub at: Timestamp,
}

/// A message.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct ExportedDelivery {
    /// Its name, which `GET /api/auth/otp/deliveries/{id}/` takes.
    #[cfg_attr(feature = "document", schema(pattern = "^dlv_[0-9a-f]+$"))]
    pub delivery_id: String,
    /// The address that it was for.
    pub identifier: String,
    /// `code`, or `notice` where it carried none.
    pub kind: &'static str,
    /// `queued` < `sent` < `delivered`, `failed`, `bounced` < `read`, `complained`.
    pub status: DeliveryStatus,
    /// How it travelled.
    pub channel: Option<Channel>,
    /// Since when.
    pub updated_at: Timestamp,
    /// Every state, oldest first.
    pub history: Vec<ExportedStep>,
    /// The provider's first error code, if there was one.
    pub error_code: Option<String>,
}

/// An address that nothing is sent to any more.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct ExportedSuppression {
    /// The address.
    pub identifier: String,
    /// Why: `bounce`, `complaint`, `opt_out` or `operator`.
    pub reason: String,
    /// Since when.
    pub at: Option<Timestamp>,
    /// Until when; `null` for good.
    pub until: Option<Timestamp>,
}

/// A message that is still to be sent.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct PendingNotice {
    /// The addresses that it goes to; empty where they are looked up when it is sent.
    pub identifiers: Vec<String>,
    /// What it is about: `added`, `changed` or `removed` of an address, `erasure_asked`, `erasure_near`, `erasure_undone`.
    pub subject: &'static str,
    /// When it is tried next.
    pub due_at: Timestamp,
}

/// A limit that the person has used.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub struct UsedLimit {
    /// What is limited.
    pub limit: &'static str,
    /// Until when what was used counts.
    pub counts_until: Timestamp,
}
