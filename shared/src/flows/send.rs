//! The one way out to people: withheld? reserve, send, record, settle.
//!
//! A caller decides what to say and what a failure means to it; what holds for every message is decided here.
//!
//! | what happens | what follows |
//! |---|---|
//! | the recipient has opted out | the address is suppressed, and the delivery shows as bounced |
//! | the provider refuses for good (no such recipient, a region that is not served) | the reservation goes back, nobody tries again |
//! | the provider refuses for now | the reservation goes back; the caller may try again |
//! | no answer comes | it may arrive, so the reservation stays and it is not sent again |
//! | the message carries no code | its delivery is recorded with its recipient, so that export and erasure find it |

use jiff::Timestamp;

use super::text_budget::{Fare, Fares};
use crate::domain::channel::Channel;
use crate::domain::delivery::State;
use crate::domain::id::DeliveryId;
use crate::domain::identifier::Identifier;
use crate::keyring::derive::Marks;
use crate::messaging::{Content, Courier, Dispatch, Language, Letter, Reason, Recipient, Refusal};
use crate::store::Store;
use crate::{Error, Result, entropy, telemetry};

/// The way out: the providers, and what texts cost.
pub struct Outbound {
    store: Store,
    courier: Courier,
    fares: Fares,
}

/// Why an address gets no message although its owner is answered as ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// The address bounced, complained or opted out.
    Suppressed,
    /// Texts do not go to the number's country.
    NotServed,
}

impl Withheld {
    /// What sending would have led to; the delivery shows it.
    #[must_use]
    pub fn end(self) -> State {
        match self {
            Self::Suppressed => State::Bounced,
            Self::NotServed => State::Failed,
        }
    }
}

/// A message to one address.
pub struct Outgoing<'a> {
    /// Its delivery.
    pub id: DeliveryId,
    /// Whose address.
    pub to: &'a Identifier,
    /// Which way.
    pub channel: Channel,
    /// In which language.
    pub language: Language,
    /// What it says.
    pub content: Content,
    /// What is known of its delivery.
    pub record: Record,
}

/// How a delivery is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// As a code's: it is shown to whoever asked, and counted.
    Code,
    /// As a message without a code: it is found by export and erasure, and not counted.
    Notice,
    /// It is recorded already: the same message takes another way.
    Kept,
}

/// What became of a message, and the reservation that is not settled yet.
#[derive(Debug)]
#[must_use = "a refusal has to be settled"]
pub struct Sent {
    id: DeliveryId,
    fare: Option<Fare>,
    /// What the provider said.
    pub dispatch: Dispatch,
}

/// What became of a message without a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is on its way, or may be.
    Sent,
    /// It never will be: it is withheld, or refused for good.
    Never,
}

impl Outbound {
    /// The way out by these settings.
    #[must_use]
    pub fn new(store: &Store, courier: Courier, fares: Fares) -> Self {
        Self {
            store: store.clone(),
            courier,
            fares,
        }
    }

    /// Whether messages can go this way at all.
    #[must_use]
    pub fn offers(&self, channel: Channel) -> bool {
        self.courier.offers(channel)
    }

    /// Why this address gets nothing; `suppressed` as [`Store::is_suppressed`] says.
    #[must_use]
    pub fn withheld(&self, to: &Identifier, suppressed: bool) -> Option<Withheld> {
        if suppressed {
            return Some(Withheld::Suppressed);
        }
        let number = to.phone()?;
        if self.fares.serves(number) {
            return None;
        }
        telemetry::metric("country_not_served", &[]);
        Some(Withheld::NotServed)
    }

