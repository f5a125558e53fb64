//! Charges a comparison before the code is looked at.
//!
//! Comparing first would let parallel guesses through (of 60 at once, 46 where 3 are allowed). The growing wait after
//! failures lives in the condition, so that it costs no second write.

use std::time::Duration;

use jiff::Timestamp;

use super::ask::Carried;
use super::spend::Place;
use super::{COMMON, KNOWN, Slot, attributes, locked, outdated};
use crate::config::OtpRules;
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::channel::Channel;
use crate::domain::identifier::Identifier;
use crate::domain::quota::{FREE_FAILURES, LAST_DOUBLING, LONGEST_WAIT, before, failure_wait};
use crate::store::Store;
use crate::store::error::{StoreError, settled};
use crate::store::item::{Item, Read, at, b, map, n};
use crate::store::keys::{self, Table};
use crate::store::write::Write;
use crate::{Error, Result};

/// Whether a comparison was charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charged {
    Compare(Paid),
    /// There is no live code, or its comparisons are used up.
    Nothing,
    /// The lane failed too often and must wait.
    Locked {
        /// Whole seconds.
        retry_after: u64,
    },
}

/// What a charged comparison compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The codes that it may be: the common one and, for a known device, its own.
    pub codes: Vec<Candidate>,
    /// The nonces and peppers of codes that open nothing any more, though copies of a right submission may still come.
    pub outdated: [Option<([u8; 16], u32)>; 2],
    /// Failures in a row of the lane, this one included until it proves right.
    pub failures: u32,
}

/// A live code that what was typed is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What the code is derived from.
    pub live: Live,
    /// Where the challenge holds it.
    pub place: Place,
    /// Nothing was ever sent: the code matches nothing.
    pub withheld: bool,
    /// The way it travelled last.
    pub via: Channel,
    /// The origin that came with the prover's own request for the code; with anybody's, where all name the same.
    pub source: Option<String>,
    /// The language, likewise.
    pub language: Option<String>,
}

/// One comparison that is to be charged.
#[derive(Clone, Copy, Debug)]
pub struct Charge<'a> {
    /// What the code is for.
    pub purpose: Purpose,
    /// Whose it is.
    pub identifier: &'a Identifier,
    /// Who tries it.
    pub lane: Lane,
    /// The mark of what was typed.
    pub guess: [u8; 16],
    /// How the challenge knows the caller, under every pepper.
    pub askers: &'a [String],
    /// Now.
    pub now: Timestamp,
}

