//! Counters: what the stream counts, each change once, and what `analytics` reads.
//!
//! A counter is spread over [`SHARDS`] items, so that no single item takes every write; reading adds them up.

mod count;
mod follow;
mod joined;
pub mod range;
mod read;
mod rows;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use joined::Joined;
pub use range::Range;
pub use read::{Figures, SourceFigures};
pub use rows::{Active, OtpRow, OtpTotals, Registered, RegistrationsRow, Source, SourceRow};

use crate::domain::channel::Channel;

/// Over how many items each counter is spread. One item takes 1,000 writes a second, and half of that in
/// transactions (docs/events/README.md).
pub const SHARDS: u8 = 8;

/// The UTC day of a moment.
#[must_use]
pub fn day(moment: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(moment).date()
}

/// One step of one counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    metric: &'static str,
    /// The sort key without its shard.
    place: String,
    attribute: String,
    by: i64,
}

/// What is counted of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Figure {
    /// Asked for, within the limits.
    Requested,
    /// Handed to a provider, who did not refuse.
    Sent,
    /// Reported as arrived.
    Delivered,
    /// Used.
    Verified,
    /// Compared and wrong.
    Failed,
    /// Asked for beyond a limit.
    Limited,
}

impl Figure {
    fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Limited => "limited",
        }
    }
}

const REGISTRATIONS: &str = "REGISTRATIONS";
const SOURCES: &str = "SOURCES";
const OTP: &str = "OTP";
const ACTIVE: &str = "ACTIVE";

impl Count {
    /// A new user.
    #[must_use]
    pub fn registration(at: Timestamp, method: &str) -> Self {
        Self::new(
            REGISTRATIONS,
            day(at).to_string(),
            method_attribute(method),
            1,
        )
    }

    /// A user who comes from a source, or does no more.
    #[must_use]
    pub fn source(origin: &str, method: &str, by: i64) -> Self {
        Self::new(SOURCES, origin.to_owned(), method_attribute(method), by)
    }

    /// A figure of codes.
    #[must_use]
    pub fn otp(at: Timestamp, channel: Channel, figure: Figure, by: i64) -> Self {
        let place = format!("{}#{}", day(at), channel.as_str());
        Self::new(OTP, place, figure.as_str().to_owned(), by)
    }

    /// A user whose last sign of life is that day, or is that day no more. A month is one item, so that a user who comes
    /// back within it steps one.
    #[must_use]
    pub fn active(at: Timestamp, by: i64) -> Self {
        let day = day(at);
        Self::new(ACTIVE, month(day), day_attribute(day), by)
    }

    fn new(metric: &'static str, place: String, attribute: String, by: i64) -> Self {
        Self {
            metric,
            place,
            attribute,
            by,
        }
    }
}

/// `2026-11`, which sorts before its days.
fn month(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

fn day_attribute(day: Date) -> String {
    format!("d{:02}", day.day())
}

const METHOD: &str = "m_";

fn method_attribute(method: &str) -> String {
    format!("{METHOD}{method}")
}
