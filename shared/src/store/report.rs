//! What providers report about a message, written in one step whichever comes first: the report or our own note.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use jiff::Timestamp;

use super::Store;
use super::delivery::{KEEP, may_make_a_record, step};
use super::fault::{Fault, when_busy};
use super::item::{Read, at, map, n, s, ttl};
use super::keys;
use crate::Result;
use crate::domain::channel::Channel;
use crate::domain::delivery::State;
use crate::domain::id::DeliveryId;
use crate::domain::identifier::IdentifierKind;
use crate::domain::quota::after;

/// A report about one message.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Which message.
    pub delivery: DeliveryId,
    /// The way that it took.
    pub channel: Channel,
    /// The state that it has reached.
    pub state: State,
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
            let moved = self.move_delivery(report, now).await?;
            return Ok(Reported {
                moved,
                suppressed: false,
            });
        };
        let update = self
            .move_on(report, now)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(crate::Error::internal)?;
        let put = self.suppress_action(suppression, now)?;
        let both = vec![
            TransactWriteItem::builder().update(update).build(),
            TransactWriteItem::builder().put(put).build(),
        ];
        match self.transact(both).await {
            Ok(()) => Ok(Reported {
                moved: true,
                suppressed: true,
            }),
            Err(Fault::Cancelled(refused)) => {
                let record = refused.into_iter().next().flatten().unwrap_or_default();
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

    async fn move_delivery(&self, report: &Report<'_>, now: Timestamp) -> Result<bool> {
        let update = self
            .move_on(report, now)
            .build()
            .map_err(crate::Error::internal)?;
        let outcome = when_busy(|| async {
            self.client
                .update_item()
                .table_name(update.table_name())
                .set_key(Some(update.key().clone()))
                .update_expression(update.update_expression())
                .set_condition_expression(update.condition_expression().map(str::to_owned))
                .set_expression_attribute_names(update.expression_attribute_names().cloned())
                .set_expression_attribute_values(update.expression_attribute_values().cloned())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(())
        })
        .await;
        match outcome {
            Ok(()) => Ok(true),
            Err(Fault::Condition(_)) => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }

    fn move_on(
        &self,
        report: &Report<'_>,
        now: Timestamp,
    ) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        let mut values = map([
            (":channel", s(report.channel.as_str())),
            (":rank", n(report.state.rank())),
            (":state", s(report.state.as_str())),
            (":none", AttributeValue::L(Vec::new())),
            (":history", AttributeValue::L(vec![step(report.state, now)])),
            (":now", at(now)),
            (":ttl", ttl(after(now, KEEP))),
        ]);
        let mut set =
            "SET rk=:rank, st=:state, hist=list_append(if_not_exists(hist,:none),:history), \
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
        let mut names: HashMap<String, String> =
            map([("#at", "at".to_owned()), ("#ttl", "ttl".to_owned())]);
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
            names.insert("#to".to_owned(), "to".to_owned());
        }
        Update::builder()
            .table_name(self.ephemeral())
            .set_key(Some(keys::delivery(&report.delivery.to_string()).item()))
            .update_expression(set)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
    }

    fn suppress_action(&self, suppression: &Suppression<'_>, now: Timestamp) -> Result<Put> {
        let mut item = keys::suppression(suppression.kind, suppression.mac).item();
        item.extend(map([
            ("reason", s(suppression.reason)),
            ("at", at(now)),
            ("masked", s(suppression.masked)),
        ]));
        Put::builder()
            .table_name(self.ephemeral())
            .set_item(Some(item))
            .build()
            .map_err(crate::Error::internal)
    }
}
