//! House and visitors: what the tests stand on.
//!
//! A [`House`] is a local cloud in memory, with its development API; a [`Visitor`] is a person at its door. Every
//! [`Answer`] of the API is held against what all answers promise before a test sees it. [`Scene`] is what the tables
//! and the outbox hold, and `invariants` says what must be true of it after anything.

mod answer;
mod crowd;
mod dev_api;
mod documented;
mod house;
mod invariants;
mod ledger;
mod runtime;
mod tables;
mod visitor;

pub use answer::Answer;
pub use crowd::Crowd;
pub use dev_api::{CallPart, CallRecord, code_in, steps};
pub use house::{Call, House};
pub use invariants::{Rules, Scene};
pub use ledger::{Asked, Entered, Ledger};
pub use local::Options;
pub use runtime::{Reported, Running, Runtime};
pub use tables::{ACCOUNTS, EPHEMERAL, Item, Tables};
pub use visitor::{SignedIn, Visitor, another_code};

/// The body of an OTP request in its usual form.
#[must_use]
pub fn asking(identifier: &str) -> serde_json::Value {
    serde_json::json!({ "identifier": identifier })
}

/// The body of a verification in its usual form.
#[must_use]
pub fn entering(identifier: &str, code: &str) -> serde_json::Value {
    serde_json::json!({ "identifier": identifier, "otp_code": code })
}

/// Where codes are asked for.
pub const REQUEST: &str = "/api/auth/otp/request/";
/// Where they are entered.
pub const VERIFY: &str = "/api/auth/otp/verify/";
