//! An address with a plus-tag, or with dots at Gmail: its own challenge and its mailbox's day in one transaction.

use jiff::Timestamp;

use super::writes::{Own, shift};
use super::{Ask, Asked, Plan, Seen, Windows, refused};
use crate::config::OtpRules;
use crate::domain::challenge::Live;
use crate::domain::quota::{SLOTS, Window, after};
use crate::store::Store;
use crate::store::challenge::KEEP;
use crate::store::error::StoreError;
use crate::store::item::{Item, at, n, ttl};
use crate::store::keys::{self, Table};
use crate::store::write::Write;
use crate::{Error, Result};

impl Store {
    /// Own challenge and the mailbox's budget in one transaction; which of the writes is known from `seen`.
    pub(super) async fn ask_tagged(
        &self,
        ask: &Ask<'_>,
        rules: &OtpRules,
        mailbox: &str,
        mut seen: Seen,
    ) -> Result<Asked> {
        let own = Own::new(ask, rules, false);
        let day = Windows::of(rules).day;
        for _ in 0..3 {
            if let Some(asked) = refused(&seen, ask, rules)? {
                return Ok(asked);
            }
            let plan = Plan::of(&seen.own, ask, rules);
            let repeated = match plan {
                Plan::Fresh => None,
                Plan::Repeat | Plan::Join => plan.source(ask).live(&seen.own),
            };
            let known = repeated.as_ref().map(|live| live.nonce);
            let write = own
                .planned(plan, known)
                .ok_or_else(|| Error::internal("a code that is nobody else's was joined"))?;
            match self.transact([write, mailbox_day(ask, mailbox, day)]).await {
                Ok(()) => {
                    return Ok(Asked::Send {
                        fresh: repeated.is_none(),
                        live: repeated.map_or_else(
                            || own.live(),
                            |live| Live {
                                sent: ask.now,
                                ..live
                            },
                        ),
                        reopens: sent_once_more(seen, ask.now).reopens(rules, ask.now),
                    });
                }
                Err(StoreError::Cancelled(refused)) => {
                    let mut refused = refused.into_iter();
                    let (old, mailbox) = (refused.next().flatten(), refused.next().flatten());
                    if old.is_none() && mailbox.is_none() {
                        return Err(Error::internal(
                            "a cancelled transaction names no refused condition",
                        ));
                    }
                    seen = Seen {
                        own: old.unwrap_or(seen.own),
                        mailbox: mailbox.or(seen.mailbox),
                    };
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(Error::Unavailable("the challenge kept changing".into()))
    }
}

/// The day of a mailbox: one more of its sends.
fn mailbox_day(ask: &Ask<'_>, mailbox: &str, day: Window) -> Write {
    let key = keys::challenge(ask.purpose, ask.identifier.kind(), mailbox);
    let set = format!("SET {}, #ttl=:ttl", shift('m'));
    Write::update(Table::Ephemeral, key, set)
        .when(format!(
            "attribute_not_exists(m{0}) OR m{0}<=:day",
            day.slot()
        ))
        .values([
            (":now", at(ask.now)),
            (":z", n(0)),
            (":day", at(day.latest(ask.now))),
            (":ttl", ttl(after(ask.now, KEEP))),
        ])
}

/// The items as they are after this send.
fn sent_once_more(seen: Seen, now: Timestamp) -> Seen {
    let shifted = |mut item: Item, register: char| {
        for slot in (1..SLOTS).rev() {
            let older = item.get(&format!("{register}{}", slot - 1)).cloned();
            item.insert(format!("{register}{slot}"), older.unwrap_or_else(|| n(0)));
        }
        item.insert(format!("{register}0"), at(now));
        item
    };
    Seen {
        own: shifted(seen.own, 's'),
        mailbox: seen.mailbox.map(|mailbox| shifted(mailbox, 'm')),
    }
}
