//! Telling other systems what happened. A bus that fails holds nothing up: what it does not take is kept, and told once it
//! takes something again.

use std::time::Duration;

use shared::Result;
use shared::domain::event::Told;
use shared::store::unpublished::{Place, SHARDS};
use shared::telemetry;
use tokio::time::Instant;

use crate::App;
use crate::bus::AT_ONCE;

/// How long one run of the janitor publishes what was kept; the next one goes on.
const PUBLISHING: Duration = Duration::from_secs(5);

impl App {
    /// Publishes these events, or keeps them for later.
    ///
    /// # Errors
    /// [`shared::Error::Unavailable`] when neither the bus nor the store takes them.
    pub(crate) async fn publish(&self, events: &[Told]) -> Result<()> {
        let mut left = Vec::new();
        for (n, chunk) in events.chunks(AT_ONCE).enumerate() {
            match self.bus.publish(chunk).await {
                Ok(taken) => left.extend(refused(chunk, &taken).cloned()),
                Err(error) => {
                    telemetry::note("bus", &error);
                    left.extend_from_slice(&events[n * AT_ONCE..]);
                    break;
                }
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        telemetry::metric("events_unpublished", &[]);
        self.store.keep_unpublished(&left, self.clock.now()).await
    }

    /// Publishes what was kept; what the bus refuses again does not hold up what is behind it.
    ///
    /// # Errors
    /// [`shared::Error::Unavailable`] when bus or store do not answer; what is left is published by the next run.
    pub(crate) async fn publish_kept(&self) -> Result<()> {
        let end = Instant::now() + PUBLISHING;
        for shard in 0..SHARDS {
            let mut after = None;
            while Instant::now() < end {
                let kept = self.store.kept_unpublished(shard, after).await?;
                let (events, places): (Vec<_>, Vec<_>) = kept.events.into_iter().unzip();
                self.publish_again(&events, &places).await?;
                after = kept.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn publish_again(&self, events: &[Told], places: &[Place]) -> Result<()> {
        for (events, places) in events.chunks(AT_ONCE).zip(places.chunks(AT_ONCE)) {
            let taken = self.bus.publish(events).await?;
            let places = places.iter().zip(&taken).filter(|(_, taken)| **taken);
            let places: Vec<_> = places.map(|(place, _)| place.clone()).collect();
            self.store.forget_published(&places).await?;
        }
        Ok(())
    }
}

/// Which of these the bus did not take.
fn refused<'a>(events: &'a [Told], taken: &'a [bool]) -> impl Iterator<Item = &'a Told> {
    let both = events.iter().zip(taken);
    both.filter(|(_, taken)| !**taken).map(|(event, _)| event)
}
