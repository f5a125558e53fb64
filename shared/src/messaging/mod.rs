//! The door to people: mail, SMS and WhatsApp.
//!
//! A [`Message`] goes in, a [`Dispatch`] comes out. The providers' failures are outcomes, not errors: what matters to
//! the caller is whether the message certainly was not sent, or may have been. Nothing is ever sent twice by itself.

mod breaker;
mod config;
mod dispatch;
mod gsm7;
mod language;
mod mail;
mod message;
mod mime;
mod sendgrid;
mod ses;
mod templates;
mod text;
mod twilio;
pub mod web;

#[cfg(test)]
mod wire_tests;

pub use config::{
    MailProvider, MailSettings, MessagingSettings, Sender, TextSettings, WhatsappWay, by_sendgrid,
    twilio_webhook_url,
};
pub use dispatch::{Dispatch, Reason, Refusal};
pub use language::Language;
pub use message::{Content, ErasureNews, Lockout, Message, Recipient};
pub use templates::{Mail, TemplateError, Templates};

use crate::cloud::Setup;
use crate::domain::channel::Channel;

use mail::MailSender;
use text::TextSender;

/// Sends messages to people.
pub struct Messaging {
    templates: Templates,
    mail: MailSender,
    text: Option<TextSender>,
}

impl Messaging {
    /// Messaging by these settings.
    ///
    /// # Errors
    /// A provider is reached by HTTP and the machine has no usable root certificates.
    pub fn new(settings: MessagingSettings, setup: &Setup) -> Result<Self, reqwest::Error> {
        Ok(Self {
            templates: Templates::new(&settings.public),
            mail: MailSender::new(settings.mail, setup)?,
            text: settings
                .text
                .map(|text| TextSender::new(text, setup))
                .transpose()?,
        })
    }

    /// Whether messages can go on this way at all; where not, the channel is `invalid_channel` to the caller.
    #[must_use]
    pub fn offers(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => true,
            Channel::Sms | Channel::Whatsapp => {
                self.text.as_ref().is_some_and(|text| text.offers(channel))
            }
        }
    }

    /// Sends a message, once. A WhatsApp message that was certainly not sent goes as an SMS with the same code, where
    /// SMS is configured; [`Dispatch::Accepted`] tells the way that it took.
    pub async fn send(&self, message: &Message) -> Dispatch {
        let outcome = match (&message.recipient, &self.text) {
            (Recipient::Email(to), _) => self.mail.send(&self.templates, message, to).await,
            (Recipient::Sms(to), Some(text)) => text.sms(&self.templates, message, to).await,
            (Recipient::Whatsapp(to), Some(text)) => {
                text.whatsapp(&self.templates, message, to).await
            }
            (_, None) => Dispatch::refused(Reason::Other, "no texts are configured"),
        };
        if let Dispatch::Refused(refusal) = &outcome {
            tracing::warn!(
                channel = message.recipient.channel().as_str(),
                reason = refusal.reason.as_str(),
                upstream = refusal.upstream,
                "the provider did not take a message"
            );
        }
        outcome
    }
}
