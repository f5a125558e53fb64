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

use super::text_budget::{Reservation, TextBudget};
use crate::domain::challenge::Lane;
use crate::domain::channel::Channel;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::id::DeliveryId;
use crate::domain::identifier::Identifier;
use crate::keyring::derive::AddressKeys;
use crate::messaging::{
    Content, Dispatch, Language, Message, Messaging, Reason, Recipient, Refusal,
};
use crate::store::Store;
use crate::{Error, Result, telemetry};

/// The way out: the providers, and what texts cost.
pub struct Outbound {
    store: Store,
    messaging: Messaging,
    text_budget: TextBudget,
}

/// Why an address gets no message, although the answer is the ordinary one.
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
    pub fn end(self) -> DeliveryStatus {
        match self {
            Self::Suppressed => DeliveryStatus::Bounced,
            Self::NotServed => DeliveryStatus::Failed,
        }
    }
}

/// A message to one address.
pub struct Outgoing<'a> {
    pub id: DeliveryId,
    pub to: &'a Identifier,
    pub channel: Channel,
    pub language: Language,
    pub content: Content,
    /// What is known of its delivery.
    pub record: Record,
}

/// How a delivery is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// As a code's delivery: shown to the client that asked, and counted.
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
    reservation: Option<Reservation>,
    /// What the provider said.
    pub dispatch: Dispatch,
}

/// What became of a message without a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notified {
    /// It is on its way, or may be: the outcome is unknown.
    Sent,
    /// It never will be: it is withheld, or refused for good.
    Never,
}

impl Outbound {
    /// The way out by these settings.
    #[must_use]
    pub fn new(store: &Store, messaging: Messaging, text_budget: TextBudget) -> Self {
        Self {
            store: store.clone(),
            messaging,
            text_budget,
        }
    }

    /// Whether messages can go this way at all.
    #[must_use]
    pub fn offers(&self, channel: Channel) -> bool {
        self.messaging.offers(channel)
    }

    /// Why this address gets nothing; `suppressed` as [`Store::is_suppressed`] says.
    #[must_use]
    pub fn withheld(&self, to: &Identifier, suppressed: bool) -> Option<Withheld> {
        if suppressed {
            return Some(Withheld::Suppressed);
        }
        let number = to.phone()?;
        if self.text_budget.serves(number) {
            return None;
        }
        telemetry::metric("country_not_served", &[]);
        Some(Withheld::NotServed)
    }

    /// Reserves a text of the day's budget and a place in the number's range, out of what this lane may use; nothing for
    /// mail. `request` makes a repetition harmless.
    ///
    /// # Errors
    /// [`Error::RateLimited`] with the true wait, nothing reserved; [`Error::Unavailable`].
    pub async fn reserve(
        &self,
        to: &Identifier,
        lane: Lane,
        request: &str,
        now: Timestamp,
    ) -> Result<Option<Reservation>> {
        match to.phone() {
            Some(number) => self
                .text_budget
                .reserve(number, lane, request, now)
                .await
                .map(Some),
            None => Ok(None),
        }
    }

    /// Gives a reservation back, because nothing was even tried.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store does not answer; range and budget may then be smaller by one.
    pub async fn cancel(&self, reservation: Option<Reservation>, now: Timestamp) -> Result<()> {
        self.text_budget.cancel(reservation, now).await
    }

    /// Sends a message, once, and records its delivery at the same time. What was reserved is settled by
    /// [`Outbound::settle`].
    ///
    /// # Errors
    /// A channel that does not fit the address, which is a mistake of ours. That the record could not be written is
    /// noted: the message may be out, and the provider's report makes the record as well.
    pub async fn send(
        &self,
        outgoing: Outgoing<'_>,
        reservation: Option<Reservation>,
        address_keys: &AddressKeys<'_>,
        now: Timestamp,
    ) -> Result<Sent> {
        let Outgoing {
            id, to, channel, ..
        } = outgoing;
        let message = Message {
            delivery_id: address_keys.seal(id).to_string(),
            recipient: Recipient::new(to, channel)
                .ok_or_else(|| Error::internal("the channel does not fit the identifier"))?,
            language: outgoing.language,
            content: outgoing.content,
        };
        let recipient = address_keys.recipient(to);
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
        let (dispatch, noted) = futures_util::join!(self.messaging.send(&message), noted);
        if let Err(error) = noted {
            telemetry::note("delivery_not_noted", error);
        }
        if let Dispatch::Refused(refusal) = &dispatch {
            telemetry::note("provider", &refusal.upstream);
        }
        Ok(Sent {
            id,
            reservation,
            dispatch,
        })
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
        address_keys: &AddressKeys<'_>,
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
            let (mac, masked) = (address_keys.suppression(to), to.masked());
            self.store
                .suppress(to.kind(), &mac, "opt_out", &masked, now)
                .await
        };
        let end = if opted_out {
            DeliveryStatus::Bounced
        } else {
            DeliveryStatus::Failed
        };
        let (suppressed, refunded, ended) = futures_util::join!(
            suppressed,
            self.text_budget.refund(sent.reservation, now),
            // Recorded as queued during the call, so it has to move.
            self.store.advance_delivery(sent.id, end, now),
        );
        suppressed.and(refunded).and(ended.map(drop))
    }

    /// Tells somebody something that is no code, as this delivery.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when the day's texts are used up, [`Error::Unavailable`] when the message was certainly
    /// not sent, or the store does not answer: it may be told again.
    pub async fn notify(
        &self,
        id: DeliveryId,
        to: &Identifier,
        language: Language,
        content: Content,
        address_keys: &AddressKeys<'_>,
        now: Timestamp,
    ) -> Result<Notified> {
        let channel = Channel::for_kind(to.kind());
        let suppressions = address_keys.suppressions(to);
        let suppressed = self.store.is_suppressed(to.kind(), &suppressions, now);
        let suppressed = suppressed.await?;
        if !self.offers(channel) || self.withheld(to, suppressed).is_some() {
            return Ok(Notified::Never);
        }
        let request = id.to_string();
        let reservation = self.reserve(to, Lane::Stranger, &request, now).await?;
        let outgoing = Outgoing {
            id,
            to,
            channel,
            language,
            content,
            record: Record::Notice,
        };
        let sent = self.send(outgoing, reservation, address_keys, now).await?;
        let notified = match &sent.dispatch {
            Dispatch::Accepted { .. } | Dispatch::Unknown => Ok(Notified::Sent),
            Dispatch::Refused(refusal) if is_final(refusal) => Ok(Notified::Never),
            Dispatch::Refused(_) => Err(Error::Unavailable(
                "a provider did not take a message".to_owned(),
            )),
        };
        self.settle(sent, to, address_keys, now).await?;
        notified
    }
}

/// Whether the provider will refuse every repetition as well.
fn is_final(refusal: &Refusal) -> bool {
    matches!(
        refusal.reason,
        Reason::OptedOut | Reason::BadAddress | Reason::Region
    )
}
