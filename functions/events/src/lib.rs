//! What happened: reads the tables' streams, counts, publishes domain events, does what requests left to be done
//! after their answer, and writes to people about some of it.
//!
//! Three kinds of events come in: batches of a stream ([`records`]), domain events that a rule of the bus hands back
//! ([`messages`]), and the hourly schedule ([`janitor`]).

mod bus;
mod janitor;
mod messages;
mod records;
mod sms_fallback;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use shared::avatars::AvatarBucket;
use shared::clock::SharedClock;
use shared::cloud::{Setup, StartError};
use shared::config::{OtpRules, Public, settings};
use shared::flows::send::Outbound;
use shared::flows::text_budget::TextBudget;
use shared::keyring::{Peppers, Reloading};
use shared::lambda::Entry;
use shared::messaging::{Messaging, MessagingSettings};
use shared::store::Store;
use shared::{Error, Result, http};

use bus::Bus;

/// What this function holds: exactly what template.yaml grants it.
struct App {
    store: Store,
    bus: Bus,
    outbound: Outbound,
    bucket: AvatarBucket,
    peppers: Reloading<Peppers>,
    rules: OtpRules,
    /// How long lines of activity are kept.
    activity: Duration,
    clock: SharedClock,
}

/// Opens the function.
///
/// # Errors
/// Every complaint about the settings, at once.
#[expect(clippy::unused_async, reason = "every function opens in the same way")]
pub async fn open(setup: &Setup) -> Result<Entry, StartError> {
    let mut reader = setup.reader();
    let public = Public::read(&mut reader);
    let store = Store::open(setup, &mut reader);
    let bus = Bus::open(setup, &mut reader);
    let messaging = MessagingSettings::read(&mut reader, setup, &public);
    let text_budget = TextBudget::open(&mut reader, &store);
    let bucket = AvatarBucket::open(setup, &mut reader);
    let peppers = Reloading::open(setup, &mut reader);
    let rules = OtpRules::read(&mut reader);
    let activity = reader.time(&settings::ACTIVITY_DAYS);
    let (messaging, peppers) = reader.finish((messaging, peppers))?;
    let messaging =
        Messaging::new(messaging, setup).map_err(|error| StartError::Client(error.to_string()))?;
    let outbound = Outbound::new(&store, messaging, text_budget);
    let app = Arc::new(App {
        store,
        bus,
        outbound,
        bucket,
        peppers,
        rules,
        activity,
        clock: setup.clock.clone(),
    });
    let router = http::layer(Router::new(), &public, setup);
    Ok(Entry::http(router).with_events(move |event| {
        let app = app.clone();
        Box::pin(async move { app.take(event).await })
    }))
}

impl App {
    async fn take(&self, event: Value) -> Result<Value> {
        if let Some(records) = event["Records"].as_array() {
            return Ok(self.records(records).await);
        }
        match (event["source"].as_str(), event["detail-type"].as_str()) {
            (Some("aws.events" | "aws.scheduler"), _) => self.tidy().await,
            (Some("latchkey"), Some("user.registered")) => self.welcome(&event["detail"]).await,
            (Some("latchkey"), Some("otp.locked")) => self.warn(&event["detail"]).await,
            (Some("latchkey"), Some(_)) => Ok(()), // a rule may hand over more than is asked for
            _ => Err(Error::internal("an event that this function does not know")),
        }?;
        Ok(Value::Null)
    }
}
