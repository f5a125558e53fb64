//! Addresses that nothing is sent to: hard bounces, opt-outs, and for a time complaints.
//!
//! Kept under a MAC of the address, since a suppression outlives the person.

use std::time::Duration;

use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::Store;
use super::error::settled;
use super::item::{Read, at, s, ttl};
use super::keys::{self, Table};
use super::write::Write;
use crate::Result;
use crate::domain::identifier::IdentifierKind;
use crate::domain::quota::after;

impl Store {
    /// What stands against sending to an address now; `macs` are its MACs under every pepper of the ring, in hex.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn suppression(
        &self,
        kind: IdentifierKind,
        macs: &[String],
        now: Timestamp,
    ) -> Result<Option<Suppression>> {
        let looks = macs.iter().map(|mac| async move {
            self.get(Table::Ephemeral, &keys::suppression(kind, mac))
                .await
        });
        let found = try_join_all(looks).await?;
        let in_force = found
            .iter()
            .flatten()
            .filter(|item| item.moment("until").is_none_or(|until| until > now));
        let all = in_force.map(|item| match item.text("reason") {
            Some(COMPLAINT) => Suppression::Complaint,
            _ => Suppression::Unreachable,
        });
        Ok(all.max())
    }

    /// Whether an address is suppressed now, for whatever reason.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer.
    pub async fn is_suppressed(
        &self,
        kind: IdentifierKind,
        macs: &[String],
        now: Timestamp,
    ) -> Result<bool> {
        Ok(self.suppression(kind, macs, now).await?.is_some())
    }

    /// Suppresses an address, by its MAC under the current pepper.
    pub async fn suppress(
        &self,
        kind: IdentifierKind,
        mac: &str,
        reason: &str,
        masked: &str,
        now: Timestamp,
    ) -> Result<()> {
        settled(self.write(write(kind, mac, reason, masked, now)).await)
    }
}

/// Suppresses an address. What has an end does not take the place of what has none.
pub(super) fn write(
    kind: IdentifierKind,
    mac: &str,
    reason: &str,
    masked: &str,
    now: Timestamp,
) -> Write {
    let mut item = keys::suppression(kind, mac).item();
    let attributes = [
        ("reason", s(reason)),
        ("at", at(now)),
        ("masked", s(masked)),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    let Some(length) = length(reason) else {
        return Write::put(Table::Ephemeral, item);
    };
    let until = after(now, length);
    item.insert("until".to_owned(), at(until));
    item.insert("ttl".to_owned(), ttl(until));
    Write::put(Table::Ephemeral, item).when("attribute_not_exists(pk) OR attribute_exists(#until)")
}

/// What stands against sending to an address; the greater one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suppression {
    /// A message was called spam. That stops what strangers cause: a known device still gets its codes.
    Complaint,
    /// Messages do not arrive, or are not wanted: nobody's are sent.
    Unreachable,
}

const COMPLAINT: &str = "complaint";

/// How long an address is suppressed for this reason; `None` for good. Anybody can have messages sent that are called
/// spam, so a complaint ends.
fn length(reason: &str) -> Option<Duration> {
    (reason == COMPLAINT).then_some(Duration::from_hours(30 * 24))
}
