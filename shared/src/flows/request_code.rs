//! Issuing a code: the caller's limits, the challenge, the provider: three steps, and each refuses before the next.
//!
//! No account is read or made here (a device token's claim aside), so nothing can depend on whether one exists.

use jiff::Timestamp;

use crate::clock::SharedClock;
use crate::cloud::{Setup, StartError};
use crate::config::{IpLimits, OtpRules, Public, Reader};
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::channel::Channel;
use crate::domain::delivery::State;
use crate::domain::id::{DeliveryId, UserId};
use crate::domain::identifier::{Identifier, PhoneNumber};
use crate::domain::locale::LanguageTag;
use crate::domain::quota::{Rate, Room, seconds_until};
use crate::domain::source::SourceOrigin;
use crate::flows::rate_limit::{Limiter, Refusals, Rule, limited};
use crate::flows::text_budget::{Fare, Fares};
use crate::http::Caller;
use crate::keyring::derive::Marks;
use crate::keyring::{Peppers, Reloading};
use crate::messaging::{
    Content, Courier, CourierSettings, Dispatch, Language, Letter, Reason, Recipient, Refusal,
};
use crate::store::Store;
use crate::store::challenge::ask::{Ask, Asked};
use crate::{Error, Result, entropy, telemetry};

/// A code that someone wants.
#[derive(Debug)]
pub struct Wish<'a> {
    /// What for.
    pub purpose: Purpose,
    /// Whose address it goes to.
    pub identifier: &'a Identifier,
    /// Which way.
    pub channel: Channel,
    /// For linking: whom it is for, and which version of the address it replaces.
    pub owner: Option<String>,
    /// For linking: the account, which remembers what it asked for until the address is proven or the account erased.
    pub asker: Option<UserId>,
    /// Where the person comes from.
    pub source: Option<SourceOrigin>,
    /// The language that the person asks for.
    pub locale: Option<LanguageTag>,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The header `X-Device-Token`.
    pub device_token: Option<String>,
}

/// A code that is on its way, as its wisher may know it.
#[derive(Debug)]
pub struct Issued {
    /// Which way.
    pub channel: Channel,
    /// Whole seconds that the code is still valid.
    pub expires_in: u64,
    /// Whole seconds until it may be sent again.
    pub resend_in: u64,
    /// The delivery id, sealed.
    pub delivery_id: String,
    /// What is left of the caller's own rate.
    pub room: Room,
}

/// Issues codes.
pub struct Issuer {
    store: Store,
    limiter: Limiter,
    refusals: Refusals,
    courier: Courier,
    peppers: Reloading<Peppers>,
    rules: OtpRules,
    fares: Fares,
    per_ip: Rule,
    clock: SharedClock,
}

impl Issuer {
    /// An issuer by the settings.
    ///
    /// # Errors
    /// When the web client cannot be made; wrong settings are the reader's to tell.
    pub fn open(
        setup: &Setup,
        reader: &mut Reader,
        public: &Public,
        store: &Store,
        peppers: Reloading<Peppers>,
    ) -> Result<Self, StartError> {
        let limits = IpLimits::read(reader);
        let courier = CourierSettings::read(reader, setup, public);
        Ok(Self {
            store: store.clone(),
            limiter: Limiter::new(store.clone()),
            refusals: Refusals::new(store.clone()),
            courier: Courier::new(courier, setup)
                .map_err(|error| StartError::Client(error.to_string()))?,
            peppers,
            rules: OtpRules::read(reader),
            fares: Fares::open(reader, store),
            per_ip: Rule {
                name: "ip_sends",
                rate: Rate::per_minute(limits.sends_per_minute, limits.sends_burst),
            },
            clock: setup.clock.clone(),
        })
    }

    /// What texts cost, for other letters than codes.
    #[must_use]
    pub fn fares(&self) -> &Fares {
        &self.fares
    }

    /// The way to people, for other letters than codes.
    #[must_use]
    pub fn courier(&self) -> &Courier {
        &self.courier
    }

    /// Whether codes can go this way at all.
    #[must_use]
    pub fn offers(&self, channel: Channel) -> bool {
        self.courier.offers(channel)
    }

    /// Sends a code, if the limits admit it.
    ///
    /// # Errors
    /// [`Error::RateLimited`] with the true wait, nothing touched; [`Error::DeliveryFailed`] when the provider refused
    /// (nothing charged) or nobody knows (everything stays); [`Error::Unavailable`] when the store does not answer.
    pub async fn issue(&self, wish: Wish<'_>, caller: &Caller) -> Result<Issued> {
        let channel = wish.channel;
        let outcome = self.try_to_issue(wish, caller).await;
        if let Err(Error::RateLimited { .. }) = outcome {
            self.refusals.count(channel, self.clock.now());
        }
        outcome
    }

