//! Whether a caller may go on, and how long it must wait if not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::channel::Channel;
use crate::domain::quota::{Allowance, Rate, seconds_until};
use crate::http::Caller;
use crate::store::Store;
use crate::store::limit::Admission;
use crate::store::statistics::{Count, Figure};
use crate::{Error, Result, background, telemetry};

/// A rate that is counted per subject.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The word in keys and metrics.
    pub name: &'static str,
    /// How many calls are admitted.
    pub rate: Rate,
}

/// Counts calls in the store; a subject that was refused once is refused here until its wait ends.
#[derive(Debug)]
pub struct Limiter {
    store: Store,
    refused: Mutex<HashMap<(&'static str, String), Timestamp>>,
}

/// How many networks' allowances a whole site has.
const NETWORKS_OF_A_SITE: u32 = 16;

/// The most subjects that are remembered as refused.
const REMEMBERED: usize = 10_000;

impl Limiter {
    /// A limiter that counts in this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            refused: Mutex::default(),
        }
    }

    /// Admits one call of the subject, and counts it.
    ///
    /// # Errors
    /// [`Error::RateLimited`] with the true wait, and [`Error::Unavailable`] when the store does not answer: a limit
    /// fails closed.
    pub async fn admit(
        &self,
        rule: Rule,
        subject: &str,
        request: &str,
        now: Timestamp,
    ) -> Result<Allowance> {
        if let Some(until) = self.remembered(rule, subject, now) {
            return Err(limited(rule.name, seconds_until(now, until).max(1)));
        }
        match self
            .store
            .count_call(rule.name, subject, rule.rate, request, now)
            .await?
        {
            Admission::Admitted { remaining, reset } => {
                let window = (rule.rate.interval * rule.rate.burst).as_secs();
                Ok(Allowance {
                    burst: rule.rate.burst,
                    window,
                    remaining,
                    reset,
                })
            }
            Admission::Refused { until } => {
                self.remember(rule, subject, until, now);
                Err(limited(rule.name, seconds_until(now, until).max(1)))
            }
        }
    }

    /// Admits one call of this caller, and of the site that an IPv6 caller is of: a customer who has thousands of
    /// networks has not thousands of allowances. One step.
    ///
    /// # Errors
    /// As [`Limiter::admit`]; what is refused by one of the two does not count at the other.
    pub async fn admit_caller(
        &self,
        rule: Rule,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Allowance> {
        let (subject, request) = (&caller.subject, &caller.request_id);
        let own = self.admit(rule, subject, request, now);
        let Some(site) = &caller.site else {
            return own.await;
        };
        if let Some(until) = self.remembered(rule, subject, now) {
            return Err(limited(rule.name, seconds_until(now, until).max(1)));
        }
        let wide = Rule {
            rate: rule.rate.times(NETWORKS_OF_A_SITE),
            ..rule
        };
        match futures_util::join!(own, self.admit(wide, site, request, now)) {
            (Ok(allowance), Ok(_)) => Ok(allowance),
            (Ok(_), Err(refusal)) => {
                self.refund(rule, subject, request, now).await?;
                Err(refusal)
            }
            (Err(refusal), Ok(_)) => {
                self.refund(wide, site, request, now).await?;
                Err(refusal)
            }
            (Err(refusal), Err(_)) => Err(refusal),
        }
    }

    /// Takes back a call that was admitted for nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the call then stays counted.
    pub async fn refund(
        &self,
        rule: Rule,
        subject: &str,
        request: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.store
            .uncount_call(rule.name, subject, rule.rate, request, now)
            .await
    }

    fn remembered(&self, rule: Rule, subject: &str, now: Timestamp) -> Option<Timestamp> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused
            .get(&(rule.name, subject.to_owned()))
            .copied()
            .filter(|until| *until > now)
    }

    fn remember(&self, rule: Rule, subject: &str, until: Timestamp, now: Timestamp) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() >= REMEMBERED {
            refused.retain(|_, until| *until > now);
        }
        if refused.len() < REMEMBERED {
            refused.insert((rule.name, subject.to_owned()), until);
        }
    }
}

/// Counts refused requests for codes: unlike everything else that is counted, they leave no trace in a stream.
#[derive(Clone, Debug)]
pub struct Refusals(Arc<Tally>);

#[derive(Debug)]
struct Tally {
    store: Store,
    /// What is not written yet.
    waiting: Mutex<HashMap<(Channel, Figure), i64>>,
    /// Only one write is under way at a time, so that a flood of refusals is no flood of writes.
    writing: tokio::sync::Mutex<()>,
}

impl Refusals {
    /// Counts in this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Tally {
            store,
            waiting: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        }))
    }

    /// Counts one refusal in the background. What the store does not take goes with a later one.
    pub fn count(&self, channel: Channel, now: Timestamp) {
        self.add(channel, Figure::Limited, 1, now);
    }

    /// Takes back that a code was requested, which the stream counts by its charge: a limit refused it after that.
    pub fn not_requested(&self, channel: Channel, now: Timestamp) {
        self.add(channel, Figure::Requested, -1, now);
    }

    fn add(&self, channel: Channel, figure: Figure, by: i64, now: Timestamp) {
        *self.0.waiting().entry((channel, figure)).or_default() += by;
        let tally = self.0.clone();
        background::spawn(async move { tally.write(now).await });
    }
}

impl Tally {
    async fn write(&self, now: Timestamp) {
        let _alone = self.writing.lock().await;
        while let Some(((channel, figure), by)) = self.next() {
            let count = Count::otp(now, channel, figure, by);
            if let Err(error) = self.store.count_beside(&count).await {
                tracing::warn!(%error, "refusals could not be counted yet");
                *self.waiting().entry((channel, figure)).or_default() += by;
                return;
            }
        }
    }

    fn next(&self) -> Option<((Channel, Figure), i64)> {
        let mut waiting = self.waiting();
        let first = *waiting.keys().next()?;
        waiting.remove_entry(&first)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(Channel, Figure), i64>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to a caller over a limit, noted for metrics.
#[must_use]
pub fn limited(rule: &'static str, retry_after: u64) -> Error {
    telemetry::metric("limited", &[("rule", rule)]);
    Error::RateLimited { retry_after }
}
