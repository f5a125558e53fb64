//! What happened: reads the tables' streams, counts, publishes domain events, does what requests left to be done
//! after their answer, and writes to people about some of it.
//!
//! Three kinds of events come in: batches of a stream ([`records`]), domain events that a rule of the bus hands back
//! ([`letters`]), and the daily schedule ([`janitor`]).

mod bus;
mod janitor;
mod letters;
mod records;
mod second_way;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use shared::avatars::Gallery;
use shared::clock::SharedClock;
use shared::cloud::{Setup, StartError};
use shared::config::{OtpRules, Public, settings};
use shared::flows::send::Outbound;
use shared::flows::text_budget::Fares;
use shared::keyring::{Peppers, Reloading};
use shared::lambda::Entry;
use shared::messaging::{Courier, CourierSettings};
use shared::store::Store;
use shared::{Error, Result, http};

use bus::Bus;

/// What this function holds: exactly what template.yaml grants it.
struct House {
    store: Store,
    bus: Bus,
    outbound: Outbound,
    gallery: Gallery,
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
pub async fn open(setup: &Setup) -> Result<Entry, StartError> {
    let mut reader = setup.reader();
    let public = Public::read(&mut reader);
    let store = Store::open(setup, &mut reader);
    let bus = Bus::open(setup, &mut reader);
    let courier = CourierSettings::read(&mut reader, setup, &public);
    let fares = Fares::open(&mut reader, &store);
    let gallery = Gallery::open(setup, &mut reader);
    let peppers = Reloading::open(setup, &mut reader);
    let rules = OtpRules::read(&mut reader);
    let days = reader.whole(&settings::ACTIVITY_DAYS, 1..=3650);
    let (courier, peppers) = reader.finish((courier, peppers))?;
    let courier =
        Courier::new(courier, setup).map_err(|error| StartError::Client(error.to_string()))?;
    let outbound = Outbound::new(&store, courier, fares);
    let house = Arc::new(House {
        store,
        bus,
        outbound,
        gallery,
        peppers,
        rules,
        activity: Duration::from_secs(u64::from(days) * 24 * 60 * 60),
        clock: setup.clock.clone(),
    });
    let desk = http::desk(Router::new(), &public, setup);
    Ok(Entry::http(desk).with_events(move |event| {
        let house = house.clone();
        Box::pin(async move { house.take(event).await })
    }))
}

impl House {
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
