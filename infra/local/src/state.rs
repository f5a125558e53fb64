//! What the parts of one local cloud share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;

use crate::clock::LocalClock;
use crate::event_sources::stream_faults::StreamFaults;
use crate::outbox::Outbox;
use crate::proxy::{Calls, Faults};
use crate::running::Running;

/// The state of the world outside the functions.
#[derive(Default)]
pub(crate) struct LocalState {
    pub(crate) clock: Arc<LocalClock>,
    pub(crate) calls: Calls,
    pub(crate) faults: Faults,
    pub(crate) running: Running,
    pub(crate) outbox: Outbox,
    /// Domain events, oldest first.
    pub(crate) events: Log,
    pub(crate) bus: Bus,
    /// Counts the writes to the tables, so that the streams' feeds wake up.
    pub(crate) writes: watch::Sender<u64>,
    /// How the tables' streams behave.
    pub(crate) stream_faults: watch::Sender<StreamFaults>,
    /// Subscriptions that SNS was asked to confirm, oldest first.
    pub(crate) confirmations: Log,
}

/// Events on their way to the rules of the bus.
pub(crate) struct Bus {
    sender: UnboundedSender<Value>,
    receiver: Mutex<Option<UnboundedReceiver<Value>>>,
    /// How many are not handed over yet.
    pub(crate) under_way: watch::Sender<usize>,
}

impl Default for Bus {
    fn default() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            under_way: watch::Sender::default(),
        }
    }
}

impl Bus {
    /// Publishes an event.
    pub(crate) fn publish(&self, event: Value) {
        self.under_way.send_modify(|count| *count += 1);
        // Nobody listens any more when the cloud ends.
        let _ = self.sender.send(event);
    }

    /// The end that the rules listen at; it is there once.
    pub(crate) fn listen(&self) -> Option<UnboundedReceiver<Value>> {
        self.receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Things that happened, oldest first; the oldest are forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<Value>>);

impl Log {
    const KEPT: usize = 50_000;

    /// Writes one down.
    pub(crate) fn push(&self, entry: Value) {
        let mut entries = self.entries();
        if entries.len() >= Self::KEPT {
            entries.drain(..Self::KEPT / 10);
        }
        entries.push(entry);
    }

    /// All of them, oldest first.
    pub(crate) fn list(&self) -> Vec<Value> {
        self.entries().clone()
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.entries().clear();
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