    async fn try_to_issue(&self, wish: Wish<'_>, caller: &Caller) -> Result<Issued> {
        let now = self.clock.now();
        let peppers = self.peppers.snapshot();
        let marks = Marks::new(&peppers);
        telemetry::subject(&marks.subject(wish.identifier));

        let suppressions = marks.suppressions(wish.identifier);
        let (room, suppressed, seen, lane) = futures_util::try_join!(
            self.limiter
                .admit(self.per_ip, &caller.subject, &caller.request_id, now),
            self.store
                .is_suppressed(wish.identifier.kind(), &suppressions),
            self.store.challenge_seen(wish.purpose, wish.identifier),
            lane(
                &self.store,
                &peppers,
                wish.device_token.as_deref(),
                wish.identifier
            ),
        )?;

        let number = match wish.identifier {
            Identifier::Phone(number) => Some(number),
            Identifier::Email(_) => None,
        };
        // Nothing is sent, and the answer is the ordinary one; the delivery shows what sending would have led to.
        let silence = if suppressed {
            Some(State::Bounced)
        } else if number.is_some_and(|number| !self.fares.serves(number)) {
            telemetry::metric("country_not_served", &[]);
            Some(State::Failed)
        } else {
            None
        };

        let delivery = DeliveryId::new(now, entropy::bytes());
        let sealed = marks.seal(delivery).to_string();
        let versions: Vec<_> = peppers
            .iter()
            .map(crate::keyring::Pepper::version)
            .collect();
        let ask = Ask {
            purpose: wish.purpose,
            identifier: wish.identifier,
            channel: wish.channel,
            lane,
            key: &marks.idempotency(
                wish.idempotency_key.as_deref(),
                &caller.request_id,
                wish.channel,
                wish.owner.as_deref(),
            ),
            delivery: &sealed,
            request: &caller.request_id,
            nonce: entropy::bytes(),
            peppers: &versions,
            muted: silence.is_some(),
            owner: wish.owner.as_deref(),
            source: wish.source.as_ref().map(SourceOrigin::as_str),
            language: wish.locale.as_ref().map(LanguageTag::as_str),
            now,
        };
        let issued = |live: &Live, reopens: Timestamp, delivery_id: String| Issued {
            channel: wish.channel,
            expires_in: seconds_left(now, live.expires),
            resend_in: seconds_until(now, reopens),
            delivery_id,
            room,
        };
        let paying = number.filter(|_| silence.is_none());
        let refusal = match (paying, &seen) {
            (Some(_), Some(seen)) => seen.refuses(&ask, &self.rules)?,
            _ => None,
        };
        let (asked, fare) = match refusal {
            Some(asked) => (asked, Ok(None)),
            None => {
                let (asked, fare) = futures_util::join!(
                    self.store.ask(&ask, &self.rules, seen),
                    self.fare(paying, &caller.request_id, now),
                );
                (asked?, fare)
            }
        };
        let (live, fresh, reopens, fare) = match (asked, fare) {
            (
                Asked::Send {
                    live,
                    fresh,
                    reopens,
                },
                Ok(fare),
            ) => (live, fresh, reopens, fare),
            (Asked::Send { live, fresh, .. }, Err(refusal)) => {
                self.store.uncharge(&ask, &live, fresh).await?;
                if matches!(refusal, Error::RateLimited { .. }) {
                    self.refusals.not_requested(wish.channel, now);
                }
                return Err(refusal);
            }
            (
                Asked::Before {
                    live,
                    delivery,
                    via,
                    reopens,
                },
                fare,
            ) => {
                self.fares.never_mind(fare.ok().flatten(), now).await?;
                return Ok(Issued {
                    channel: via,
                    ..issued(&live, reopens, delivery)
                });
            }
            (Asked::Limited { retry_after, rule }, fare) => {
                self.fares.never_mind(fare.ok().flatten(), now).await?;
                return Err(limited(rule, retry_after));
            }
        };
        telemetry::metric("otp_requested", &[("channel", wish.channel.as_str())]);

        if let Some(end) = silence {
            let quiet = self.keep_quiet(&ask, (&live, fresh), delivery, end, &marks);
            let (quiet, ()) = futures_util::join!(quiet, self.remember(&wish, delivery, now));
            quiet?;
            return Ok(issued(&live, reopens, sealed));
        }
        let letter = self.letter(&wish, &live, &marks, &sealed, caller, now)?;
        let recipient = marks.recipient(wish.identifier);
        let (dispatch, noted, ()) = futures_util::join!(
            self.courier.send(&letter),
            self.store
                .note_delivery(delivery, wish.channel, &recipient, None, now),
            self.remember(&wish, delivery, now)
        );
        if let Err(error) = noted {
            // The message may be out; the provider's callback makes the record as well.
            telemetry::note("delivery_not_noted", error);
        }
        match dispatch {
            Dispatch::Accepted { via, .. } => {
                telemetry::metric("otp_sent", &[("channel", via.as_str())]);
                if via != wish.channel {
                    self.store.went_by(&ask, &live, via).await?;
                }
                let channel = via;
                Ok(Issued {
                    channel,
                    ..issued(&live, reopens, sealed)
                })
            }
            Dispatch::Refused(Refusal {
                reason: Reason::OptedOut,
                ..
            }) => {
                let mac = marks.suppression(wish.identifier);
                let masked = wish.identifier.masked();
                let kind = wish.identifier.kind();
                futures_util::try_join!(
                    self.store.suppress(kind, &mac, "opt_out", &masked, now),
                    self.fares.give_back(fare, now),
                    self.store.mute(&ask, &live, fresh),
                    // Noted as queued beside the call, so it has to move.
                    self.store.advance_delivery(delivery, State::Bounced, now),
                )?;
                Ok(issued(&live, reopens, sealed))
            }
            Dispatch::Refused(refusal) => {
                telemetry::metric("otp_failed", &[("reason", refusal.reason.as_str())]);
                telemetry::note("provider", &refusal.upstream);
                futures_util::try_join!(
                    self.store.uncharge(&ask, &live, fresh),
                    self.fares.give_back(fare, now),
                    self.store.advance_delivery(delivery, State::Failed, now),
                )?;
                Err(Error::DeliveryFailed {
                    retry_after: refusal
                        .retry_after
                        .map_or(SOON, |wait| wait.as_secs().max(1)),
                })
            }
            Dispatch::Unknown => {
                telemetry::metric("otp_failed", &[("reason", "unknown")]);
                self.store.forget_key(&ask, &live).await?;
                Err(Error::DeliveryFailed {
                    retry_after: issued(&live, reopens, sealed).resend_in.max(1),
                })
            }
        }
    }

