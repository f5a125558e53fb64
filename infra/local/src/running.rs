//! The invocations that are under way, so that a fault can end one as a killed process would.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// Invocations by request id.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<HashMap<String, AbortHandle>>);

impl Running {
    /// Notes that an invocation began.
    pub(crate) fn began(&self, id: &str, task: AbortHandle) {
        self.all().insert(id.to_owned(), task);
    }

    /// Notes that it is over.
    pub(crate) fn ended(&self, id: &str) {
        self.all().remove(id);
    }

    /// Ends it where it stands: nothing after its current await point runs.
    pub(crate) fn kill(&self, id: &str) {
        if let Some(task) = self.all().remove(id) {
            task.abort();
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
