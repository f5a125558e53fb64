//! Charges a comparison before the code is looked at.
//!
//! Comparing first would let parallel guesses through (of 60 at once, 46 where 3 are allowed). The growing wait after
//! failures lives in the condition, so that it costs no second write.

use std::time::Duration;

use jiff::Timestamp;

use super::{attributes, live, locked};
use crate::config::OtpRules;
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::channel::Channel;
use crate::domain::identifier::Identifier;
use crate::domain::quota::{FREE_FAILURES, LAST_DOUBLING, LONGEST_WAIT, before, failure_wait};
use crate::store::Store;
use crate::store::error::StoreError;
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
    /// What the code is derived from.
    pub live: Live,
    /// Nothing was ever sent: the code matches nothing.
    pub withheld: bool,
    /// The way it travelled last.
    pub via: Channel,
    /// For linking: whom it is for and which version of the address it replaces.
    pub owner: Option<String>,
    /// The origin that came with the request for the code.
    pub source: Option<String>,
    /// The language that came with it.
    pub language: Option<String>,
    /// Failures in a row of the lane, this one included until it proves right.
    pub failures: u32,
}

impl Store {
    /// Charges one comparison to the identifier's live code; `guess` is the mark of what was typed. Never repeated when
    /// the outcome is unknown: a repetition would charge twice.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer: no comparison without a charge.
    pub async fn charge(
        &self,
        purpose: Purpose,
        identifier: &Identifier,
        lane: Lane,
        guess: [u8; 16],
        rules: &OtpRules,
        now: Timestamp,
    ) -> Result<Charged> {
        let key = keys::challenge(purpose, identifier.kind(), identifier.as_str());
        let [attempts, failures, failed_at] = attributes(lane);
        let (waits, mut values) = waits(failures, failed_at, rules.failure_cap, now);
        values.extend(map([
            (":one", n(1)),
            (":z", n(0)),
            (":now", at(now)),
            (":max", n(rules.max_attempts)),
            (":guess", b(guess)),
        ]));
        let set = format!(
            "SET {attempts}=if_not_exists({attempts},:z)+:one, {failures}=if_not_exists({failures},:z)+:one, {failed_at}=:now, guess=:guess"
        );
        let when = format!(
            "attribute_exists(nonce) AND exp>:now AND (attribute_not_exists({attempts}) OR {attempts}<:max) AND {waits}"
        );
        let write = Write::update(Table::Ephemeral, key, set)
            .when(when)
            .values(values);
        match self.update_once(write).await {
            Ok(item) => paid(&item, failures).map(Charged::Compare),
            Err(StoreError::Condition(old)) => Ok(locked(&old, lane, rules.failure_cap, now)
                .map_or(Charged::Nothing, |retry_after| Charged::Locked {
                    retry_after,
                })),
            Err(fault) => Err(fault.into()),
        }
    }
}

fn paid(item: &Item, failures: &str) -> Result<Paid> {
    let live = live(item).ok_or_else(|| item.corrupt("challenge", "nonce"))?;
    let via = item
        .text("via")
        .and_then(|via| Channel::parse(via).ok())
        .ok_or_else(|| item.corrupt("challenge", "via"))?;
    let text = |name| item.text(name).map(str::to_owned);
    Ok(Paid {
        live,
        withheld: item.contains_key("mute"),
        via,
        owner: text("owner"),
        source: text("src"),
        language: text("lang"),
        failures: item.count(failures),
    })
}

/// The condition that the lane need not wait: fewer than five failures, or the wait of their count is over.
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
