//! Texts: SMS, and WhatsApp with SMS behind it.

use jiff::Timestamp;

use super::breaker::Breaker;
use super::config::TextSettings;
use super::dispatch::{Dispatch, Reason};
use super::message::Message;
use super::templates::Templates;
use super::twilio::{Code, Twilio};
use super::twilio_log::LoggedMessages;
use super::web;
use crate::clock::SharedClock;
use crate::cloud::Setup;
use crate::domain::channel::Channel;
use crate::domain::identifier::PhoneNumber;

/// The provider of texts.
pub(super) struct TextSender {
    twilio: Twilio,
    breaker: Breaker,
    clock: SharedClock,
}

impl TextSender {
    pub(super) fn new(settings: TextSettings, setup: &Setup) -> Result<Self, reqwest::Error> {
        Ok(Self {
            twilio: Twilio::new(web::client()?, settings),
            breaker: Breaker::default(),
            clock: setup.clock.clone(),
        })
    }

    pub(super) fn offers(&self, channel: Channel) -> bool {
        self.twilio.offers(channel)
    }

    pub(super) async fn sent_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        page: Option<&str>,
    ) -> crate::Result<LoggedMessages> {
        self.twilio.sent_between(from, to, page).await
    }

    pub(super) async fn sms(
        &self,
        templates: &Templates,
        message: &Message,
        to: &PhoneNumber,
    ) -> Dispatch {
        let body = match templates.text(message) {
            Ok(body) => body,
            Err(wordless) => return Dispatch::refused(Reason::Other, wordless.to_string()),
        };
        let id = message.delivery_id.as_str();
        let sending = self
            .twilio
            .sms(to.as_str(), &body, code(message), message.language, id);
        self.guarded(sending).await
    }

    pub(super) async fn whatsapp(
        &self,
        templates: &Templates,
        message: &Message,
        to: &PhoneNumber,
    ) -> Dispatch {
        let Some(code) = code(message) else {
            // WhatsApp takes nothing but approved templates, and there is one for codes alone.
            return self.sms(templates, message, to).await;
        };
        let sending = self
            .twilio
            .whatsapp(to.as_str(), code, &message.delivery_id);
        let outcome = self.guarded(sending).await;
        // The other way helps only where WhatsApp itself said no.
        let other_way = match &outcome {
            Dispatch::Refused(refusal) => {
                !matches!(refusal.reason, Reason::NotConnected | Reason::OptedOut)
            }
            _ => false,
        };
        if other_way && self.offers(Channel::Sms) {
            return self.sms(templates, message, to).await;
        }
        outcome
    }

    async fn guarded(&self, sending: impl Future<Output = Dispatch>) -> Dispatch {
        if !self.breaker.admits(self.clock.now()) {
            return Dispatch::refused(Reason::NotConnected, "breaker open");
        }
        let outcome = sending.await;
        self.breaker.note(&outcome, self.clock.now());
        outcome
    }
}

fn code(message: &Message) -> Option<Code<'_>> {
    message.content.code().map(|(code, expires_in)| Code {
        digits: code.expose(),
        expires_in,
    })
}
