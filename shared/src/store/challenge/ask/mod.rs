//! Charges a send and decides which code it carries: a fresh one, or the live one again.
//!
//! Two updates that exclude each other are sent together, FRESH and REPEAT; at most one can win. The windows are a
//! shift register of send times, so that the condition is exact and the charge is the same write.

mod tagged;
mod writes;

use std::time::Duration;

use jiff::Timestamp;

use super::{attributes, live, locked, sends};
use crate::config::OtpRules;
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::channel::Channel;
use crate::domain::identifier::Identifier;
use crate::domain::quota::{CLOSED_RETRY_AFTER, Window, after, seconds_until};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::item::{Item, Read};
use crate::store::keys;
use crate::{Error, Result};
use writes::Own;

/// Everything that an Ask depends on, taken once per request.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// What the code is for.
    pub purpose: Purpose,
    /// Whose code it is.
    pub identifier: &'a Identifier,
    /// The way it will travel.
    pub channel: Channel,
    pub lane: Lane,
    /// The hash of the idempotency key and the channel, or of the request id: hex digits.
    pub key: &'a str,
    /// The delivery id of this send, sealed.
    pub delivery: &'a str,
    pub request: &'a str,
    /// The nonce of a fresh code.
    pub nonce: [u8; 16],
    /// The pepper versions whose codes can still be derived, the one for fresh codes first.
    pub peppers: &'a [u32],
    /// Nothing will be sent: the address is suppressed, or its country is not served.
    pub withheld: bool,
    /// For linking: whom the code is for and which version of the address it replaces.
    pub owner: Option<&'a str>,
    /// The origin that came with the request.
    pub source: Option<&'a str>,
    /// The language that came with the request.
    pub language: Option<&'a str>,
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
        /// When the next send is admitted, as far as the identifier's own limits go.
        reopens: Timestamp,
    },
    /// The idempotency key was used before: answer as then, send nothing.
    Before {
        /// The code of then.
        live: Live,
        /// The delivery of then, sealed.
        delivery: String,
        /// The way that it took.
        via: Channel,
        /// When the next send is admitted, as far as the identifier's own limits go.
        reopens: Timestamp,
    },
    /// A limit is reached.
    Limited {
        /// Whole seconds until it is not.
        retry_after: u64,
        /// Which limit, for metrics.
        rule: &'static str,
    },
}

/// A challenge as it was read together with the caller's limits, with its mailbox's day where that is another item.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    own: Item,
    mailbox: Option<Item>,
}

impl Seen {
    /// For an address that is its mailbox's own.
    fn alone(own: Item) -> Self {
        Self { own, mailbox: None }
    }

    /// When all windows admit one more send.
    fn reopens(&self, rules: &OtpRules, now: Timestamp) -> Timestamp {
        let opens = self.windows(rules, now).into_iter();
        opens
            .filter_map(|(_, opens)| opens)
            .fold(now, Timestamp::max)
    }

    fn windows(&self, rules: &OtpRules, now: Timestamp) -> [(&'static str, Option<Timestamp>); 4] {
        let windows = Windows::of(rules);
        let own = sends(&self.own, 's');
        let mailbox = sends(self.mailbox.as_ref().unwrap_or(&self.own), 'm');
        [
            ("cooldown", windows.cooldown.opens(&own, now)),
            ("hour", windows.hour.opens(&own, now)),
            ("day", windows.day.opens(&own, now)),
            ("mailbox_day", windows.day.opens(&mailbox, now)),
        ]
    }

    /// What [`Store::ask`] of a number would say, where it would send nothing: so that nothing is taken of what others
    /// share, such as the day's budget.
    ///
    /// # Errors
    /// An item that cannot be read.
    pub fn refuses(&self, ask: &Ask<'_>, rules: &OtpRules) -> Result<Option<Asked>> {
        let refused = refused(self, ask, rules)?;
        Ok(refused.filter(|asked| !matches!(asked, Asked::Send { .. })))
    }
}

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// A resend carries the same code only while this much of its life is left.
const WORTH_REPEATING: Duration = Duration::from_mins(2);

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
    /// the mailbox's own item; `seen` is then the challenge as [`Store::challenge_seen`] read it together with the
    /// caller's limits, so that this is one step too.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer: no send without a charge.
    pub async fn ask(&self, ask: &Ask<'_>, rules: &OtpRules, seen: Option<Seen>) -> Result<Asked> {
        match mailbox_elsewhere(ask.identifier) {
            None => self.ask_plain(ask, rules).await,
            Some(mailbox) => {
                self.ask_tagged(ask, rules, &mailbox, seen.unwrap_or_default())
                    .await
            }
        }
    }

