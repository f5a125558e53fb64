//! Sending a code: the caller's limits, the challenge, the provider: three steps, and each refuses before the next.
//!
//! No account is read or made here (a device token's claim aside), so nothing can depend on whether one exists.

mod draft;
mod request;

use std::time::Duration;

use jiff::Timestamp;

use self::draft::{Admitted, Draft};
pub use self::request::{CodeRequest, CodeSent};
use super::lane::lane;
use super::rate_limit::{Limiter, Refusals, Rule, limited};
use super::send::{Outbound, Outgoing, Record, Sent, Withheld};
use super::text_budget::{Reservation, TextBudget};
use crate::clock::SharedClock;
use crate::cloud::{Setup, StartError};
use crate::config::{IpLimits, OtpRules, Public, Reader};
use crate::domain::challenge::{Lane, Live, Purpose};
use crate::domain::channel::Channel;
use crate::domain::id::UserId;
use crate::domain::locale::LanguageTag;
use crate::domain::quota::{LINK_REQUESTS, Rate, seconds_until};
use crate::http::Caller;
use crate::keyring::{DeviceToken, Peppers, Reloading};
use crate::messaging::{Content, Dispatch, Language, Messaging, MessagingSettings, Reason};
use crate::store::Store;
use crate::store::challenge::ask::{Ask, Asked};
use crate::store::delivery::{Carries, DeliveryNote};
use crate::store::suppression::Suppression;
use crate::{Error, Result, telemetry};

/// Sends codes.
pub struct RequestCode {
    store: Store,
    limiter: Limiter,
    refusals: Refusals,
    outbound: Outbound,
    peppers: Reloading<Peppers>,
    rules: OtpRules,
    per_ip: Rule,
    texts_per_ip: Rule,
    clock: SharedClock,
}

/// A send that is charged to the address, and to the day's texts.
struct Charged {
    live: Live,
    /// Whether the code is a new one.
    fresh: bool,
    reservation: Option<Reservation>,
    sent: CodeSent,
}

/// What came of a charge.
enum Charge {
    Taken(Charged),
    /// The same idempotency key was charged before: answer as then, send nothing.
    Repeated(CodeSent),
}

