//! A person's picture over HTTP: THREATS.md section 8, N18 and the faults around it.

mod crashes;
mod floods;
mod forms;
mod gallery;
mod pictures;
#[path = "../../../shared/picture/src/samples/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the pictures that only unit tests and the bench need"
)]
mod samples;
mod urls;
