//! Proving a code: the caller's limit and the claim, then the charge, and only then the comparison.

use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::SharedClock;
use crate::cloud::Setup;
use crate::config::{IpLimits, OtpRules, Reader};
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::claim::Claimed;
use crate::domain::code::OtpCode;
use crate::domain::identifier::Identifier;
use crate::domain::quota::{Allowance, FREE_FAILURES, Rate};
use crate::flows::lane::lane_of;
use crate::flows::rate_limit::{Limiter, Rule, limited};
use crate::http::Caller;
use crate::keyring::derive::AddressKeys;
use crate::keyring::{DeviceToken, Peppers, Reloading};
use crate::store::Store;
use crate::store::challenge::charge::{Candidate, Charge, Charged, Paid};
use crate::{Error, Result, telemetry};

/// A code that somebody typed, and for what.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// What the code is for.
    pub purpose: Purpose,
    pub identifier: &'a Identifier,
    /// For linking: whom it must be for.
    pub owner: Option<&'a str>,
    pub code: &'a OtpCode,
    /// The header `X-Device-Token`.
    pub device_token: Option<&'a str>,
}

/// A code that was right and is not used up yet.
#[derive(Debug)]
pub struct Proven {
    /// The code and what came with its request.
    pub code: Candidate,
    /// Who proved it.
    pub lane: Lane,
    /// What the claim on the address says.
    pub owner: Option<Claimed>,
    /// What is left of the caller's own rate.
    pub allowance: Allowance,
    /// What it was charged, should it not get in.
    pub receipt: Receipt,
}

/// What a comparison was charged.
#[derive(Debug)]
pub struct Receipt {
    purpose: Purpose,
    lane: Lane,
    paid: Paid,
}

/// Checks codes.
pub struct VerifyCode {
    store: Store,
    limiter: Limiter,
    peppers: Reloading<Peppers>,
    rules: OtpRules,
    per_ip: Rule,
    clock: SharedClock,
}

impl VerifyCode {
    /// Reads the settings.
    pub fn open(
        setup: &Setup,
        reader: &mut Reader,
        store: &Store,
        peppers: Reloading<Peppers>,
    ) -> Self {
        let per_minute = IpLimits::read(reader).verifies_per_minute;
        Self {
            store: store.clone(),
            limiter: Limiter::new(store.clone()),
            peppers,
            rules: OtpRules::read(reader),
            per_ip: Rule {
                name: "ip_verifies",
                rate: Rate::per_minute(per_minute, per_minute),
            },
            clock: setup.clock.clone(),
        }
    }

    /// How many digits a code has.
    #[must_use]
    pub fn digits(&self) -> u8 {
        self.rules.digits
    }

    /// The peppers, those of the codes that are compared among them: one that the ring does not know may be of a rotation
    /// that this function slept through.
    async fn ring_for(&self, paid: Option<&Paid>) -> Arc<Peppers> {
        let codes = || paid.into_iter().flat_map(|paid| &paid.codes);
        let knows =
            |peppers: &Peppers| codes().all(|code| peppers.version(code.live.pepper).is_some());
        self.peppers.that_knows(knows).await
    }

