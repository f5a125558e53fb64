//! What providers report about a message, written in one step whichever comes first: the report or our own note.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::delivery::{KEEP, may_make_a_record, step};
use super::error::StoreError;
use super::item::{Read, at, map, n, s, ttl};
use super::keys::{self, Table};
use super::write::{Write, held};
use super::{Store, suppression};
use crate::Result;
use crate::domain::channel::Channel;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::id::DeliveryId;
use crate::domain::identifier::IdentifierKind;
use crate::domain::quota::after;

/// A report about one message.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub delivery: DeliveryId,
    /// The way that it took.
    pub channel: Channel,
    /// The state that it has reached.
    pub state: DeliveryStatus,
    /// The provider's error code, for the operator; the first one stays.
    pub error_code: Option<&'a str>,
    /// The address that nothing may be sent to any more.
    pub suppression: Option<Suppression<'a>>,
}

/// An address that nothing may be sent to any more.
#[derive(Clone, Copy, Debug)]
pub struct Suppression<'a> {
    /// What kind of address.
    pub kind: IdentifierKind,
    /// What the delivery's record keeps of its recipient, under every pepper of the ring: an address that the message
    /// did not go to cannot be suppressed by it.
    pub recipients: &'a [String],
    /// The key of the suppression.
    pub mac: &'a str,
    /// `bounce`, `complaint` or `opt_out`.
    pub reason: &'a str,
    /// The address, masked, for the operator's list.
    pub masked: &'a str,
}

/// What a report has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The message moved on.
    pub moved: bool,
    /// The address is suppressed.
    pub suppressed: bool,
}

impl Store {
    /// Takes a report: the state only moves forward; a suppression stands even where it does not move.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer: the provider should report again.
    pub async fn report_delivery(&self, report: &Report<'_>, now: Timestamp) -> Result<Reported> {
        let Some(suppression) = &report.suppression else {
            let moved = held(self.write(move_on(report, now)).await)?;
            return Ok(Reported {
                moved,
                suppressed: false,
            });
        };
        let suppressed = suppression::write(
            suppression.kind,
            suppression.mac,
            suppression.reason,
            suppression.masked,
            now,
        );
        match self.transact([move_on(report, now), suppressed]).await {
            Ok(()) => Ok(Reported {
                moved: true,
                suppressed: true,
            }),
            Err(StoreError::Cancelled(refused)) => {
                let mut refused = refused.into_iter();
                let Some(record) = refused.next().flatten() else {
                    // The address is suppressed for good already.
                    return Ok(Reported {
                        moved: held(self.write(move_on(report, now)).await)?,
                        suppressed: true,
                    });
                };
                let recipient = record.text("to");
                let foreign =
                    recipient.is_some_and(|to| !suppression.recipients.iter().any(|mac| mac == to));
                if foreign {
                    return Ok(Reported {
                        moved: false,
                        suppressed: false,
                    });
                }
                // It has moved further before, or is long gone: the address is suppressed all the same.
                self.suppress(
                    suppression.kind,
                    suppression.mac,
                    suppression.reason,
                    suppression.masked,
                    now,
                )
                .await?;
                Ok(Reported {
                    moved: false,
                    suppressed: true,
                })
            }
            Err(fault) => Err(fault.into()),
        }
    }
}

/// The step of a delivery to the state that a report tells, forward only.
fn move_on(report: &Report<'_>, now: Timestamp) -> Write {
    let mut values = map([
        (":channel", s(report.channel.as_str())),
        (":rank", n(report.state.rank())),
        (":state", s(report.state.as_str())),
        (":none", AttributeValue::L(Vec::new())),
        (":history", AttributeValue::L(vec![step(report.state, now)])),
        (":now", at(now)),
        (":ttl", ttl(after(now, KEEP))),
    ]);
    let mut set = "SET rk=:rank, st=:state, hist=list_append(if_not_exists(hist,:none),:history), \
                       #at=:now, #ttl=:ttl, ch=:channel"
        .to_owned();
    if let Some(code) = report.error_code {
        set.push_str(", err=if_not_exists(err,:err)");
        values.insert(":err".to_owned(), s(code));
    }
    let mut condition = if may_make_a_record(report.delivery, now) {
        "(attribute_not_exists(rk) OR rk<:rank)".to_owned()
    } else {
        "rk<:rank".to_owned()
    };
    if let Some(suppression) = &report.suppression {
        let macs = suppression.recipients.iter().enumerate();
        let macs: Vec<String> = macs
            .map(|(n, mac)| {
                let name = format!(":to{n}");
                values.insert(name.clone(), s(mac));
                name
            })
            .collect();
        condition.push_str(&format!(
            " AND (attribute_not_exists(#to) OR #to IN ({}))",
            macs.join(",")
        ));
    }
    Write::update(
        Table::Ephemeral,
        keys::delivery(&report.delivery.to_string()),
        set,
    )
    .when(condition)
    .values(values)
}
