//! Charges a send and decides which code it carries: a fresh one, or the live one again.
//!
//! Two updates that exclude each other are sent together, FRESH and REPEAT; at most one can win. A known device and an account
//! that links an address send a third one, JOIN, which makes a code that lives for others theirs as well. The windows are a
//! shift register of send times, so that the condition is exact and the charge is the same write.

mod carried;
mod tagged;
mod writes;

use std::time::Duration;

use futures_util::future::join_all;

use jiff::Timestamp;

use super::{COMMON, KNOWN, Slot, attributes, is_spent, locked, sends};
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
pub(super) use carried::Carried;
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
    /// How the challenge knows the caller: hex digits.
    pub asker: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// Which of the writes that exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// A new code.
    Fresh,
    /// The asker's own code once more.
    Repeat,
    /// The code of others, from now on the asker's too.
    Join,
}

impl Plan {
    const ALL: [Self; 3] = [Self::Fresh, Self::Repeat, Self::Join];

    /// The same question as the conditions of the writes, of an item already read.
    fn of(item: &Item, ask: &Ask<'_>, rules: &OtpRules) -> Self {
        let known = *ask.slot() == KNOWN;
        if known && is_live(item, &KNOWN, "kb", ask, rules) {
            return Self::Repeat;
        }
        let [attempts, ..] = attributes(ask.lane);
        if !is_live(item, &COMMON, attempts, ask, rules) {
            return Self::Fresh;
        }
        if known || item.text("owner") != ask.owner {
            Self::Join
        } else {
            Self::Repeat
        }
    }

    /// Where the code is that the write sends.
    fn source(self, ask: &Ask<'_>) -> &'static Slot {
        match self {
            Self::Join => &COMMON,
            Self::Fresh | Self::Repeat => ask.slot(),
        }
    }
}

impl<'a> Ask<'a> {
    /// Which of the challenge's codes this request is about. What is withheld is nobody's own.
    pub(super) fn slot(&self) -> &'static Slot {
        match (self.purpose, self.lane) {
            (Purpose::SignIn, Lane::Known) if !self.withheld => &KNOWN,
            _ => &COMMON,
        }
    }

    /// What the challenge remembers of this request.
    pub(super) fn carried(&self, via: Channel) -> Carried<'a> {
        Carried {
            delivery: self.delivery,
            via: Some(via),
            asker: Some(self.asker),
            language: self.language,
            source: self.source,
        }
    }
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
            let writes = Plan::ALL
                .into_iter()
                .filter_map(|plan| Some((plan, own.planned(plan, None)?)));
            let outcomes = join_all(
                writes.map(|(plan, write)| async move { (plan, self.update(write).await) }),
            )
            .await;
            let (mut olds, mut fault) = (Vec::new(), None);
            for (plan, outcome) in outcomes {
                match outcome {
                    Ok(item) => {
                        return charged(&Seen::alone(item), plan == Plan::Fresh, ask, rules);
                    }
                    Err(StoreError::Condition(old)) => olds.push(old),
                    Err(other) => fault = Some(other),
                }
            }
            let ours = olds.iter().position(|old| is_ours(old, ask));
            let old = match (ours, fault) {
                (Some(ours), _) => olds.swap_remove(ours),
                (None, Some(fault)) => return Err(fault.into()),
                (None, None) => olds.swap_remove(0),
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
        let fresh = old.bytes(ask.slot().nonce) == Some(ask.nonce);
        return charged(seen, fresh, ask, rules).map(Some);
    }
    if let Some((live, delivery, via)) = done_before(old, ask) {
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
    let (item, slot) = (&seen.own, ask.slot());
    let live = slot.live(item);
    Ok(Asked::Send {
        live: live.ok_or_else(|| item.corrupt("challenge", slot.nonce))?,
        fresh,
        reopens: seen.reopens(rules, ask.now),
    })
}

fn is_ours(item: &Item, ask: &Ask<'_>) -> bool {
    item.text("rid") == Some(ask.request) && ask.slot().live(item).is_some()
}

/// The code that the idempotency key led to, its delivery and its way: the one that was asked for, unless
/// [`Store::went_by`] noted another.
fn done_before(item: &Item, ask: &Ask<'_>) -> Option<(Live, String, Channel)> {
    [&COMMON, &KNOWN].into_iter().find_map(|slot| {
        let live = slot.live(item).filter(|live| live.expires > ask.now)?;
        let sent = item.get(slot.keys)?.as_m().ok()?.get(ask.key)?;
        let Carried { delivery, via, .. } = Carried::parse(sent.as_s().ok()?)?;
        Some((live, delivery.to_owned(), via.unwrap_or(ask.channel)))
    })
}

/// Whether the code of a slot is worth repeating to this asker.
fn is_live(item: &Item, slot: &Slot, attempts: &str, ask: &Ask<'_>, rules: &OtpRules) -> bool {
    let fits = *slot == KNOWN || item.number("digits") == Some(rules.digits.into());
    slot.live(item).is_some_and(|live| {
        live.expires >= after(ask.now, WORTH_REPEATING) && ask.peppers.contains(&live.pepper)
    }) && item.count(attempts) < rules.max_attempts
        && fits
        && !ask.owner.is_some_and(|owner| is_spent(item, owner))
        && (ask.withheld || !slot.is_withheld(item))
}
