//! What providers report about a message, written in one step whichever comes first: the report or our own note.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Store;
use super::delivery::{KEEP, forgotten_at, may_make_a_record, step};
use super::error::StoreError;
use super::item::{Read, at, map, n, s, ttl};
use super::keys::{self, Table};
use super::suppression::{self, Cause};
use super::write::{Write, held};
use crate::Result;
use crate::domain::channel::Channel;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::id::DeliveryId;
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
    /// It failed for now, and may arrive all the same: whatever ends its way counts more.
    pub tentative: bool,
    /// The address that takes no messages from us, with what the delivery's record keeps of its recipient under every
    /// pepper of the ring: an address that the message did not go to cannot be suppressed by it.
    pub suppression: Option<(Cause<'a>, &'a [String])>,
}

/// What a report has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The message moved on.
    pub moved: bool,
    /// The address is suppressed.
    pub suppressed: bool,
}

/// What a report that a WhatsApp message did not arrive has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndeliveredReport {
    /// The message is marked; its code may go by SMS.
    Marked,
    /// It was reported before, or its way has ended.
    Known,
    /// It carries no code that may go by SMS: the report is about its end.
    Final,
}

impl Store {
    /// Takes a report that a WhatsApp message did not arrive, which does not end it: its code may go by SMS. The mark is
    /// made once, and decided about by the function that reads the stream.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer: the provider should report again.
    pub async fn report_undelivered(
        &self,
        report: &Report<'_>,
        now: Timestamp,
    ) -> Result<UndeliveredReport> {
        let mut set = "SET fell=:now, ch=if_not_exists(ch,:channel), rk=if_not_exists(rk,:rank), \
                       st=if_not_exists(st,:state), hist=if_not_exists(hist,:history), \
                       #at=if_not_exists(#at,:now), #ttl=:ttl"
            .to_owned();
        let queued = DeliveryStatus::Queued;
        let mut values = map([
            (":channel", s(report.channel.as_str())),
            (":rank", n(queued.rank())),
            (":state", s(queued.as_str())),
            (":history", AttributeValue::L(vec![step(queued, now)])),
            (":now", at(now)),
            (":ttl", ttl(after(now, KEEP))),
            (":end", n(report.state.rank())),
        ]);
        if let Some(code) = report.error_code {
            set.push_str(", err=if_not_exists(err,:err)");
            values.insert(":err".to_owned(), s(code));
        }
        // Before our own note there is no recipient, and nobody knows yet what the message carries.
        let carries_a_code = if may_make_a_record(report.delivery, now) {
            "(attribute_exists(code) OR attribute_not_exists(#to))"
        } else {
            "attribute_exists(code)"
        };
        let key = keys::delivery(&report.delivery.to_string());
        let write = Write::update(Table::Ephemeral, key, set)
            .when(format!(
                "{carries_a_code} AND attribute_not_exists(fell) AND (attribute_not_exists(rk) OR rk<:end)"
            ))
            .values(values);
        match self.write(write).await {
            Ok(()) => Ok(UndeliveredReport::Marked),
            Err(StoreError::Condition(record)) => {
                let ended = record.number("rk") >= Some(report.state.rank().into());
                Ok(if ended || record.contains_key("fell") {
                    UndeliveredReport::Known
                } else {
                    UndeliveredReport::Final
                })
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// Takes a report: the state only moves forward; a suppression stands even where it does not move.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the store does not answer: the provider should report again.
    pub async fn report_delivery(&self, report: &Report<'_>, now: Timestamp) -> Result<Reported> {
        let moves = async || held(self.write(move_on(report, None, now)).await);
        let suppress = report
            .suppression
            .and_then(|(cause, recipients)| Some((suppression::suppress(cause, now)?, recipients)));
        let Some((suppress, recipients)) = suppress else {
            return Ok(Reported {
                moved: moves().await?,
                suppressed: false,
            });
        };
        let step = move_on(report, Some(recipients), now);
        let mut refused = match self.transact([step, suppress.clone()]).await {
            Ok(()) => {
                return Ok(Reported {
                    moved: true,
                    suppressed: true,
                });
            }
            Err(StoreError::Cancelled(refused)) => refused.into_iter(),
            Err(fault) => return Err(fault.into()),
        };
        let Some(record) = refused.next().flatten() else {
            // The address is suppressed for longer already, or was let through again since.
            return Ok(Reported {
                moved: moves().await?,
                suppressed: false,
            });
        };
        let recipient = record.text("to");
        if recipient.is_some_and(|to| !recipients.iter().any(|mac| mac == to)) {
            // The mail was passed on, and it is another address that refuses it.
            return Ok(Reported {
                moved: moves().await?,
                suppressed: false,
            });
        }
        // It has moved further before, or is long gone: the address is suppressed all the same.
        Ok(Reported {
            moved: false,
            suppressed: held(self.write(suppress).await)?,
        })
    }
}

/// The step of a delivery to the state that a report tells, forward only; with recipients, only of a message to one of them.
fn move_on(report: &Report<'_>, recipients: Option<&[String]>, now: Timestamp) -> Write {
    // What failed for now is no further than what was sent.
    let rank = if report.tentative {
        DeliveryStatus::Sent
    } else {
        report.state
    };
    let mut values = map([
        (":channel", s(report.channel.as_str())),
        (":rank", n(rank.rank())),
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
    set.push_str(forgotten_at(report.state));
    let forward = if report.tentative {
        "(rk<:rank OR (rk=:rank AND st<>:state))"
    } else {
        "rk<:rank"
    };
    let mut condition = if may_make_a_record(report.delivery, now) {
        format!("(attribute_not_exists(rk) OR {forward})")
    } else {
        forward.to_owned()
    };
    // A message that did not arrive by WhatsApp may go by SMS meanwhile: what WhatsApp says of it on its way is of the past.
    if report.channel == Channel::Whatsapp && !report.state.is_final() {
        condition.push_str(" AND attribute_not_exists(fell)");
    }
    if let Some(recipients) = recipients {
        let macs = recipients.iter().enumerate();
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
