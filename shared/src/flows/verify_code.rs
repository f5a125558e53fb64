//! Proving a code: the caller's limit and the claim, then the charge, and only then the comparison.

use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::SharedClock;
use crate::cloud::Setup;
use crate::config::{IpLimits, OtpRules, Reader};
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::code::OtpCode;
use crate::domain::id::UserId;
use crate::domain::identifier::Identifier;
use crate::domain::quota::{Allowance, FREE_FAILURES, Rate};
use crate::flows::lane::lane_of;
use crate::flows::rate_limit::{Limiter, Rule, limited};
use crate::http::Caller;
use crate::keyring::derive::AddressKeys;
use crate::keyring::{DeviceToken, Peppers, Reloading};
use crate::store::Store;
use crate::store::challenge::charge::{Charged, Paid};
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
    pub paid: Paid,
    pub lane: Lane,
    /// Who claims the address.
    pub owner: Option<UserId>,
    /// What is left of the caller's own rate.
    pub allowance: Allowance,
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

    /// The peppers with this version, if there is one: a code by a pepper that the ring does not know may be of a rotation
    /// that this function slept through.
    async fn ring_with(&self, version: u32) -> Arc<Peppers> {
        let knows = |peppers: &Peppers| peppers.version(version).is_some();
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
            self.limiter
                .admit(self.per_ip, &caller.subject, &caller.request_id, now),
            self.store.owner(attempt.identifier),
        )?;
        let holder = attempt
            .device_token
            .and_then(|token| DeviceToken::verify(&peppers, token, attempt.identifier.as_str()));
        let lane = holder.map_or(Lane::Stranger, |holder| lane_of(holder, owner));

        let guess = address_keys.guess(attempt.identifier, attempt.owner, attempt.code);
        let charged = self
            .store
            .charge(
                attempt.purpose,
                attempt.identifier,
                lane,
                guess,
                &self.rules,
                now,
            )
            .await?;
        let paid = match charged {
            Charged::Compare(paid) => Some(paid),
            Charged::Nothing => None,
            Charged::Locked { retry_after } => {
                telemetry::metric("otp_failed", &[("reason", "locked")]);
                return Err(limited("failures", retry_after));
            }
        };
        // Where there is nothing to compare with, a dummy takes the same time.
        let dummy = dummy(&peppers, now);
        let live = paid.as_ref().map_or(&dummy, |paid| &paid.live);
        let ring = self.ring_with(live.pepper).await;
        let expected = AddressKeys::new(&ring).code(
            attempt.purpose,
            attempt.identifier,
            attempt.owner,
            live,
            self.rules.digits,
        );
        let matches = expected.is_some_and(|expected| expected.matches(attempt.code));
        match paid {
            Some(paid) if matches && !paid.withheld && paid.owner.as_deref() == attempt.owner => {
                Ok(Proven {
                    paid,
                    lane,
                    owner,
                    allowance,
                })
            }
            paid => {
                telemetry::metric(
                    "otp_failed",
                    &[("reason", if paid.is_some() { "wrong" } else { "no_code" })],
                );
                if paid.is_some_and(|paid| paid.failures == FREE_FAILURES) {
                    telemetry::metric("otp_locked", &[]);
                }
                Err(Error::OtpInvalid)
            }
        }
    }
}

/// A code that nobody has.
fn dummy(peppers: &Peppers, now: Timestamp) -> Live {
    Live {
        nonce: [0; 16],
        pepper: peppers.current().version(),
        expires: now,
        sent: now,
    }
}
