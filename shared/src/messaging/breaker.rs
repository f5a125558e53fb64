//! A breaker per provider: one that does not answer is left alone for a while, so that nobody waits for it in vain.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

use super::dispatch::{Dispatch, Reason};

/// Failures in a row that open it.
const THRESHOLD: u32 = 5;
/// How long it stays open before one message may try.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// Opens after five sends in a row without an answer, and lets one through again after ten seconds.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    opened: Option<Timestamp>,
}

impl Breaker {
    /// May a message go out now?
    pub(super) fn admits(&self, now: Timestamp) -> bool {
        let mut state = self.lock();
        let Some(opened) = state.opened else {
            return true;
        };
        let waited = now.duration_since(opened);
        // A clock that was set back must not keep it open.
        if waited >= PAUSE || waited.is_negative() {
            // The next one waits for the outcome of this one.
            state.opened = Some(now);
            return true;
        }
        false
    }

    /// Takes note of an outcome: an answer of any kind closes it.
    pub(super) fn note(&self, outcome: &Dispatch, now: Timestamp) {
        let silent = match outcome {
            Dispatch::Unknown => true,
            Dispatch::Refused(refusal) => refusal.reason == Reason::NotConnected,
            Dispatch::Accepted { .. } => false,
        };
        let mut state = self.lock();
        if silent {
            state.failures = state.failures.saturating_add(1);
            if state.failures >= THRESHOLD {
                state.opened = Some(now);
            }
        } else {
            *state = State::default();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn accepted() -> Dispatch {
        Dispatch::Accepted {
            provider_message_id: "1".into(),
            via: crate::domain::channel::Channel::Email,
        }
    }

    fn opened() -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..5 {
            assert!(breaker.admits(at(100)));
            breaker.note(&Dispatch::Unknown, at(100));
        }
        breaker
    }

    #[test]
    fn five_silences_open_it_and_one_answer_closes_it() {
        let breaker = opened();
        assert!(!breaker.admits(at(109)));
        assert!(breaker.admits(at(110)), "one may try");
        assert!(!breaker.admits(at(111)), "the others wait for it");
        breaker.note(&accepted(), at(112));
        assert!(breaker.admits(at(112)));
    }

    #[test]
    fn a_failed_try_opens_it_again() {
        let breaker = opened();
        assert!(breaker.admits(at(110)));
        breaker.note(&Dispatch::refused(Reason::NotConnected, ""), at(113));
        assert!(!breaker.admits(at(114)));
    }

    #[test]
    fn a_refusal_is_an_answer() {
        let breaker = Breaker::default();
        for _ in 0..20 {
            breaker.note(&Dispatch::refused(Reason::Throttled, ""), at(1));
        }
        assert!(breaker.admits(at(1)));
    }

    #[test]
    fn a_clock_set_back_does_not_keep_it_open() {
        assert!(opened().admits(at(50)));
    }
}
