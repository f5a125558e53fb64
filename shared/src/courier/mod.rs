//! The door to people: mail, SMS and WhatsApp, and the signatures of what the providers report back.
//!
//! A [`Letter`] goes in, a [`Dispatch`] comes out. The providers' failures are outcomes, not errors: what matters to
//! the caller is whether the message certainly was not sent, or may have been. Nothing is ever sent twice by itself.

mod breaker;
mod config;
mod dispatch;
mod gsm7;
mod language;
mod letter;
mod mime;
mod ses;
pub mod web;
mod words;

pub use config::{
    CourierSettings, MailProvider, MailSettings, SmsWay, TextSettings, WhatsappWay,
    twilio_webhook_url,
};
pub use dispatch::{Dispatch, Reason, Refusal};
pub use language::Language;
pub use letter::{Content, IdentifierChange, Letter, Lockout, Recipient};
pub use words::{Mail, Wordless, Words};

use lettre::message::Mailbox;

use crate::clock::SharedClock;
use crate::cloud::Setup;
use crate::domain::channel::Channel;
use crate::domain::identifier::{EmailAddress};

use breaker::Breaker;
use ses::Ses;

/// Takes letters to people.
pub struct Courier {
    words: Words,
    from: Mailbox,
    mail: Ses,
    mail_breaker: Breaker,
    clock: SharedClock,
}

impl Courier {
    /// A courier for these settings.
    #[must_use]
    pub fn new(settings: CourierSettings, setup: &Setup) -> Self {
        let mail = match settings.mail.provider {
            MailProvider::Ses {
                endpoint,
                configuration_set,
            } => Ses::new(&setup.sdk, endpoint, configuration_set),
            MailProvider::Sendgrid { .. } => Ses::new(&setup.sdk, None, None),
        };
        Self {
            words: Words::new(&settings.public),
            from: settings.mail.from,
            mail,
            mail_breaker: Breaker::default(),
            clock: setup.clock.clone(),
        }
    }

    /// Whether messages can go on this way at all.
    #[must_use]
    pub fn offers(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => true,
            Channel::Sms | Channel::Whatsapp => false,
        }
    }

    /// Sends a letter, once.
    pub async fn send(&self, letter: &Letter) -> Dispatch {
        match &letter.recipient {
            Recipient::Email(to) => self.send_mail(letter, to).await,
            Recipient::Sms(_) | Recipient::Whatsapp(_) => {
                Dispatch::refused(Reason::Other, "channel not configured")
            }
        }
    }

    async fn send_mail(&self, letter: &Letter, to: &EmailAddress) -> Dispatch {
        let mail = match self.words.mail(letter) {
            Ok(mail) => mail,
            Err(wordless) => return Dispatch::refused(Reason::Other, wordless.to_string()),
        };
        let now = self.clock.now();
        let Ok(mime) = mime::pack(&self.from, to.as_str(), mail, &letter.delivery_id, now) else {
            return Dispatch::refused(Reason::BadAddress, "not packed");
        };
        if !self.mail_breaker.admits(now) {
            return Dispatch::refused(Reason::NotConnected, "breaker open");
        }
        let outcome = self
            .mail
            .send(self.from.email.as_ref(), to.as_str(), mime, &letter.delivery_id)
            .await;
        self.mail_breaker.note(&outcome, self.clock.now());
        outcome
    }
}
