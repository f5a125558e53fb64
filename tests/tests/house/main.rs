//! The house's own order: template.yaml against the code, dependencies in one direction only, and each function's real
//! binary.

mod binaries;
mod bounds;
mod directions;
mod grants;
mod lock;
mod promises;
mod routes;
mod sentences;
mod settings;
mod template;

use std::path::PathBuf;

/// A file of the workspace.
fn root(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}

/// Its text.
fn read(path: &str) -> String {
    std::fs::read_to_string(root(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
