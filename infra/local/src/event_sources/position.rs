//! How far each feed has read its stream, kept with the data, so that a restart goes on where it was.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The last sequence number that was handed over, by feed.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts resets; what was read before one is not noted after it.
    age: u64,
    last: BTreeMap<String, i64>,
}

impl Positions {
    /// The positions kept in this folder, none without one.
    ///
    /// # Errors
    /// A sentence, when they cannot be read.
    pub(crate) fn open(data: Option<&std::path::Path>) -> Result<Self, String> {
        let Some(folder) = data else {
            return Ok(Self::default());
        };
        let file = folder.join("streams.json");
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let last = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| told(&error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(told(&error)),
        };
        Ok(Self {
            file: Some(file),
            state: Mutex::new(State { age: 0, last }),
        })
    }

    /// The position of a feed, and the age in which it holds.
    pub(super) fn get(&self, feed: &str) -> (u64, i64) {
        let state = self.state();
        (state.age, state.last.get(feed).copied().unwrap_or(0))
    }

    /// Notes that everything up to `position` was handed over.
    pub(super) fn set(&self, feed: &str, age: u64, position: i64) {
        let mut state = self.state();
        if state.age != age {
            return;
        }
        state.last.insert(feed.to_owned(), position);
        self.keep(&state);
    }

    /// Passes over everything up to now, for every feed: `latest` tells each feed's end.
    pub(crate) fn skip(&self, latest: BTreeMap<String, i64>) {
        let mut state = self.state();
        state.age += 1;
        state.last = latest;
        self.keep(&state);
    }

    fn keep(&self, state: &State) {
        let Some(file) = &self.file else { return };
        // Written to another file and moved over, so that a kill leaves the old or the new one.
        let beside = file.with_extension("new");
        let kept = serde_json::to_vec(&state.last)
            .map_err(std::io::Error::other)
            .and_then(|bytes| std::fs::write(&beside, bytes))
            .and_then(|()| std::fs::rename(&beside, file));
        if let Err(error) = kept {
            tracing::warn!(%error, "the streams' positions are not kept");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulators::hex;

    #[test]
    fn a_position_outlives_the_process() {
        let folder = std::env::temp_dir().join(format!("latchkey-{}", hex::<8>()));
        std::fs::create_dir_all(&folder).unwrap();
        let positions = Positions::open(Some(&folder)).unwrap();
        assert_eq!(positions.get("a"), (0, 0));
        positions.set("a", 0, 7);
        let again = Positions::open(Some(&folder)).unwrap();
        assert_eq!(again.get("a"), (0, 7));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_was_read_before_a_reset_is_not_noted_after_it() {
        let positions = Positions::default();
        let (age, _) = positions.get("a");
        positions.skip(BTreeMap::from([("a".to_owned(), 9)]));
        positions.set("a", age, 7);
        assert_eq!(positions.get("a"), (1, 9));
    }
}
