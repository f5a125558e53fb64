//! An address with a plus-tag, or with dots at Gmail: its own challenge and its mailbox's day in one transaction.

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use jiff::Timestamp;

use super::writes::{Own, Write, shift};
use super::{Ask, Asked, Windows, is_live, refused, reopens, sends};
use crate::config::OtpRules;
use crate::domain::quota::{SLOTS, Window, after, seconds_until};
use crate::store::Store;
use crate::store::challenge::{KEEP, Live};
use crate::store::fault::Fault;
use crate::store::item::{Item, Read, at, n, ttl};
use crate::store::keys;
use crate::{Error, Result};

impl Store {
    /// Own challenge and the mailbox's budget in one transaction; which of FRESH and REPEAT is known from `seen`.
    pub(super) async fn ask_tagged(
        &self,
        ask: &Ask<'_>,
        rules: &OtpRules,
        mailbox: &str,
        mut seen: Item,
    ) -> Result<Asked> {
        let own = Own::new(ask, rules, false);
        let windows = Windows::of(rules);
        for _ in 0..3 {
            if let Some(asked) = refused(&seen, ask, rules, false)? {
                return Ok(asked);
            }
            let repeat = is_live(&seen, ask, rules);
            let write = if repeat {
                own.repeat(Live::read(&seen).map(|live| live.nonce))
            } else {
                own.fresh()
            };
            match self.write_both(ask, &write, mailbox, windows.day).await {
                Ok(()) if repeat => {
                    let live =
                        Live::read(&seen).ok_or_else(|| seen.corrupt("challenge", "nonce"))?;
                    return Ok(Asked::Send {
                        live: Live {
                            sent: ask.now,
                            ..live
                        },
                        fresh: false,
                        reopens: reopens(&sent_once_more(&seen, ask), rules, ask.now),
                    });
                }
                Ok(()) => {
                    return Ok(Asked::Send {
                        live: own.live(),
                        fresh: true,
                        reopens: reopens(&sent_once_more(&seen, ask), rules, ask.now),
                    });
                }
                Err(Fault::Cancelled(refused)) => {
                    match refused.into_iter().collect::<Vec<_>>().as_mut_slice() {
                        [_, Some(mailbox)] => {
                            let opens = windows
                                .day
                                .opens(&sends(mailbox, 'm'), ask.now)
                                .unwrap_or(ask.now);
                            return Ok(Asked::Limited {
                                retry_after: seconds_until(ask.now, opens).max(1),
                                rule: "mailbox_day",
                            });
                        }
                        [Some(old), _] => seen = std::mem::take(old),
                        _ => {
                            return Err(Error::internal(
                                "a cancelled transaction names no refused condition",
                            ));
                        }
                    }
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Error::Unavailable("the challenge kept changing".into()))
    }

    async fn write_both(
        &self,
        ask: &Ask<'_>,
        own: &Write,
        mailbox: &str,
        day: Window,
    ) -> Result<(), Fault> {
        let update = |key: keys::Key, write: &Write| {
            Update::builder()
                .table_name(self.ephemeral())
                .set_key(Some(key.item()))
                .update_expression(&write.update)
                .condition_expression(&write.condition)
                .set_expression_attribute_names(
                    Some(write.names()).filter(|names| !names.is_empty()),
                )
                .set_expression_attribute_values(Some(write.values.clone()))
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
                .build()
                .map_err(|error| Fault::Unknown(error.to_string()))
        };
        let kind = ask.identifier.kind();
        let budget = Write {
            update: format!("SET {}, #ttl=if_not_exists(#ttl,:ttl)", shift('m')),
            condition: format!("attribute_not_exists(m{0}) OR m{0}<=:day", day.slot()),
            values: [
                (":now", at(ask.now)),
                (":z", n(0)),
                (":day", at(day.latest(ask.now))),
                (":ttl", ttl(after(ask.now, KEEP))),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
            key: None,
        };
        let actions = [
            update(
                keys::challenge(ask.purpose, kind, ask.identifier.as_str()),
                own,
            )?,
            update(keys::challenge(ask.purpose, kind, mailbox), &budget)?,
        ]
        .map(|update| TransactWriteItem::builder().update(update).build());
        self.transact(actions.into()).await
    }
}

/// The sends of a challenge as it was seen, and this one before them.
fn sent_once_more(seen: &Item, ask: &Ask<'_>) -> [Option<Timestamp>; SLOTS] {
    let before = sends(seen, 's');
    std::array::from_fn(|slot| match slot {
        0 => Some(ask.now),
        older => before[older - 1],
    })
}
