//! Charges a send and decides which code it carries: a fresh one, or the live one again.
//!
//! Two updates that exclude each other are sent together, FRESH and REPEAT; at most one can win. The windows are a
//! shift register of send times, so that the condition is exact and the charge is the same write.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;

use super::{KEEP, Lane, Live, locked, sends};
use crate::config::OtpRules;
use crate::domain::channel::Channel;
use crate::domain::identifier::Identifier;
use crate::domain::quota::{CLOSED_RETRY_AFTER, SLOTS, Window, after, seconds_until};
use crate::store::Store;
use crate::store::fault::{Fault, when_busy};
use crate::store::item::{Item, Read, at, b, n, s, ttl};
use crate::store::keys::{self, Purpose};
use crate::{Error, Result};

/// Everything that an Ask decides by, taken once per request.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// What the code is for.
    pub purpose: Purpose,
    /// Whose code it is.
    pub identifier: &'a Identifier,
    /// The way it will travel.
    pub channel: Channel,
    /// Who asks.
    pub lane: Lane,
    /// The hash of the idempotency key and the channel, or of the request id: hex digits.
    pub key: &'a str,
    /// The delivery id of this send, sealed.
    pub delivery: &'a str,
    /// The request's id.
    pub request: &'a str,
    /// The nonce of a fresh code.
    pub nonce: [u8; 16],
    /// The pepper versions whose codes can still be derived, the one for fresh codes first.
    pub peppers: &'a [u32],
    /// Nothing will be sent, on purpose.
    pub muted: bool,
    /// For linking: whom the code is for and which version of the address it replaces.
    pub owner: Option<&'a str>,
    /// The origin that came with the request.
    pub source: Option<&'a str>,
    /// The language that came with the request.
    pub language: Option<&'a str>,
    /// Now.
    pub now: Timestamp,
}

/// What came of an Ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The send is charged; carry this code there.
    Send {
        /// What the code is derived from.
        live: Live,
        /// Whether the code is a new one.
        fresh: bool,
    },
    /// The same idempotency key did this before: answer as then, send nothing.
    Before {
        /// The code of then.
        live: Live,
        /// The delivery of then, sealed.
        delivery: String,
    },
    /// A limit is reached.
    Limited {
        /// Whole seconds until it is not.
        retry_after: u64,
        /// Which limit, for metrics.
        rule: &'static str,
    },
}

/// A challenge as it was read beside the caller's limits.
#[derive(Clone, Debug, Default)]
pub struct Seen(Item);

impl Seen {
    /// What [`Store::ask`] of a number would say, where it would send nothing: so that nothing is taken of what others
    /// share, such as the day's budget.
    ///
    /// # Errors
    /// An item that cannot be read.
    pub fn refuses(&self, ask: &Ask<'_>, rules: &OtpRules) -> Result<Option<Asked>> {
        let refused = refused(&self.0, ask, rules, true)?;
        Ok(refused.filter(|asked| !matches!(asked, Asked::Send { .. })))
    }
}

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A resend carries the same code only while this much of its life is left.
const WORTH_REPEATING: Duration = Duration::from_secs(120);

/// The windows of one identifier.
struct Windows {
    cooldown: Window,
    hour: Window,
    day: Window,
}

impl Windows {
    fn of(rules: &OtpRules) -> Self {
        Self {
            cooldown: Window {
                sends: 1,
                length: rules.resend,
            },
            hour: Window {
                sends: rules.sends_per_hour,
                length: HOUR,
            },
            day: Window {
                sends: rules.sends_per_day,
                length: DAY,
            },
        }
    }
}

impl Store {
    /// Charges a send to the identifier, if its limits admit it, and says which code to send.
    ///
    /// Plain addresses take one step. An address with a plus-tag, or with dots at Gmail, shares its mailbox's day with
    /// the mailbox's own item; `seen` is then the challenge as [`Store::challenge_seen`] read it beside the caller's
    /// limits, so that this is one step too.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer: no send without a charge.
    pub async fn ask(&self, ask: &Ask<'_>, rules: &OtpRules, seen: Option<Seen>) -> Result<Asked> {
        match mailbox_elsewhere(ask.identifier) {
            None => self.ask_plain(ask, rules).await,
            Some(mailbox) => {
                self.ask_tagged(ask, rules, &mailbox, seen.unwrap_or_default().0)
                    .await
            }
        }
    }