    /// Has an export and an erasure find a linking code, should the address never be proven.
    async fn remember(&self, wish: &Wish<'_>, delivery: DeliveryId, now: Timestamp) {
        let Some(asker) = wish.asker else { return };
        let noted = self
            .store
            .note_asked(asker, wish.identifier, delivery, now)
            .await;
        if let Err(error) = noted {
            telemetry::note("asked_not_noted", error);
        }
    }

    async fn fare(
        &self,
        number: Option<&PhoneNumber>,
        request: &str,
        now: Timestamp,
    ) -> Result<Option<Fare>> {
        match number {
            Some(number) => self.fares.take(number, request, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// In place of the provider: nothing arrives, and the delivery shows what sending would have led to.
    async fn keep_quiet(
        &self,
        ask: &Ask<'_>,
        (live, fresh): (&Live, bool),
        id: DeliveryId,
        end: State,
        marks: &Marks<'_>,
    ) -> Result<()> {
        let recipient = marks.recipient(ask.identifier);
        futures_util::try_join!(
            self.store.mute(ask, live, fresh),
            self.store
                .note_delivery(id, ask.channel, &recipient, Some(end), ask.now),
        )?;
        Ok(())
    }

    fn letter(
        &self,
        wish: &Wish<'_>,
        live: &Live,
        marks: &Marks<'_>,
        sealed: &str,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Letter> {
        let code = marks
            .code(
                wish.purpose,
                wish.identifier,
                wish.owner.as_deref(),
                live,
                self.rules.digits,
            )
            .ok_or_else(|| Error::internal("the pepper of a live code left the ring"))?;
        let expires_in = std::time::Duration::from_secs(seconds_left(now, live.expires));
        let content = match wish.purpose {
            Purpose::SignIn => Content::SignInCode { code, expires_in },
            Purpose::Link => Content::LinkingCode { code, expires_in },
        };
        Ok(Letter {
            delivery_id: sealed.to_owned(),
            recipient: Recipient::new(wish.identifier, wish.channel)
                .ok_or_else(|| Error::internal("the channel does not fit the identifier"))?,
            language: Language::choose(
                wish.locale.as_ref().map(LanguageTag::as_str),
                caller.accept_language.as_deref(),
            ),
            content,
        })
    }
}

/// After a refusal nothing is charged; so long a client does well to wait.
const SOON: u64 = 5;

/// Whole seconds, rounded down: a client must not count on a second that has begun.
fn seconds_left(now: Timestamp, end: Timestamp) -> u64 {
    u64::try_from((end.as_millisecond() - now.as_millisecond()) / 1000).unwrap_or(0)
}

/// The lane of whoever holds this device token: a known device of whoever claims the address now, or a stranger.
pub(crate) async fn lane(
    store: &Store,
    peppers: &Peppers,
    token: Option<&str>,
    identifier: &Identifier,
) -> Result<Lane> {
    let holder = token
        .and_then(|token| crate::keyring::DeviceToken::verify(peppers, token, identifier.as_str()));
    let Some(holder) = holder else {
        return Ok(Lane::Stranger);
    };
    Ok(lane_of(holder, store.owner(identifier).await?))
}

pub(crate) fn lane_of(
    holder: crate::domain::id::UserId,
    owner: Option<crate::domain::id::UserId>,
) -> Lane {
    if owner == Some(holder) {
        Lane::Known
    } else {
        Lane::Stranger
    }
}
