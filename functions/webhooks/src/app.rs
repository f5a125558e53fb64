//! What this function holds, and how a report gets from a provider's words into the store.

use crate::signatures::CallbackSettings;
use aws_sdk_sns::Client as SnsClient;
use jiff::Timestamp;
use shared::clock::SharedClock;
use shared::cloud::{Setup, StartError, Trace};
use shared::config::Public;
use shared::config::settings as s;
use shared::domain::channel::Channel;
use shared::domain::delivery::DeliveryStatus;
use shared::domain::identifier::Identifier;
use shared::keyring::derive::AddressKeys;
use shared::keyring::{Peppers, Reloading};
use shared::store::Store;
use shared::store::keys::Table;
use shared::store::report::{Report, Suppression};
use shared::{Error, Result, telemetry};

use crate::certificates::Certificates;

/// What this function holds: exactly what template.yaml grants it.
pub(crate) struct App {
    pub(crate) callbacks: CallbackSettings,
    pub(crate) certificates: Certificates,
    pub(crate) sns: SnsClient,
    pub(crate) clock: SharedClock,
    store: Store,
    peppers: Reloading<Peppers>,
}

/// What a provider says about one message, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The delivery id that went out with the message, as it came back.
    pub(crate) delivery_id: String,
    /// The way that the message took.
    pub(crate) channel: Channel,
    /// The state that it has reached.
    pub(crate) state: DeliveryStatus,
    /// The provider's error code.
    pub(crate) error_code: Option<String>,
    /// Where it was to go, as the provider says it, and why nothing may go there any more.
    pub(crate) suppression: Option<(String, &'static str)>,
    /// The number of a WhatsApp message that did not arrive: an SMS may.
    pub(crate) undelivered_to: Option<String>,
}

impl App {
    pub(crate) async fn open(setup: &Setup) -> Result<(Self, Public), StartError> {
        let mut reader = setup.reader();
        let public = Public::read(&mut reader);
        let store = Store::open(setup, &mut reader);
        let callbacks = CallbackSettings::read(&mut reader, &public);
        let mut sns = aws_sdk_sns::config::Builder::from(&setup.sdk).interceptor(Trace::of("sns"));
        sns.set_endpoint_url(setup.endpoint(&mut reader, &s::AWS_ENDPOINT_URL_SNS));
        let peppers = Reloading::open(setup, &mut reader);
        let (callbacks, peppers) = reader.finish((callbacks, peppers))?;
        let certificates = Certificates::new(callbacks.sns_certificate.clone())
            .map_err(|error| StartError::Client(error.to_string()))?;
        let app = Self {
            callbacks,
            certificates,
            sns: SnsClient::from_conf(sns.build()),
            clock: setup.clock.clone(),
            store,
            peppers,
        };
        app.store.warm(Table::Ephemeral).await;
        Ok((app, public))
    }

    /// Writes an event down; one about a message that is not ours changes nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`], also where the message may be ours by a pepper that this function could not read yet: the
    /// provider should report again.
    pub(crate) async fn take(
        &self,
        provider: &'static str,
        event: &Event,
        now: Timestamp,
    ) -> Result<()> {
        let knows = |peppers: &Peppers| AddressKeys::new(peppers).can_judge(&event.delivery_id);
        let peppers = self.peppers.that_knows(knows).await;
        let address_keys = AddressKeys::new(&peppers);
        let Some(delivery) = address_keys.unseal(&event.delivery_id) else {
            if !knows(&peppers) && self.peppers.may_be_old() {
                return Err(Error::Unavailable("the peppers may be old".to_owned()));
            }
            ignored(provider, "unknown_delivery");
            return Ok(());
        };
        let number = event.undelivered_to.as_deref();
        if let Some(number) = number.and_then(|number| Identifier::parse(number).ok())
            && self
                .store
                .mark_undelivered(&number, &event.delivery_id, now)
                .await?
        {
            let outcome = [("provider", provider), ("outcome", "second_way")];
            telemetry::metric("webhook", &outcome);
            return Ok(());
        }
        let address = event.suppression.as_ref().and_then(|(address, reason)| {
            let identifier = Identifier::parse(address).ok()?;
            Some((identifier, *reason))
        });
        let marked = address.as_ref().map(|(identifier, reason)| {
            let (recipients, mac) = (
                address_keys.recipients(identifier),
                address_keys.suppression(identifier),
            );
            (identifier, *reason, recipients, mac, identifier.masked())
        });
        let report =
            Report {
                delivery,
                channel: event.channel,
                state: event.state,
                error_code: event.error_code.as_deref(),
                suppression: marked.as_ref().map(
                    |(identifier, reason, recipients, mac, masked)| Suppression {
                        kind: identifier.kind(),
                        recipients,
                        mac,
                        reason,
                        masked,
                    },
                ),
            };
        let reported = self.store.report_delivery(&report, now).await?;
        if reported.suppressed {
            telemetry::metric("address_suppressed", &[("provider", provider)]);
        }
        let outcome = if reported.moved { "moved" } else { "no_news" };
        telemetry::metric("webhook", &[("provider", provider), ("outcome", outcome)]);
        Ok(())
    }
}

/// Counts what was acknowledged and means nothing to us.
pub(crate) fn ignored(provider: &'static str, why: &'static str) {
    telemetry::note("ignored", why);
    telemetry::metric("webhook", &[("provider", provider), ("outcome", "ignored")]);
}

/// Counts what was refused; the log gets the reason, the caller does not.
pub(crate) fn forged(provider: &'static str, why: &'static str) -> shared::Error {
    telemetry::note("forged", why);
    telemetry::metric("webhook", &[("provider", provider), ("outcome", "forged")]);
    shared::Error::SignatureInvalid
}