impl Store {
    /// Charges one comparison to the identifier's live codes. Never repeated when the outcome is unknown: a repetition would
    /// charge twice.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer: no comparison without a charge.
    pub async fn charge(&self, charge: &Charge<'_>, rules: &OtpRules) -> Result<Charged> {
        let Charge { lane, now, .. } = *charge;
        let key = key(charge.purpose, charge.identifier);
        let [_, failures, failed_at] = attributes(lane);
        let (waits, mut values) = waits(failures, failed_at, rules.failure_cap, now);
        values.extend(map([
            (":one", n(1)),
            (":z", n(0)),
            (":now", at(now)),
            (":max", n(rules.max_attempts)),
            (":guess", b(charge.guess)),
        ]));
        let counted = counted(lane);
        let set: Vec<_> = counted
            .iter()
            .map(|(_, attempts)| *attempts)
            .chain([failures])
            .map(|count| format!("{count}=if_not_exists({count},:z)+:one"))
            .collect();
        let set = format!("SET {}, {failed_at}=:now, guess=:guess", set.join(", "));
        let lives: Vec<_> = counted
            .iter()
            .map(|(slot, attempts)| {
                format!(
                    "attribute_exists({}) AND {}>:now AND (attribute_not_exists({attempts}) OR {attempts}<:max)",
                    slot.nonce, slot.expires
                )
            })
            .collect();
        // No more parentheses than are needed: DynamoDB refuses them.
        let lives = match &lives[..] {
            [only] => only.clone(),
            all => format!("(({}))", all.join(") OR (")),
        };
        let write = Write::update(Table::Ephemeral, key, set)
            .when(format!("{lives} AND {waits}"))
            .values(values);
        match self.update_once(write).await {
            Ok(item) => paid(&item, charge, rules).map(Charged::Compare),
            Err(StoreError::Condition(old)) => Ok(locked(&old, lane, rules.failure_cap, now)
                .map_or(Charged::Nothing, |retry_after| Charged::Locked {
                    retry_after,
                })),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Gives back what a right code was charged that did not get in: one whose transaction failed or lost, or that comes
    /// when its code is over. Whatever is there was charged by others as well, so it falls by one and never below zero.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the failure then stays.
    pub async fn give_back(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
        lane: Lane,
        paid: &Paid,
    ) -> Result<()> {
        let [_, failures, _] = attributes(lane);
        let mut set = vec![format!("{failures}={failures}-:one")];
        let mut when = vec![format!("{failures}>:z")];
        let mut values = map([(":one", n(1)), (":z", n(0))]);
        for (place, candidate) in paid.codes.iter().enumerate() {
            for (slot, attempts) in counted(lane) {
                if !candidate.is_in(slot) {
                    continue;
                }
                let nonce = format!(":n{place}");
                set.push(format!("{attempts}={attempts}-:one"));
                when.push(format!("{}={nonce} AND {attempts}>:z", slot.nonce));
                values.insert(nonce, b(candidate.live.nonce));
            }
        }
        let alone = (set[0].clone(), when[0].clone());
        let write = |set: &str, when: String, values| {
            Write::update(
                Table::Ephemeral,
                key(purpose, identifier),
                format!("SET {set}"),
            )
            .when(when)
            .values::<String>(values)
        };
        match self
            .write_once(write(&set.join(", "), when.join(" AND "), values))
            .await
        {
            Ok(()) => Ok(()),
            // A code was used or replaced meanwhile, and its comparisons with it.
            Err(StoreError::Condition(old)) if old.count(failures) > 0 => {
                let values = map([(":one", n(1)), (":z", n(0))]);
                settled(self.write_once(write(&alone.0, alone.1, values)).await)
            }
            other => settled(other),
        }
    }
}

impl Candidate {
    fn is_in(&self, slot: &Slot) -> bool {
        match self.place {
            Place::Both => true,
            Place::Common => *slot == COMMON,
            Place::Known | Place::KnownAndReplaced => *slot == KNOWN,
            Place::Replaced => false,
        }
    }
}

/// The codes that a lane's comparisons are charged to, and where each counts them. A known device's count at both, each up to
/// its own end.
fn counted(lane: Lane) -> &'static [(&'static Slot, &'static str)] {
    static STRANGERS: [(&Slot, &str); 1] = [(&COMMON, "a")];
    static KNOWN_DEVICES: [(&Slot, &str); 2] = [(&COMMON, "ka"), (&KNOWN, "kb")];
    match lane {
        Lane::Stranger => &STRANGERS,
        Lane::Known => &KNOWN_DEVICES,
    }
}

fn key(purpose: Purpose, identifier: &Identifier) -> keys::Key {
    keys::challenge(purpose, identifier.kind(), identifier.as_str())
}

/// What is compared, from the item after its charge.
fn paid(item: &Item, charge: &Charge<'_>, rules: &OtpRules) -> Result<Paid> {
    let mut codes: Vec<Candidate> = Vec::new();
    for (slot, attempts) in counted(charge.lane) {
        let live = slot.live(item).filter(|live| live.expires > charge.now);
        let Some(live) = live.filter(|_| item.count(attempts) <= rules.max_attempts) else {
            continue;
        };
        if codes.iter().any(|code| code.live.nonce == live.nonce) {
            continue;
        }
        let via = slot.via(item);
        let via = via.ok_or_else(|| item.corrupt("challenge", slot.via))?;
        let place = Place::of(item, &live);
        let (source, language) = provenance(item, slot, charge.askers);
        codes.push(Candidate {
            place: place.ok_or_else(|| item.corrupt("challenge", slot.nonce))?,
            withheld: slot.is_withheld(item),
            via,
            source,
            language,
            live,
        });
    }
    let [_, failures, _] = attributes(charge.lane);
    Ok(Paid {
        codes,
        outdated: outdated(item),
        failures: item.count(failures),
    })
}

/// Origin and language of the requests for a code: of the last one by this caller, else what all of them name alike. Nobody
/// else decides for whom a code proves, no matter who asked first.
fn provenance(item: &Item, slot: &Slot, askers: &[String]) -> (Option<String>, Option<String>) {
    let keys = item.get(slot.keys).and_then(|keys| keys.as_m().ok());
    let mut requests: Vec<_> = keys
        .into_iter()
        .flat_map(|keys| keys.values())
        .filter_map(|value| Carried::parse(value.as_s().ok()?))
        .filter(|request| request.asker.is_some())
        .collect();
    requests.sort_by(|one, other| one.delivery.cmp(other.delivery));
    let asks = |request: &&Carried<'_>| {
        request
            .asker
            .is_some_and(|asker| askers.iter().any(|known| known == asker))
    };
    let owned = |text: Option<&str>| text.map(str::to_owned);
    if let Some(own) = requests.iter().rev().find(asks) {
        return (owned(own.source), owned(own.language));
    }
    let Some(first) = requests.first() else {
        // Of a request before version 0.3, or one whose message may not have left.
        return (owned(item.text("src")), owned(item.text("lang")));
    };
    let alike = |of: fn(&Carried<'_>) -> Option<String>| {
        let first = of(first);
        first.filter(|first| {
            requests
                .iter()
                .all(|other| of(other).as_ref() == Some(first))
        })
    };
    (
        alike(|request| request.source.map(str::to_owned)),
        alike(|request| request.language.map(str::to_owned)),
    )
}

/// The condition that the lane need not wait: none below five failures, else the wait of that count is over.
fn waits(failures: &str, failed_at: &str, cap: u32, now: Timestamp) -> (String, Item) {
    let mut values = Item::new();
    let mut alternatives = vec![
        format!("attribute_not_exists({failures})"),
        format!("{failures}<:b0"),
    ];
    let mut name = |name: String, wait: Duration| {
        values.insert(name, at(before(now, wait)));
    };
    for (step, count) in (FREE_FAILURES..=LAST_DOUBLING).enumerate() {
        name(format!(":w{step}"), failure_wait(count));
        alternatives.push(format!("({failures}=:b{step} AND {failed_at}<=:w{step})"));
    }
    name(":hour".to_owned(), LONGEST_WAIT);
    let last = LAST_DOUBLING - FREE_FAILURES;
    alternatives.push(format!("({failures}>:b{last} AND {failed_at}<=:hour)"));
    for (step, count) in (FREE_FAILURES..=LAST_DOUBLING).enumerate() {
        values.insert(format!(":b{step}"), n(count));
    }
    values.insert(":cap".to_owned(), n(cap));
    let waited = alternatives.join(" OR ");
    (
        format!("(attribute_not_exists({failures}) OR {failures}<:cap) AND ({waited})"),
        values,
    )
}

impl From<Charged> for Result<Paid> {
    fn from(charged: Charged) -> Self {
        match charged {
            Charged::Compare(paid) => Ok(paid),
            Charged::Nothing => Err(Error::OtpInvalid),
            Charged::Locked { retry_after } => Err(Error::RateLimited { retry_after }),
        }
    }
}
