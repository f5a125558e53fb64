//! Events that are no HTTP request: what the tables' streams, S3, the bus and the calendar tell functions.

pub(crate) mod bus;
mod calendar;
pub(crate) mod objects;
mod pattern;
mod position;
pub(crate) mod stream_faults;
pub(crate) mod streams;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinSet;

use calendar::Calendar;
use position::Positions;
use stream_faults::StreamFaults;
use streams::Feed;

use crate::emulators::request_id;
use crate::engines::dynamodb::Tables;
use crate::engines::s3::ObjectMade;
use crate::gateway::Gateway;
use crate::template::Events;

/// Everything that is fed to functions.
pub(crate) struct EventSources {
    positions: Arc<Positions>,
    tables: Tables,
    /// Each stream's feed: its name, its table.
    streams: Vec<(String, String)>,
    writes: watch::Receiver<u64>,
    done: Vec<watch::Receiver<u64>>,
    /// Counts the events of the bus that are under way to functions.
    letters: watch::Receiver<usize>,
    /// What is due each day.
    pub(crate) calendar: Arc<Calendar>,
    stream_faults: watch::Receiver<StreamFaults>,
}

impl EventSources {
    /// Starts them on `background`; they end with it.
    ///
    /// # Errors
    /// A sentence, when the positions cannot be read or a stream is of no table.
    pub(crate) fn start(
        background: &mut JoinSet<()>,
        gateway: &Arc<Gateway>,
        tables: &Tables,
        events: Events,
        objects: UnboundedReceiver<ObjectMade>,
        data: Option<&Path>,
    ) -> Result<Self, String> {
        let mut event_sources = Self {
            positions: Arc::new(Positions::open(data)?),
            tables: tables.clone(),
            streams: Vec::new(),
            writes: gateway.state.writes.subscribe(),
            done: Vec::new(),
            letters: gateway.state.bus.under_way.subscribe(),
            calendar: Arc::new(Calendar::new(Arc::clone(gateway), events.schedules)),
            stream_faults: gateway.state.stream_faults.subscribe(),
        };
        let gateway = || Arc::clone(gateway);
        for wanted in events.streams {
            let table = tables
                .name_of(&wanted.resource)
                .ok_or_else(|| format!("template.yaml: {} is no table", wanted.resource))?;
            let (done, seen) = watch::channel(0);
            event_sources.done.push(seen);
            let name = Feed::name(&wanted.function, &table);
            event_sources.streams.push((name, table.clone()));
            let feed = Feed {
                gateway: gateway(),
                tables: tables.clone(),
                positions: Arc::clone(&event_sources.positions),
                wanted,
                table,
                writes: event_sources.writes.clone(),
                stream_faults: event_sources.stream_faults.clone(),
                done,
            };
            background.spawn(feed.run());
        }
        background.spawn(objects::feed(gateway(), events.objects, objects));
        background.spawn(Arc::clone(&event_sources.calendar).feed());
        if let Some(published) = gateway().state.bus.listen() {
            background.spawn(bus::feed(gateway(), events.rules, published));
        }
        Ok(event_sources)
    }

    /// Passes over what the streams hold, after a reset.
    pub(crate) async fn skip(&self) -> Result<(), String> {
        let mut ends = BTreeMap::new();
        for (name, table) in &self.streams {
            ends.insert(name.clone(), self.tables.end(table).await?);
        }
        self.positions.skip(ends);
        Ok(())
    }

    /// Waits until everything written so far was handed over, for this long at the most; whether it was. While the
    /// streams are paused there is nothing to wait for.
    pub(crate) async fn settle(&self, patience: Duration) -> bool {
        if self.stream_faults.borrow().paused {
            return false;
        }
        let all = async {
            // What a function writes while it is fed is written so far too.
            loop {
                let writes = *self.writes.borrow();
                for done in &self.done {
                    let _ = done.clone().wait_for(|done| *done >= writes).await;
                }
                let mut letters = self.letters.clone();
                let _ = letters.wait_for(|under_way| *under_way == 0).await;
                let quiet = *self.letters.borrow() == 0;
                if quiet && *self.writes.borrow() == writes {
                    return;
                }
            }
        };
        tokio::time::timeout(patience, all).await.is_ok()
    }
}

/// The id of an invocation that nobody's request waits for.
fn background_id() -> String {
    format!("{}{}", crate::proxy::BACKGROUND, request_id())
}

/// As Lambda does with events that nobody waits for: a failed one is tried again, twice.
async fn deliver(gateway: Arc<Gateway>, function: String, event: Value, id: fn() -> String) {
    for attempt in 1..=3 {
        let invocation = gateway
            .lambda_host
            .invoke(&function, id(), event.to_string());
        match invocation.await {
            Ok(_) => return,
            Err(failure) => tracing::warn!(function, attempt, reason = failure.0, "event failed"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