    /// Reserves a text of the day's budget and a place in the number's range; nothing for mail. `request` makes a
    /// repetition harmless.
    ///
    /// # Errors
    /// [`Error::RateLimited`] with the true wait, nothing reserved; [`Error::Unavailable`].
    pub async fn reserve(
        &self,
        to: &Identifier,
        request: &str,
        now: Timestamp,
    ) -> Result<Option<Fare>> {
        match to.phone() {
            Some(number) => self.fares.take(number, request, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// Gives a reservation back, because nothing was even tried.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; range and budget may then be smaller by one.
    pub async fn cancel(&self, fare: Option<Fare>, now: Timestamp) -> Result<()> {
        self.fares.never_mind(fare, now).await
    }

    /// Sends a message, once, and records its delivery beside. What was reserved is settled by [`Outbound::settle`].
    ///
    /// # Errors
    /// A channel that does not fit the address, which is a mistake of ours. That the record could not be written is
    /// noted: the message may be out, and the provider's report makes the record as well.
    pub async fn send(
        &self,
        outgoing: Outgoing<'_>,
        fare: Option<Fare>,
        marks: &Marks<'_>,
        now: Timestamp,
    ) -> Result<Sent> {
        let Outgoing {
            id, to, channel, ..
        } = outgoing;
        let letter = Letter {
            delivery_id: marks.seal(id).to_string(),
            recipient: Recipient::new(to, channel)
                .ok_or_else(|| Error::internal("the channel does not fit the identifier"))?,
            language: outgoing.language,
            content: outgoing.content,
        };
        let recipient = marks.recipient(to);
        let noted = async {
            let store = &self.store;
            match outgoing.record {
                Record::Code => {
                    store
                        .note_delivery(id, channel, &recipient, None, now)
                        .await
                }
                Record::Notice => {
                    store
                        .note_notice_delivery(id, channel, &recipient, now)
                        .await
                }
                Record::Kept => Ok(()),
            }
        };
        let (dispatch, noted) = futures_util::join!(self.courier.send(&letter), noted);
        if let Err(error) = noted {
            telemetry::note("delivery_not_noted", error);
        }
        if let Dispatch::Refused(refusal) = &dispatch {
            telemetry::note("provider", &refusal.upstream);
        }
        Ok(Sent { id, fare, dispatch })
    }

    /// What a refusal leads to: the reservation goes back, the delivery ends, and an address that opted out is
    /// suppressed. Nothing where the message went, or may have.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; each part is tried.
    pub async fn settle(
        &self,
        sent: Sent,
        to: &Identifier,
        marks: &Marks<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let Dispatch::Refused(refusal) = &sent.dispatch else {
            return Ok(());
        };
        let opted_out = refusal.reason == Reason::OptedOut;
        let suppressed = async {
            if !opted_out {
                return Ok(());
            }
            let (mac, masked) = (marks.suppression(to), to.masked());
            self.store
                .suppress(to.kind(), &mac, "opt_out", &masked, now)
                .await
        };
        let end = if opted_out {
            State::Bounced
        } else {
            State::Failed
        };
        let (suppressed, refunded, ended) = futures_util::join!(
            suppressed,
            self.fares.give_back(sent.fare, now),
            // Recorded as queued beside the call, so it has to move.
            self.store.advance_delivery(sent.id, end, now),
        );
        suppressed.and(refunded).and(ended.map(drop))
    }

    /// Tells somebody something that is no code.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when the day's texts are used up, [`Error::Unavailable`] when the message was certainly not
    /// sent, or the store does not answer: it may be told again.
    pub async fn tell(
        &self,
        to: &Identifier,
        language: Language,
        content: Content,
        marks: &Marks<'_>,
        now: Timestamp,
    ) -> Result<Told> {
        let channel = Channel::for_kind(to.kind());
        let suppressions = marks.suppressions(to);
        let suppressed = self.store.is_suppressed(to.kind(), &suppressions).await?;
        if !self.offers(channel) || self.withheld(to, suppressed).is_some() {
            return Ok(Told::Never);
        }
        let id = DeliveryId::new(now, entropy::bytes());
        let fare = self.reserve(to, &id.to_string(), now).await?;
        let outgoing = Outgoing {
            id,
            to,
            channel,
            language,
            content,
            record: Record::Notice,
        };
        let sent = self.send(outgoing, fare, marks, now).await?;
        let told = match &sent.dispatch {
            Dispatch::Accepted { .. } | Dispatch::Unknown => Ok(Told::Sent),
            Dispatch::Refused(refusal) if is_final(refusal) => Ok(Told::Never),
            Dispatch::Refused(_) => Err(Error::Unavailable(
                "a provider did not take a message".to_owned(),
            )),
        };
        self.settle(sent, to, marks, now).await?;
        told
    }
}

/// Whether no repetition will be taken either.
fn is_final(refusal: &Refusal) -> bool {
    matches!(
        refusal.reason,
        Reason::OptedOut | Reason::BadAddress | Reason::Region
    )
}
