//! What this function holds.

use crate::signatures::CallbackSettings;
use aws_sdk_sns::Client as SnsClient;
use jiff::Timestamp;
use shared::clock::SharedClock;
use shared::cloud::{Setup, StartError, Trace};
use shared::config::Public;
use shared::config::settings as s;
use shared::flows::report::{MessageReport, Reports};
use shared::keyring::derive::AddressKeys;
use shared::keyring::{Peppers, Reloading};
use shared::store::Store;
use shared::store::keys::Table;
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
        event: &MessageReport,
        now: Timestamp,
    ) -> Result<()> {
        let knows = |peppers: &Peppers| AddressKeys::new(peppers).can_judge(&event.delivery_id);
        let peppers = self.peppers.that_knows(knows).await;
        if !knows(&peppers) && self.peppers.may_be_old() {
            return Err(Error::Unavailable("the peppers may be old".to_owned()));
        }
        let reports = Reports {
            store: &self.store,
            peppers: &peppers,
        };
        reports.take(provider, event, now).await
    }

    /// Takes what a person wrote to our number.
    pub(crate) async fn answered(&self, number: &str, wanted: bool, now: Timestamp) -> Result<()> {
        let reports = Reports {
            store: &self.store,
            peppers: &self.peppers.snapshot(),
        };
        reports.answered(number, wanted, now).await
    }
}

/// Counts what was refused; the log gets the reason, the caller does not.
pub(crate) fn forged(provider: &'static str, why: &'static str) -> shared::Error {
    telemetry::note("forged", why);
    telemetry::metric("webhook", &[("provider", provider), ("outcome", "forged")]);
    shared::Error::SignatureInvalid
}