    /// The challenge item as it is before anything is charged: for [`Store::ask`] of an address whose mailbox is another
    /// one, and for [`Seen::refuses`] of a number. Nothing for plain mail addresses.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer.
    pub async fn challenge_seen(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
    ) -> Result<Option<Seen>> {
        let plain = matches!(identifier, Identifier::Email(_));
        if plain && mailbox_elsewhere(identifier).is_none() {
            return Ok(None);
        }
        self.challenge_item(purpose, identifier)
            .await
            .map(|item| Some(Seen(item)))
    }

    pub(crate) async fn challenge_item(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
    ) -> Result<Item> {
        let key = keys::challenge(purpose, identifier.kind(), identifier.as_str());
        self.get(keys::Table::Ephemeral, &key)
            .await
            .map(Option::unwrap_or_default)
    }

    async fn ask_plain(&self, ask: &Ask<'_>, rules: &OtpRules) -> Result<Asked> {
        let own = Own::new(ask, rules, true);
        for _ in 0..3 {
            let (fresh, repeat) = futures_util::join!(
                self.write(ask, own.fresh()),
                self.write(ask, own.repeat(None))
            );
            let old = match (fresh, repeat) {
                (Ok(item), _) => return charged(&item, true),
                (_, Ok(item)) => return charged(&item, false),
                (Err(Fault::Condition(old)), _) | (_, Err(Fault::Condition(old)))
                    if is_ours(&old, ask) =>
                {
                    old
                }
                (Err(Fault::Condition(old)), Err(Fault::Condition(_))) => old,
                (Err(Fault::Condition(_)), Err(fault)) | (Err(fault), _) => {
                    return Err(fault.into());
                }
            };
            if let Some(asked) = refused(&old, ask, rules, true)? {
                return Ok(asked);
            }
        }
        Err(Error::Unavailable("the challenge kept changing".into()))
    }

    async fn write(&self, ask: &Ask<'_>, write: Write) -> Result<Item, Fault> {
        let key = keys::challenge(ask.purpose, ask.identifier.kind(), ask.identifier.as_str());
        when_busy(|| async {
            let answer = self
                .client
                .update_item()
                .table_name(self.ephemeral())
                .set_key(Some(key.item()))
                .update_expression(&write.update)
                .condition_expression(&write.condition)
                .set_expression_attribute_names(Some(write.names()))
                .set_expression_attribute_values(Some(write.values.clone()))
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
                .return_consumed_capacity(aws_sdk_dynamodb::types::ReturnConsumedCapacity::Total)
                .send()
                .await?;
            Ok(answer.attributes.unwrap_or_default())
        })
        .await
    }

