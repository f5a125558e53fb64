//! Even rates with a burst (GCRA): two updates sent together, of which at most one can win.

use jiff::Timestamp;

use super::Store;
use super::error::{StoreError, settled};
use super::item::{Item, Read, at, map, n, s, ttl};
use super::keys::{self, Table};
use super::write::{Write, held};
use crate::domain::quota::{Rate, after, seconds_until};
use crate::{Error, Result};

/// The rule under which a day's messages are counted.
const BUDGET: &str = "text_budget";
/// How long a day's count is kept.
const BUDGET_KEPT: std::time::Duration = std::time::Duration::from_hours(48);

/// What a limit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Go on.
    Admitted {
        /// Calls that would be admitted at once.
        remaining: u32,
        /// Whole seconds until the burst is whole again.
        reset: u64,
    },
    Refused {
        /// When the next call is admitted.
        until: Timestamp,
    },
}

impl Store {
    /// Counts one call of the subject against the rule's rate.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer: a limit that cannot be counted fails closed.
    pub async fn count_call(
        &self,
        rule: &str,
        subject: &str,
        rate: Rate,
        request: &str,
        now: Timestamp,
    ) -> Result<Admission> {
        let idle = || async { self.count_idle(rule, subject, rate, request, now).await };
        let busy = || async { self.count_busy(rule, subject, rate, request, now).await };
        let (first, second) = futures_util::join!(idle(), busy());
        let old = match (first, second) {
            (Ok(()), _) => return Ok(admitted(rate, after(now, rate.interval), now)),
            (_, Ok(tat)) => return Ok(admitted(rate, tat, now)),
            (Err(StoreError::Condition(_)), Err(StoreError::Condition(old))) => old,
            (Err(StoreError::Condition(old)), Err(_))
            | (Err(_), Err(StoreError::Condition(old)))
                if old.text("rid") == Some(request) =>
            {
                old
            }
            (Err(StoreError::Condition(_)), Err(fault)) | (Err(fault), _) => {
                return Err(fault.into());
            }
        };
        let tat = old.moment("tat").unwrap_or(now);
        if old.text("rid") == Some(request) {
            return Ok(admitted(rate, tat, now));
        }
        if tat > rate.latest(now) {
            return Ok(refused(rate, tat, now));
        }
        // The item appeared between the two: it is there now.
        match busy().await {
            Ok(tat) => Ok(admitted(rate, tat, now)),
            Err(StoreError::Condition(old)) => match old.moment("tat") {
                Some(tat) if old.text("rid") == Some(request) => Ok(admitted(rate, tat, now)),
                Some(tat) if tat > rate.latest(now) => Ok(refused(rate, tat, now)),
                _ => Err(Error::Unavailable("the limit kept changing".into())),
            },
            Err(fault) => Err(fault.into()),
        }
    }

    /// Takes back a call of this request; calls counted meanwhile stay.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the call then stays counted.
    pub async fn uncount_call(
        &self,
        rule: &str,
        subject: &str,
        rate: Rate,
        request: &str,
        now: Timestamp,
    ) -> Result<()> {
        let values = map([
            (":interval", n(rate.interval.as_millis())),
            (":now", at(now)),
            (":rid", s(request)),
            (":ttl", ttl(after(rate.latest(now), rate.interval * 2))),
        ]);
        let update = "SET tat=tat-:interval, undone=:rid, #ttl=:ttl";
        // A repetition after a lost reply must not take back twice.
        let condition = "tat>:now AND (attribute_not_exists(undone) OR undone<>:rid)";
        settled(self.count(rule, subject, update, condition, values).await)
    }

    /// Takes one message of a day's budget; says whether there was one left.
    ///
    /// A repetition after a lost reply may take two: the budget is then a little smaller, never larger.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer: a limit that cannot be counted fails closed.
    pub async fn reserve_text(&self, day: &str, budget: u32, now: Timestamp) -> Result<bool> {
        let values = map([
            (":one", n(1)),
            (":zero", n(0)),
            (":budget", n(budget)),
            (":ttl", ttl(after(now, BUDGET_KEPT))),
        ]);
        let update = "SET n=if_not_exists(n,:zero)+:one, #ttl=:ttl";
        let condition = "(attribute_not_exists(n) AND :budget>:zero) OR n<:budget";
        held(self.count(BUDGET, day, update, condition, values).await)
    }

    /// Gives one back that was not sent.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; the budget is then smaller by one.
    pub async fn refund_text(&self, day: &str, now: Timestamp) -> Result<()> {
        let values = map([
            (":one", n(1)),
            (":zero", n(0)),
            (":ttl", ttl(after(now, BUDGET_KEPT))),
        ]);
        let update = "SET n=n-:one, #ttl=:ttl";
        settled(self.count(BUDGET, day, update, "n>:zero", values).await)
    }

    /// The first call after a pause.
    async fn count_idle(
        &self,
        rule: &str,
        subject: &str,
        rate: Rate,
        request: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let next = after(now, rate.interval);
        let values = map([
            (":next", at(next)),
            (":now", at(now)),
            (":rid", s(request)),
            (":ttl", ttl(after(rate.latest(next), rate.interval * 2))),
        ]);
        let update = "SET tat=:next, rid=:rid, idle=:rid, #ttl=:ttl";
        self.count(
            rule,
            subject,
            update,
            "attribute_not_exists(tat) OR tat<=:now",
            values,
        )
        .await
        .map(|_| ())
    }

    /// A call while earlier ones still count.
    async fn count_busy(
        &self,
        rule: &str,
        subject: &str,
        rate: Rate,
        request: &str,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let latest = rate.latest(now);
        let values = map([
            (":interval", n(rate.interval.as_millis())),
            (":now", at(now)),
            (":latest", at(latest)),
            (":rid", s(request)),
            (":ttl", ttl(after(latest, rate.interval * 2))),
        ]);
        let update = "SET tat=tat+:interval, rid=:rid, #ttl=:ttl";
        // `idle` names the request that began this busy time: its own second update, arriving late, must not count
        // again.
        let condition = "tat>:now AND tat<=:latest AND rid<>:rid AND idle<>:rid";
        let item = self.count(rule, subject, update, condition, values).await?;
        Ok(item.moment("tat").unwrap_or(now))
    }

    async fn count(
        &self,
        rule: &str,
        subject: &str,
        update: &str,
        condition: &str,
        values: Item,
    ) -> Result<Item, StoreError> {
        let key = keys::limit(rule, subject);
        let write = Write::update(Table::Ephemeral, key, update).when(condition);
        self.update(write.values(values)).await
    }
}

fn admitted(rate: Rate, tat: Timestamp, now: Timestamp) -> Admission {
    Admission::Admitted {
        remaining: rate.remaining(tat, now),
        reset: seconds_until(now, tat),
    }
}

fn refused(rate: Rate, tat: Timestamp, now: Timestamp) -> Admission {
    let wait = tat.as_millisecond() - rate.latest(now).as_millisecond();
    Admission::Refused {
        until: after(
            now,
            std::time::Duration::from_millis(wait.try_into().unwrap_or(0)),
        ),
    }
}