    /// The challenge as it is before anything is charged: for [`Store::ask`] of an address whose mailbox is another
    /// one, and for [`Seen::refuses`] of a number. Nothing for plain mail addresses.
    pub async fn challenge_seen(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
    ) -> Result<Option<Seen>> {
        let own = self.challenge_item(purpose, identifier);
        Ok(match (identifier, mailbox_elsewhere(identifier)) {
            (_, Some(mailbox)) => {
                let key = keys::challenge(purpose, identifier.kind(), &mailbox);
                let mailbox = self.get(keys::Table::Ephemeral, &key);
                let (own, mailbox) = futures_util::try_join!(own, mailbox)?;
                Some(Seen {
                    own,
                    mailbox: Some(mailbox.unwrap_or_default()),
                })
            }
            (Identifier::Phone(_), None) => Some(Seen::alone(own.await?)),
            (Identifier::Email(_), None) => None,
        })
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
            let (fresh, repeat) =
                futures_util::join!(self.update(own.fresh()), self.update(own.repeat(None)));
            let old = match (fresh, repeat) {
                (Ok(item), _) => return charged(&Seen::alone(item), true, ask, rules),
                (_, Ok(item)) => return charged(&Seen::alone(item), false, ask, rules),
                (Err(StoreError::Condition(old)), _) | (_, Err(StoreError::Condition(old)))
                    if is_ours(&old, ask) =>
                {
                    old
                }
                (Err(StoreError::Condition(old)), Err(StoreError::Condition(_))) => old,
                (Err(StoreError::Condition(_)), Err(fault)) | (Err(fault), _) => {
                    return Err(fault.into());
                }
            };
            if let Some(asked) = refused(&Seen::alone(old), ask, rules)? {
                return Ok(asked);
            }
        }
        Err(Error::Unavailable("the challenge kept changing".into()))
    }
}

/// Why neither write was possible, judged by the items as they were; `None` if another try may succeed.
fn refused(seen: &Seen, ask: &Ask<'_>, rules: &OtpRules) -> Result<Option<Asked>> {
    let old = &seen.own;
    if is_ours(old, ask) {
        // The write happened, only its answer was lost.
        let fresh = old.bytes::<16>("nonce") == Some(ask.nonce);
        return charged(seen, fresh, ask, rules).map(Some);
    }
    if let Some((delivery, via)) = done_before(old, ask) {
        let live = live(old).ok_or_else(|| old.corrupt("challenge", "nonce"))?;
        return Ok(Some(Asked::Before {
            live,
            delivery,
            via,
            reopens: seen.reopens(rules, ask.now),
        }));
    }
    if locked(old, ask.lane, rules.failure_cap, ask.now) == Some(CLOSED_RETRY_AFTER) {
        return Ok(Some(Asked::Limited {
            retry_after: CLOSED_RETRY_AFTER,
            rule: "closed",
        }));
    }
    let last = seen
        .windows(rules, ask.now)
        .into_iter()
        .filter_map(|(rule, opens)| Some((opens?, rule)))
        .max();
    Ok(last.map(|(opens, rule)| Asked::Limited {
        retry_after: seconds_until(ask.now, opens).max(1),
        rule,
    }))
}

/// The address whose item keeps the day's budget: of a mail address its mailbox, of a number the number.
pub(in crate::store) fn mailbox(identifier: &Identifier) -> String {
    match identifier {
        Identifier::Email(address) => address.mailbox(),
        Identifier::Phone(number) => number.as_str().to_owned(),
    }
}

/// The mailbox whose day an address shares, where it is not the address itself.
fn mailbox_elsewhere(identifier: &Identifier) -> Option<String> {
    Some(mailbox(identifier)).filter(|mailbox| mailbox != identifier.as_str())
}

fn charged(seen: &Seen, fresh: bool, ask: &Ask<'_>, rules: &OtpRules) -> Result<Asked> {
    let item = &seen.own;
    let live = live(item).ok_or_else(|| item.corrupt("challenge", "nonce"))?;
    Ok(Asked::Send {
        live,
        fresh,
        reopens: seen.reopens(rules, ask.now),
    })
}

fn is_ours(item: &Item, ask: &Ask<'_>) -> bool {
    item.text("rid") == Some(ask.request) && live(item).is_some()
}

/// The delivery that the idempotency key led to, and its way: the one that was asked for, unless [`Store::went_by`]
/// noted another.
fn done_before(item: &Item, ask: &Ask<'_>) -> Option<(String, Channel)> {
    let lives = live(item)?.expires > ask.now;
    let sent = item.get("k")?.as_m().ok()?.get(ask.key)?.as_s().ok()?;
    let (delivery, via) = match sent.split_once(' ') {
        Some((delivery, via)) => (delivery, Channel::parse(via).ok()?),
        None => (sent.as_str(), ask.channel),
    };
    lives.then(|| (delivery.to_owned(), via))
}

/// The same question as the condition `LIVE`, of an item already read.
fn is_live(item: &Item, ask: &Ask<'_>, rules: &OtpRules) -> bool {
    let [attempts, ..] = attributes(ask.lane);
    live(item).is_some_and(|live| {
        live.expires >= after(ask.now, WORTH_REPEATING) && ask.peppers.contains(&live.pepper)
    }) && item.count(attempts) < rules.max_attempts
        && item.number("digits") == Some(rules.digits.into())
        && item.text("owner") == ask.owner
        && (ask.withheld || !item.contains_key("mute"))
}