    /// Pays for one comparison and makes it.
    ///
    /// # Errors
    /// [`Error::OtpInvalid`] for whatever is wrong with the code; [`Error::RateLimited`] while the caller or the
    /// identifier must wait; [`Error::Unavailable`] when the store does not answer.
    pub async fn verify(&self, attempt: Attempt<'_>, caller: &Caller) -> Result<Proven> {
        let now = self.clock.now();
        let peppers = self.peppers.snapshot();
        let address_keys = AddressKeys::new(&peppers);
        telemetry::subject(&address_keys.subject(attempt.identifier));

        let (allowance, owner) = futures_util::try_join!(
            self.limiter.admit_caller(self.per_ip, caller, now),
            self.store.claim(attempt.identifier),
        )?;
        let holder = attempt
            .device_token
            .and_then(|token| DeviceToken::verify(&peppers, token, attempt.identifier.as_str()));
        let lane = holder.map_or(Lane::Stranger, |holder| lane_of(holder, owner.as_ref()));

        let guess = address_keys.guess(attempt.identifier, attempt.owner, attempt.code);
        let askers = address_keys.askers(attempt.identifier, &caller.subject);
        let charge = Charge {
            purpose: attempt.purpose,
            identifier: attempt.identifier,
            lane,
            guess,
            askers: &askers,
            now,
        };
        let paid = match self.store.charge(&charge, &self.rules).await? {
            Charged::Compare(paid) => Some(paid),
            Charged::Nothing => None,
            Charged::Locked { retry_after } => {
                telemetry::metric("otp_failed", &[("reason", "locked")]);
                return Err(limited("failures", retry_after));
            }
        };
        let ring = self.ring_for(paid.as_ref()).await;
        let verdict = self.compare(&attempt, &AddressKeys::new(&ring), paid.as_ref());
        let receipt = paid.map(|paid| Receipt {
            purpose: attempt.purpose,
            lane,
            paid,
        });
        let reason = match (verdict, receipt) {
            (Verdict::Right(code), Some(receipt)) => {
                return Ok(Proven {
                    code,
                    lane,
                    owner,
                    allowance,
                    receipt,
                });
            }
            (Verdict::Outdated, Some(receipt)) => {
                self.give_back(attempt.identifier, &receipt).await;
                "outdated"
            }
            (_, Some(receipt)) => {
                if receipt.paid.failures == FREE_FAILURES {
                    telemetry::metric("otp_locked", &[]);
                }
                "wrong"
            }
            (_, None) => "no_code",
        };
        telemetry::metric("otp_failed", &[("reason", reason)]);
        Err(Error::OtpInvalid)
    }

    /// Gives back what a right code was charged that did not get in. What fails here is noted: the failure then stays.
    pub async fn give_back(&self, identifier: &Identifier, receipt: &Receipt) {
        let Receipt {
            purpose,
            lane,
            paid,
        } = receipt;
        let given = self.store.give_back(*purpose, identifier, *lane, paid);
        if let Err(error) = given.await {
            telemetry::note("failure_not_given_back", error);
        }
    }

    /// Compares what was typed with whatever it may be. Where there is nothing to compare with, the same work is done on a
    /// dummy, so that time tells nothing.
    fn compare(
        &self,
        attempt: &Attempt<'_>,
        address_keys: &AddressKeys<'_>,
        paid: Option<&Paid>,
    ) -> Verdict {
        let dummy = Live {
            nonce: [0; 16],
            pepper: self.peppers.snapshot().current().version(),
            expires: Timestamp::MIN,
            sent: Timestamp::MIN,
        };
        let is = |live: &Live| {
            let (purpose, identifier, owner) = (attempt.purpose, attempt.identifier, attempt.owner);
            let expected = address_keys.code(purpose, identifier, owner, live, self.rules.digits);
            expected.is_some_and(|expected| expected.matches(attempt.code))
        };
        let mut verdict = Verdict::Wrong;
        let outdated = paid.map_or([None; 2], |paid| paid.outdated);
        for code in outdated {
            let live = code.map(|(nonce, pepper)| Live {
                nonce,
                pepper,
                ..dummy.clone()
            });
            if is(live.as_ref().unwrap_or(&dummy)) && live.is_some() {
                verdict = Verdict::Outdated;
            }
        }
        for place in 0..CANDIDATES {
            let candidate = paid.and_then(|paid| paid.codes.get(place));
            let matches = is(candidate.map_or(&dummy, |candidate| &candidate.live));
            if let Some(candidate) = candidate.filter(|candidate| matches && !candidate.withheld) {
                verdict = Verdict::Right(candidate.clone());
            }
        }
        verdict
    }
}

/// The most codes that one comparison is made with.
const CANDIDATES: usize = 2;

/// What a comparison says.
enum Verdict {
    Right(Candidate),
    /// It was right, of a code that was used or replaced since.
    Outdated,
    Wrong,
}
