//! The door to EventBridge.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::Builder;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use shared::cloud::{Setup, Trace};
use shared::config::{Reader, settings};
use shared::domain::event::Told;
use shared::{Error, Result};

/// The bus of domain events.
pub(crate) struct Bus {
    client: Client,
    name: String,
}

/// What PutEvents takes at once.
pub(crate) const AT_ONCE: usize = 10;

impl Bus {
    pub(crate) fn open(setup: &Setup, reader: &mut Reader) -> Self {
        let mut config = Builder::from(&setup.sdk).interceptor(Trace::of("eventbridge"));
        config.set_endpoint_url(setup.endpoint(reader, &settings::AWS_ENDPOINT_URL_EVENTBRIDGE));
        Self {
            client: Client::from_conf(config.build()),
            name: reader.text(&settings::EVENT_BUS),
        }
    }

    /// Publishes at most [`AT_ONCE`] events; for each whether the bus took it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the bus does not answer; it may have taken them.
    pub(crate) async fn publish(&self, events: &[Told]) -> Result<Vec<bool>> {
        let entries = events.iter().map(|event| {
            PutEventsRequestEntry::builder()
                .event_bus_name(&self.name)
                .source("latchkey")
                .detail_type(&event.name)
                .time(DateTime::from_millis(event.at.as_millisecond()))
                .detail(&event.detail)
                .build()
        });
        let answer = self
            .client
            .put_events()
            .set_entries(Some(entries.collect()))
            .send()
            .await
            .map_err(|error| Error::Unavailable(format!("the event bus: {error:?}")))?;
        let mut taken: Vec<_> = answer
            .entries()
            .iter()
            .map(|entry| entry.error_code().is_none())
            .collect();
        taken.resize(events.len(), false);
        Ok(taken)
    }
}
