//! Addresses that nothing is sent to, for a time that depends on why.
//!
//! Kept under a MAC of the address, since a suppression outlives the person. It counts from the moment of its cause, which
//! its condition names: so a report that comes late or again makes it no longer, and one about what happened before an
//! operator, or the person, lifted the suppression changes nothing.

use std::time::Duration;

use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::Store;
use super::error::settled;
use super::item::{Item, Read, at, s, ttl};
use super::keys::{self, Key, Table};
use super::write::{Write, held};
use crate::Result;
use crate::domain::identifier::IdentifierKind;
use crate::domain::quota::after;

/// The longest that a suppression with an end lasts, and how long it is remembered that one was lifted.
const LONGEST: Duration = Duration::from_hours(90 * 24);

/// An address that is to be suppressed.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    /// What kind of address.
    pub kind: IdentifierKind,
    /// The key of the suppression.
    pub mac: &'a str,
    /// `bounce`, `complaint`, `opt_out`, `unreachable` or `operator`.
    pub reason: &'a str,
    /// When it gave that reason.
    pub at: Timestamp,
    /// The address, masked, for the operator's list.
    pub masked: &'a str,
}

impl Store {
    /// What stands against sending to an address now; `macs` are its MACs under every pepper of the ring, in hex.
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
        let in_force = found.iter().flatten().filter(|item| is_in_force(item, now));
        let all = in_force.map(|item| match item.text("reason") {
            Some(COMPLAINT) => Suppression::Complaint,
            _ => Suppression::Unreachable,
        });
        Ok(all.max())
    }

    /// Whether an address is suppressed now, for whatever reason.
    pub async fn is_suppressed(
        &self,
        kind: IdentifierKind,
        macs: &[String],
        now: Timestamp,
    ) -> Result<bool> {
        Ok(self.suppression(kind, macs, now).await?.is_some())
    }

    /// Suppresses an address, unless it is for longer already, or was let through again since.
    pub async fn suppress(&self, cause: Cause<'_>, now: Timestamp) -> Result<()> {
        match suppress(cause, now) {
            Some(write) => settled(self.write(write).await),
            None => Ok(()),
        }
    }

    /// Lets messages go to an address again, under every pepper of the ring; whether they did not. With a reason, only
    /// where it is suppressed for that.
    pub async fn unsuppress(
        &self,
        kind: IdentifierKind,
        macs: &[String],
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool> {
        let mut any = false;
        for mac in macs {
            let write = lift(keys::suppression(kind, mac), reason, now);
            any |= held(self.write(write).await)?;
        }
        Ok(any)
    }
}

/// Suppresses an address; `None` where the cause is so old that its time is over.
pub(super) fn suppress(cause: Cause<'_>, now: Timestamp) -> Option<Write> {
    let caused = cause.at.min(now); // a provider's clock may be ahead of ours
    let key = keys::suppression(cause.kind, cause.mac);
    let set = "SET #reason=:reason, #at=:at, masked=:masked";
    let write = |set: String| {
        Write::update(Table::Ephemeral, key, set).values([
            (":reason", s(cause.reason)),
            (":at", at(caused)),
            (":masked", s(cause.masked)),
        ])
    };
    let Some(length) = length(cause.reason) else {
        return Some(write(format!("{set} REMOVE #until, #ttl")));
    };
    let until = after(caused, length);
    (until > now).then(|| {
        write(format!("{set}, #until=:until, #ttl=:ttl"))
            .when(
                "(attribute_not_exists(lifted) OR lifted<:at) AND (attribute_not_exists(pk) OR #until<=:until \
                 OR (attribute_not_exists(#until) AND #reason<>:operator))",
            )
            .values([
                (":until", at(until)),
                (":ttl", ttl(until)),
                (":operator", s(OPERATOR)),
            ])
    })
}

/// Ends a suppression now, and remembers that it did.
pub(super) fn lift(key: Key, reason: Option<&str>, now: Timestamp) -> Write {
    let mut when =
        "attribute_exists(pk) AND (attribute_not_exists(#until) OR #until>:now)".to_owned();
    let set = "SET #until=:now, lifted=:now, #ttl=:ttl";
    let mut write = Write::update(Table::Ephemeral, key, set)
        .values([(":now", at(now)), (":ttl", ttl(after(now, LONGEST)))]);
    if let Some(reason) = reason {
        when.push_str(" AND #reason=:reason");
        write = write.value(":reason", s(reason));
    }
    write.when(when)
}

/// Whether a suppression stands now. Earlier versions wrote none with an end: those end as long after they began as today's.
pub(super) fn is_in_force(item: &Item, now: Timestamp) -> bool {
    end(item).is_none_or(|end| end > now)
}

/// When a suppression ends; `None` where it does not.
pub(super) fn end(item: &Item) -> Option<Timestamp> {
    item.moment("until")
        .or_else(|| Some(after(item.moment("at")?, length(item.text("reason")?)?)))
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
const OPERATOR: &str = "operator";

/// How long an address is suppressed for this reason; `None` for good. Anybody can have messages sent that are called
/// spam; a number gets a new owner, a mailbox is made again, and where the provider still says no, that is one message.
fn length(reason: &str) -> Option<Duration> {
    match reason {
        OPERATOR => None,
        COMPLAINT => Some(Duration::from_hours(30 * 24)),
        "unreachable" => Some(Duration::from_hours(24)),
        _ => Some(LONGEST),
    }
}
