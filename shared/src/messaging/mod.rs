//! The door to people: mail, SMS and WhatsApp.
//!
//! A [`Letter`] goes in, a [`Dispatch`] comes out. The providers' failures are outcomes, not errors: what matters to
//! the caller is whether the message certainly was not sent, or may have been. Nothing is ever sent twice by itself.

mod breaker;
mod config;
mod dispatch;
mod gsm7;
mod language;
mod letter;
mod mail;
mod mime;
mod sendgrid;
mod ses;
mod text;
mod twilio;
pub mod web;
mod words;

#[cfg(test)]
mod wire_tests;

pub use config::{
    CourierSettings, MailProvider, MailSettings, Sender, TextSettings, WhatsappWay, by_sendgrid,
    twilio_webhook_url,
};
pub use dispatch::{Dispatch, Reason, Refusal};
pub use language::Language;
pub use letter::{Content, Letter, Lockout, Recipient};
pub use words::{Mail, Wordless, Words};

use crate::cloud::Setup;
use crate::domain::channel::Channel;

use mail::MailDesk;
use text::TextDesk;

/// Takes letters to people.
pub struct Courier {
    words: Words,
    mail: MailDesk,
    text: Option<TextDesk>,
}

impl Courier {
    /// A courier for these settings.
    ///
    /// # Errors
    /// A provider is reached by HTTP and the machine has no usable root certificates.
    pub fn new(settings: CourierSettings, setup: &Setup) -> Result<Self, reqwest::Error> {
        Ok(Self {
            words: Words::new(&settings.public),
            mail: MailDesk::new(settings.mail, setup)?,
            text: settings
                .text
                .map(|text| TextDesk::new(text, setup))
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

    /// Sends a letter, once. A WhatsApp message that was certainly not sent goes as an SMS with the same code, where
    /// SMS is configured; [`Dispatch::Accepted`] tells the way that it took.
    pub async fn send(&self, letter: &Letter) -> Dispatch {
        let outcome = match (&letter.recipient, &self.text) {
            (Recipient::Email(to), _) => self.mail.send(&self.words, letter, to).await,
            (Recipient::Sms(to), Some(text)) => text.sms(&self.words, letter, to).await,
            (Recipient::Whatsapp(to), Some(text)) => text.whatsapp(&self.words, letter, to).await,
            (_, None) => Dispatch::refused(Reason::Other, "no texts are configured"),
        };
        if let Dispatch::Refused(refusal) = &outcome {
            tracing::warn!(
                channel = letter.recipient.channel().as_str(),
                reason = refusal.reason.as_str(),
                upstream = refusal.upstream,
                "the provider did not take a message"
            );
        }
        outcome
    }
}
