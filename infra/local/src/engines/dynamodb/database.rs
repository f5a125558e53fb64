//! Opens dynoxide's database, with an index that it lacks.
//!
//! With a stream on, dynoxide looks for the last sequence number at every write, by reading all stream records ever
//! written: after 10,000 records a write takes 20 ms, and it goes on growing. The index makes it one look-up.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dynoxide::Database;
use rusqlite::Connection;
use shared::clock::{Clock, SystemClock};

use crate::clock::LocalClock;
use crate::emulators::hex;

const INDEX: &str = "CREATE INDEX IF NOT EXISTS _stream_records_by_sequence
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// DynamoDB keeps the records of a stream for 24 hours.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// A database in memory, with our clock.
pub(super) fn in_memory(clock: Arc<LocalClock>) -> Result<Database, String> {
    // The index can only be made in a file: an empty one is made, indexed, and read into memory.
    let file = Passing(std::env::temp_dir().join(format!("latchkey-{}.sqlite", hex::<8>())));
    drop(open(&file.0)?);
    index(&file.0)?;
    let database = Database::memory_with_clock(clock).map_err(|error| error.to_string())?;
    database
        .restore_from(&file.0.to_string_lossy())
        .map_err(|error| error.to_string())?;
    Ok(database)
}

/// The database in a file, which is created if it is missing.
pub(super) fn on_disk(path: &Path) -> Result<Database, String> {
    drop(open(path)?);
    index(path)?;
    open(path)
}

fn open(path: &Path) -> Result<Database, String> {
    Database::new(&path.to_string_lossy()).map_err(|error| error.to_string())
}

/// Adds the index, and drops stream records that DynamoDB would not keep either.
fn index(path: &Path) -> Result<(), String> {
    let told = |error: rusqlite::Error| error.to_string();
    let connection = Connection::open(path).map_err(told)?;
    connection.execute(INDEX, []).map_err(told)?;
    let horizon = SystemClock.now().as_second() - KEPT_SECONDS;
    connection
        .execute(
            "DELETE FROM _stream_records WHERE created_at < ?1",
            [horizon],
        )
        .map_err(told)?;
    connection.close().map_err(|(_, error)| told(error))
}

/// A file that goes with the handle on it, and with SQLite's own files next to it.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(end);
            let _ = std::fs::remove_file(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_in_memory_can_be_opened() {
        in_memory(Arc::default()).unwrap();
    }

    #[test]
    fn the_last_sequence_number_is_found_by_the_index() {
        let file = Passing(std::env::temp_dir().join(format!("latchkey-{}.sqlite", hex::<8>())));
        drop(on_disk(&file.0).unwrap());
        let connection = Connection::open(&file.0).unwrap();
        let plan: String = connection
            .query_row(
                "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1
                 FROM _stream_records WHERE table_name = 'T'",
                [],
                |row| row.get("detail"),
            )
            .unwrap();
        assert!(plan.contains("_stream_records_by_sequence"), "{plan}");
    }

    #[test]
    fn a_passing_file_goes_with_its_handle() {
        let path = std::env::temp_dir().join(format!("latchkey-{}.sqlite", hex::<8>()));
        let file = Passing(path.clone());
        drop(open(&path).unwrap());
        assert!(path.exists());
        drop(file);
        assert!(!path.exists());
    }
}