    /// Own challenge and the mailbox's budget in one transaction; which of FRESH and REPEAT is known from `seen`.
    async fn ask_tagged(
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
                    });
                }
                Ok(()) => {
                    return Ok(Asked::Send {
                        live: own.live(),
                        fresh: true,
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

/// Why neither write was possible, from the item as it was; `None` if it is worth trying once more.
fn refused(
    old: &Item,
    ask: &Ask<'_>,
    rules: &OtpRules,
    mailbox_here: bool,
) -> Result<Option<Asked>> {
    if is_ours(old, ask) {
        // The write happened, only its answer was lost.
        return charged(old, old.bytes::<16>("nonce") == Some(ask.nonce)).map(Some);
    }
    if let Some(delivery) = done_before(old, ask) {
        let live = Live::read(old).ok_or_else(|| old.corrupt("challenge", "nonce"))?;
        return Ok(Some(Asked::Before { live, delivery }));
    }
    if locked(old, ask.lane, rules.failure_cap, ask.now) == Some(CLOSED_RETRY_AFTER) {
        return Ok(Some(Asked::Limited {
            retry_after: CLOSED_RETRY_AFTER,
            rule: "closed",
        }));
    }
    let windows = Windows::of(rules);
    let own = sends(old, 's');
    let mut opens = vec![
        ("cooldown", windows.cooldown.opens(&own, ask.now)),
        ("hour", windows.hour.opens(&own, ask.now)),
        ("day", windows.day.opens(&own, ask.now)),
    ];
    if mailbox_here {
        opens.push(("mailbox_day", windows.day.opens(&sends(old, 'm'), ask.now)));
    }
    let last = opens
        .into_iter()
        .filter_map(|(rule, opens)| Some((opens?, rule)))
        .max();
    Ok(last.map(|(opens, rule)| Asked::Limited {
        retry_after: seconds_until(ask.now, opens).max(1),
        rule,
    }))
}

/// The address whose item keeps the day's budget: of a mail address its mailbox, of a number the number.
pub(super) fn mailbox(identifier: &Identifier) -> String {
    match identifier {
        Identifier::Email(address) => address.mailbox(),
        Identifier::Phone(number) => number.as_str().to_owned(),
    }
}

/// The mailbox whose day an address shares, where it is not the address itself.
fn mailbox_elsewhere(identifier: &Identifier) -> Option<String> {
    Some(mailbox(identifier)).filter(|mailbox| mailbox != identifier.as_str())
}

fn charged(item: &Item, fresh: bool) -> Result<Asked> {
    let live = Live::read(item).ok_or_else(|| item.corrupt("challenge", "nonce"))?;
    Ok(Asked::Send { live, fresh })
}

fn is_ours(item: &Item, ask: &Ask<'_>) -> bool {
    item.text("rid") == Some(ask.request) && Live::read(item).is_some()
}

fn done_before(item: &Item, ask: &Ask<'_>) -> Option<String> {
    let lives = Live::read(item)?.expires > ask.now;
    let delivery = item.get("k")?.as_m().ok()?.get(ask.key)?.as_s().ok()?;
    lives.then(|| delivery.clone())
}

/// The same question as the condition `LIVE`, of an item already read.
fn is_live(item: &Item, ask: &Ask<'_>, rules: &OtpRules) -> bool {
    let [attempts, ..] = ask.lane.attributes();
    Live::read(item).is_some_and(|live| {
        live.expires >= after(ask.now, WORTH_REPEATING) && ask.peppers.contains(&live.pepper)
    }) && item.count(attempts) < rules.max_attempts
        && item.number("digits") == Some(rules.digits.into())
        && item.text("owner") == ask.owner
        && (ask.muted || !item.contains_key("mute"))
}

/// One conditional update, as expressions and values.
struct Write {
    update: String,
    condition: String,
    values: Item,
    /// What `#h` stands for.
    key: Option<String>,
}

impl Write {
    fn names(&self) -> std::collections::HashMap<String, String> {
        let mut names = std::collections::HashMap::from([("#ttl".to_owned(), "ttl".to_owned())]);
        if let Some(key) = &self.key {
            names.insert("#h".to_owned(), key.clone());
            names.insert("#owner".to_owned(), "owner".to_owned());
        }
        names
    }
}

/// The two writes to the identifier's own challenge.
struct Own<'a> {
    ask: &'a Ask<'a>,
    digits: u8,
    expires: Timestamp,
    lim: String,
    live: String,
    shift: String,
    values: Vec<(&'static str, AttributeValue)>,
}

impl<'a> Own<'a> {
    /// `mailbox_here`: the address is its mailbox's own, so its item holds the mailbox's day as well.
    fn new(ask: &'a Ask<'a>, rules: &OtpRules, mailbox_here: bool) -> Self {
        let windows = Windows::of(rules);
        let [attempts, failures, _] = ask.lane.attributes();
        let open = |register: char, window: Window, latest: &str| {
            let slot = format!("{register}{}", window.slot());
            format!("(attribute_not_exists({slot}) OR {slot}<={latest})")
        };
        let mut lim = [
            open('s', windows.cooldown, ":cool"),
            open('s', windows.hour, ":hour"),
            open('s', windows.day, ":day"),
            format!("(attribute_not_exists({failures}) OR {failures}<:cap)"),
        ]
        .join(" AND ");
        let mut shifts = shift('s');
        if mailbox_here {
            lim = format!("{lim} AND {}", open('m', windows.day, ":day"));
            shifts = format!("{shifts}, {}", shift('m'));
        }
        let versions: Vec<_> = (0..ask.peppers.len())
            .map(|n| PEPPER_NAMES[n.min(PEPPER_NAMES.len() - 1)])
            .collect();
        let owner = if ask.owner.is_some() {
            "#owner=:owner"
        } else {
            "attribute_not_exists(#owner)"
        };
        let mute = if ask.muted {
            ""
        } else {
            " AND attribute_not_exists(mute)"
        };
        let live = format!(
            "attribute_exists(nonce) AND exp>=:soon AND {attempts}<:max AND pv IN ({}) AND digits=:digits AND {owner}{mute}",
            versions.join(",")
        );
        let mut values = vec![
            (":now", at(ask.now)),
            (":z", n(0)),
            (":cool", at(windows.cooldown.latest(ask.now))),
            (":hour", at(windows.hour.latest(ask.now))),
            (":day", at(windows.day.latest(ask.now))),
            (":cap", n(rules.failure_cap)),
            (":soon", at(after(ask.now, WORTH_REPEATING))),
            (":max", n(rules.max_attempts)),
            (":digits", n(rules.digits)),
            (":rid", s(ask.request)),
            (":via", s(ask.channel.as_str())),
            (":ttl", ttl(after(ask.now, KEEP))),
        ];
        values.extend(
            ask.peppers
                .iter()
                .zip(PEPPER_NAMES)
                .map(|(version, name)| (name, n(version))),
        );
        values.extend(ask.owner.map(|owner| (":owner", s(owner))));
        values.extend(ask.source.map(|source| (":src", s(source))));
        values.extend(ask.language.map(|language| (":lang", s(language))));
        Self {
            ask,
            digits: rules.digits,
            expires: after(ask.now, rules.expiry),
            lim,
            live,
            shift: shifts,
            values,
        }
    }

    fn live(&self) -> Live {
        let pepper = self.ask.peppers.first().copied().unwrap_or_default();
        Live {
            nonce: self.ask.nonce,
            pepper,
            expires: self.expires,
            sent: self.ask.now,
        }
    }

    /// What both writes set, and what they remove because this request did not bring it.
    fn common(&self) -> (String, Vec<&'static str>) {
        let mut set = format!("{}, rid=:rid, via=:via, #ttl=:ttl", self.shift);
        let mut remove = Vec::new();
        for (name, value, given) in [
            ("src", ":src", self.ask.source.is_some()),
            ("lang", ":lang", self.ask.language.is_some()),
        ] {
            if given {
                set = format!("{set}, {name}={value}")
            } else {
                remove.push(name)
            }
        }
        (set, remove)
    }

    fn fresh(&self) -> Write {
        let (mut set, mut remove) = self.common();
        remove.push("mute");
        if self.ask.owner.is_some() {
            set.push_str(", #owner=:owner")
        } else {
            remove.push("#owner")
        }
        let mut values: Item = self
            .values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        values.extend([
            (":n".to_owned(), b(self.ask.nonce)),
            (":e".to_owned(), at(self.expires)),
            (
                ":k".to_owned(),
                AttributeValue::M([(self.ask.key.to_owned(), s(self.ask.delivery))].into()),
            ),
        ]);
        debug_assert_eq!(values[":digits"], n(self.digits));
        Write {
            update: format!(
                "SET nonce=:n, pv={}, digits=:digits, exp=:e, a=:z, ka=:z, k=:k, {set} REMOVE {}",
                PEPPER_NAMES[0],
                remove.join(", ")
            ),
            condition: format!(
                "NOT ({}) AND (attribute_not_exists(k.#h) OR attribute_not_exists(nonce) OR exp<=:now) AND {}",
                self.live, self.lim
            ),
            values,
            key: Some(self.ask.key.to_owned()),
        }
    }

    /// `known`: the nonce that the caller already holds, where the answer cannot bring it.
    fn repeat(&self, known: Option<[u8; 16]>) -> Write {
        let (set, remove) = self.common();
        let mut values: Item = self
            .values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        values.insert(":did".to_owned(), s(self.ask.delivery));
        let mut condition = format!(
            "{} AND attribute_not_exists(k.#h) AND {}",
            self.live, self.lim
        );
        if let Some(nonce) = known {
            condition.push_str(" AND nonce=:n");
            values.insert(":n".to_owned(), b(nonce));
        }
        let remove = if remove.is_empty() {
            String::new()
        } else {
            format!(" REMOVE {}", remove.join(", "))
        };
        Write {
            update: format!("SET k.#h=:did, {set}{remove}"),
            condition,
            values,
            key: Some(self.ask.key.to_owned()),
        }
    }
}

/// As many versions as a ring may hold at once.
const PEPPER_NAMES: [&str; 4] = [":p1", ":p2", ":p3", ":p4"];

/// Moves a register of send times on by one and writes the newest.
fn shift(register: char) -> String {
    let older =
        (1..SLOTS).map(|slot| format!("{register}{slot}=if_not_exists({register}{},:z)", slot - 1));
    std::iter::once(format!("{register}0=:now"))
        .chain(older)
        .collect::<Vec<_>>()
        .join(", ")
}