impl RequestCode {
    /// Reads the settings and prepares the providers.
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
        let messaging = MessagingSettings::read(reader, setup, public);
        let messaging = Messaging::new(messaging, setup)
            .map_err(|error| StartError::Client(error.to_string()))?;
        Ok(Self {
            store: store.clone(),
            limiter: Limiter::new(store.clone()),
            refusals: Refusals::new(store.clone()),
            outbound: Outbound::new(store, messaging, TextBudget::open(reader, store)),
            peppers,
            rules: OtpRules::read(reader),
            per_ip: Rule {
                name: "ip_sends",
                rate: Rate::per_minute(limits.sends_per_minute, limits.sends_burst),
            },
            texts_per_ip: Rule {
                name: "ip_texts",
                rate: Rate {
                    interval: Duration::from_hours(1) / limits.texts_per_hour.max(1),
                    burst: limits.texts_per_hour.min(TEXTS_AT_ONCE),
                },
            },
            clock: setup.clock.clone(),
        })
    }

    /// The way out, for messages other than codes.
    #[must_use]
    pub fn outbound(&self) -> &Outbound {
        &self.outbound
    }

    /// Whether codes can go this way at all.
    #[must_use]
    pub fn offers(&self, channel: Channel) -> bool {
        self.outbound.offers(channel)
    }

    /// Sends a code, if the limits admit it.
    ///
    /// # Errors
    /// [`Error::RateLimited`] with the true wait, nothing touched; [`Error::DeliveryFailed`] when the provider refused
    /// (nothing charged) or nobody knows (everything stays); [`Error::Unavailable`] when the store does not answer.
    pub async fn send(&self, request: CodeRequest<'_>, caller: &Caller) -> Result<CodeSent> {
        let outcome = self.try_to_send(&request, caller).await;
        if let Err(Error::RateLimited { .. }) = outcome {
            self.refusals.count(request.channel, self.clock.now());
        }
        outcome
    }

    async fn try_to_send(&self, request: &CodeRequest<'_>, caller: &Caller) -> Result<CodeSent> {
        let peppers = self.peppers.snapshot();
        let draft = Draft::new(request, caller, &peppers, self.clock.now());
        let admitted = self.admit(request, caller, &draft).await?;
        let withheld = admitted.withheld;
        let ask = draft.ask(request, caller, &admitted);
        let charged = match self.charge(&ask, admitted).await? {
            Charge::Taken(charged) => charged,
            Charge::Repeated(sent) => return Ok(sent),
        };
        telemetry::metric("otp_requested", &[("channel", request.channel.as_str())]);
        if let Some(withheld) = withheld {
            let withhold = self.withhold(&ask, &charged, &draft, withheld);
            let (outcome, ()) = futures_util::join!(withhold, self.remember(request, &draft));
            return outcome.map(|()| charged.sent);
        }
        self.hand_over(request, caller, &ask, charged, &draft).await
    }

    /// The caller's own rate, and everything that is known about the address, in one step.
    async fn admit(
        &self,
        request: &CodeRequest<'_>,
        caller: &Caller,
        draft: &Draft<'_>,
    ) -> Result<Admitted> {
        let identifier = request.identifier;
        telemetry::subject(&draft.address_keys.subject(identifier));
        let suppressions = draft.address_keys.suppressions(identifier);
        let holder = request
            .device_token
            .as_deref()
            .and_then(|token| DeviceToken::verify(draft.peppers, token, identifier.as_str()));
        let texts = identifier.phone().is_some();
        let (allowance, (), (), suppression, seen, lane) = futures_util::try_join!(
            self.limiter.admit_caller(self.per_ip, caller, draft.now),
            self.admit_text(texts && holder.is_none(), caller, draft.now),
            self.admit_asker(request.asker, caller, draft.now),
            self.store
                .suppression(identifier.kind(), &suppressions, draft.now),
            self.store.challenge_seen(request.purpose, identifier),
            lane(&self.store, holder, identifier),
        )?;
        // A token that was good for this address once is a stranger's.
        let formerly = texts && holder.is_some() && lane == Lane::Stranger;
        self.admit_text(formerly, caller, draft.now).await?;
        let suppressed = match (suppression, lane) {
            // It stops what strangers cause, and the person who complained may want to sign in.
            (None, _) | (Some(Suppression::Complaint), Lane::Known) => false,
            (Some(_), _) => true,
        };
        Ok(Admitted {
            allowance,
            lane,
            seen,
            withheld: self.outbound.withheld(identifier, suppressed),
        })
    }

    /// Charges the send to the address, and the text to the day: both or neither.
    async fn charge(&self, ask: &Ask<'_>, admitted: Admitted) -> Result<Charge> {
        let allowance = admitted.allowance;
        let (asked, reservation) = self.ask_and_reserve(ask, admitted).await?;
        let sent = |channel, live: &Live, reopens, delivery_id| CodeSent {
            channel,
            expires_in: seconds_left(ask.now, live.expires),
            resend_in: seconds_until(ask.now, reopens),
            delivery_id,
            allowance,
        };
        match (asked, reservation) {
            (
                Asked::Send {
                    live,
                    fresh,
                    reopens,
                },
                Ok(reservation),
            ) => Ok(Charge::Taken(Charged {
                sent: sent(ask.channel, &live, reopens, ask.delivery.to_owned()),
                live,
                fresh,
                reservation,
            })),
            (Asked::Send { live, fresh, .. }, Err(refusal)) => {
                self.store.uncharge(ask, &live, fresh).await?;
                if matches!(refusal, Error::RateLimited { .. }) {
                    self.refusals.not_requested(ask.channel, ask.now);
                }
                Err(refusal)
            }
            (
                Asked::Before {
                    live,
                    delivery,
                    via,
                    reopens,
                },
                reservation,
            ) => {
                self.cancel(reservation, ask.now).await?;
                Ok(Charge::Repeated(sent(via, &live, reopens, delivery)))
            }
            (Asked::Limited { retry_after, rule }, reservation) => {
                self.cancel(reservation, ask.now).await?;
                Err(limited(rule, retry_after))
            }
        }
    }

    /// The account's own rate of requests to link an address.
    async fn admit_asker(
        &self,
        asker: Option<UserId>,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<()> {
        let rule = Rule {
            name: "link",
            rate: LINK_REQUESTS,
        };
        let Some(asker) = asker.map(|asker| asker.to_string()) else {
            return Ok(());
        };
        let admitted = self.limiter.admit(rule, &asker, &caller.request_id, now);
        admitted.await.map(drop)
    }

    /// The caller's rate of requests for texts, where this is one that counts.
    async fn admit_text(&self, counts: bool, caller: &Caller, now: Timestamp) -> Result<()> {
        if counts {
            let rule = self.texts_per_ip;
            self.limiter.admit_caller(rule, caller, now).await?;
        }
        Ok(())
    }

    /// Asks the store for the send, and reserves a text where one will go. A number that must wait is told so before
    /// it takes a share of what others need too.
    async fn ask_and_reserve(
        &self,
        ask: &Ask<'_>,
        admitted: Admitted,
    ) -> Result<(Asked, Result<Option<Reservation>>)> {
        let Admitted { seen, withheld, .. } = admitted;
        let pays = withheld.is_none() && ask.identifier.phone().is_some();
        if let Some(seen) = seen.as_ref().filter(|_| pays)
            && let Some(refusal) = seen.refuses(ask, &self.rules)?
        {
            return Ok((refusal, Ok(None)));
        }
        let reserve = async {
            if !pays {
                return Ok(None);
            }
            self.outbound
                .reserve(ask.identifier, ask.lane, ask.request, ask.now)
                .await
        };
        let asked = self.store.ask(ask, &self.rules, seen);
        let (asked, reservation) = futures_util::join!(asked, reserve);
        match asked {
            Ok(asked) => Ok((asked, reservation)),
            Err(error) => {
                // Nobody knows whether the send was charged, and nothing is sent.
                self.cancel(reservation, ask.now).await?;
                Err(error)
            }
        }
    }

    /// Gives back what was reserved for a text that is not sent.
    async fn cancel(&self, reservation: Result<Option<Reservation>>, now: Timestamp) -> Result<()> {
        let reservation = reservation.ok().flatten();
        self.outbound.cancel(reservation, now).await
    }

    /// Instead of sending: nothing arrives, and the delivery shows what sending would have led to.
    async fn withhold(
        &self,
        ask: &Ask<'_>,
        charged: &Charged,
        draft: &Draft<'_>,
        withheld: Withheld,
    ) -> Result<()> {
        let recipient = draft.address_keys.recipient(ask.identifier);
        let note = DeliveryNote {
            id: draft.delivery,
            channel: ask.channel,
            recipient: &recipient,
            carries: Carries::Code(ask.purpose, ask.identifier),
            ended: Some(withheld.end()),
        };
        let (withheld, noted) = futures_util::join!(
            self.store.withhold(ask, &charged.live, charged.fresh),
            self.store.note_delivery(&note, ask.now),
        );
        withheld.and(noted)
    }

    /// Gives the message to the provider, and settles what it says.
    async fn hand_over(
        &self,
        request: &CodeRequest<'_>,
        caller: &Caller,
        ask: &Ask<'_>,
        mut charged: Charged,
        draft: &Draft<'_>,
    ) -> Result<CodeSent> {
        let message = self.message(request, caller, &charged, draft)?;
        let reservation = charged.reservation.take();
        let (sent, ()) = futures_util::join!(
            self.outbound
                .send(message, reservation, &draft.address_keys, draft.now),
            self.remember(request, draft)
        );
        self.settle(ask, charged, sent?, draft).await
    }

    async fn settle(
        &self,
        ask: &Ask<'_>,
        charged: Charged,
        sent: Sent,
        draft: &Draft<'_>,
    ) -> Result<CodeSent> {
        let Charged {
            live,
            fresh,
            sent: answer,
            ..
        } = charged;
        let dispatch = sent.dispatch.clone();
        let settled = self
            .outbound
            .settle(sent, ask.identifier, &draft.address_keys, ask.now);
        match dispatch {
            Dispatch::Accepted { via, .. } => {
                telemetry::metric("otp_sent", &[("channel", via.as_str())]);
                if via != ask.channel {
                    self.store.went_by(ask, &live, fresh, via).await?;
                }
                Ok(CodeSent {
                    channel: via,
                    ..answer
                })
            }
            Dispatch::Refused(refusal) if refusal.reason == Reason::OptedOut => {
                let withheld = self.store.withhold(ask, &live, fresh);
                let (settled, withheld) = futures_util::join!(settled, withheld);
                settled.and(withheld).map(|()| answer)
            }
            Dispatch::Refused(refusal) => {
                telemetry::metric("otp_failed", &[("reason", refusal.reason.as_str())]);
                let uncharged = self.store.uncharge(ask, &live, fresh);
                let (settled, uncharged) = futures_util::join!(settled, uncharged);
                settled.and(uncharged)?;
                let wait = refusal.retry_after.map(|wait| wait.as_secs().max(1));
                Err(Error::DeliveryFailed {
                    retry_after: wait.unwrap_or(SOON),
                })
            }
            Dispatch::Unknown => {
                telemetry::metric("otp_failed", &[("reason", "unknown")]);
                self.store.forget_key(ask, &live).await?;
                Err(Error::DeliveryFailed {
                    retry_after: answer.resend_in.max(1),
                })
            }
        }
    }

    /// Records the request with the account, so that export and erasure find a linking code even if the address is
    /// never verified.
    async fn remember(&self, request: &CodeRequest<'_>, draft: &Draft<'_>) {
        let Some(asker) = request.asker else { return };
        let noted = self
            .store
            .note_asked(asker, request.identifier, draft.delivery, draft.now)
            .await;
        if let Err(error) = noted {
            telemetry::note("asked_not_noted", error);
        }
    }

    fn message<'a>(
        &self,
        request: &CodeRequest<'a>,
        caller: &Caller,
        charged: &Charged,
        draft: &Draft<'_>,
    ) -> Result<Outgoing<'a>> {
        let (owner, live) = (request.owner.as_deref(), &charged.live);
        let code = draft
            .address_keys
            .code(
                request.purpose,
                request.identifier,
                owner,
                live,
                self.rules.digits,
            )
            .ok_or_else(|| Error::internal("the pepper of a live code left the ring"))?;
        let expires_in = Duration::from_secs(charged.sent.expires_in);
        Ok(Outgoing {
            id: draft.delivery,
            to: request.identifier,
            channel: request.channel,
            language: Language::choose(
                request.locale.as_ref().map(LanguageTag::as_str),
                caller.accept_language.as_deref(),
            ),
            content: match request.purpose {
                Purpose::SignIn => Content::SignInCode { code, expires_in },
                Purpose::Link => Content::LinkingCode { code, expires_in },
            },
            record: Record::Code(request.purpose),
        })
    }
}

/// Requests for codes by text that one address may make at once.
const TEXTS_AT_ONCE: u32 = 20;
/// Seconds that a client should wait after a refused send, which costs no quota.
const SOON: u64 = 5;

/// Whole seconds, rounded down: a client must not count on a second that has begun.
fn seconds_left(now: Timestamp, end: Timestamp) -> u64 {
    u64::try_from((end.as_millisecond() - now.as_millisecond()) / 1000).unwrap_or(0)
}
