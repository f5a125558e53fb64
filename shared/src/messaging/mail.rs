//! Mail, by whichever provider is configured.

use lettre::message::Mailbox;

use super::breaker::Breaker;
use super::config::{MailProvider, MailSettings};
use super::dispatch::{Dispatch, Reason};
use super::message::Message;
use super::mime;
use super::sendgrid::Sendgrid;
use super::ses::Ses;
use super::templates::Templates;
use super::web;
use crate::clock::SharedClock;
use crate::cloud::Setup;
use crate::domain::identifier::EmailAddress;

/// The providers of mail.
pub(super) struct MailSender {
    from: Mailbox,
    provider: Provider,
    breaker: Breaker,
    clock: SharedClock,
}

enum Provider {
    Ses(Ses),
    Sendgrid(Sendgrid),
}

impl MailSender {
    pub(super) fn new(settings: MailSettings, setup: &Setup) -> Result<Self, reqwest::Error> {
        let provider = match settings.provider {
            MailProvider::Ses {
                endpoint,
                configuration_set,
            } => Provider::Ses(Ses::new(&setup.sdk, endpoint, configuration_set)),
            MailProvider::Sendgrid { base_url, api_key } => {
                Provider::Sendgrid(Sendgrid::new(web::client()?, &base_url, api_key))
            }
        };
        Ok(Self {
            from: settings.from,
            provider,
            breaker: Breaker::default(),
            clock: setup.clock.clone(),
        })
    }

    pub(super) async fn send(
        &self,
        templates: &Templates,
        message: &Message,
        to: &EmailAddress,
    ) -> Dispatch {
        let mail = match templates.mail(message) {
            Ok(mail) => mail,
            Err(wordless) => return Dispatch::refused(Reason::Other, wordless.to_string()),
        };
        let now = self.clock.now();
        if !self.breaker.admits(now) {
            return Dispatch::refused(Reason::NotConnected, "breaker open");
        }
        let (to, id) = (to.as_str(), message.delivery_id.as_str());
        let outcome = match &self.provider {
            Provider::Ses(ses) => match mime::pack(&self.from, to, mail, id, now) {
                Ok(mime) => ses.send(self.from.email.as_ref(), to, mime, id).await,
                Err(_) => Dispatch::refused(Reason::BadAddress, "not packed"),
            },
            Provider::Sendgrid(sendgrid) => sendgrid.send(&self.from, to, &mail, id).await,
        };
        self.breaker.note(&outcome, self.clock.now());
        outcome
    }
}
