//! Everything that Latchkey's functions have in common: nouns and doors.
//!
//! The modules stand in the order in which a request meets them:
//!
//! - [`entry`]: where Lambda hands an event in and takes the answer out;
//! - [`http`]: the desk: extractors, answers, problems, CORS, the log line;
//! - [`domain`]: the nouns, pure: identifiers, codes, sessions, profiles;
//! - [`limiter`]: may this caller go on, or how long must it wait;
//! - [`store`]: the door to DynamoDB;
//! - [`keyring`]: signing keys and pepper;
//! - [`courier`]: the door to people: mail, SMS, WhatsApp;
//! - [`gallery`]: the door to S3;
//! - [`guard`], [`issuing`], [`proving`], [`marks`], [`minting`], [`telling`], [`erasing`], [`exporting`]: what more than one function
//!   does with all of these: who is calling, sending a code, checking one, what is derived for it, telling people that an
//!   address changed, erasing them, telling what is held on them;
//! - [`chronicle`]: what happened, read off the tables' streams;
//! - [`config`], [`clock`], [`beside`], [`entropy`], [`cloud`], [`error`], [`telemetry`]: what all of them stand on.

pub mod beside;
pub mod chronicle;
pub mod clock;
pub mod cloud;
pub mod config;
pub mod courier;
pub mod domain;
pub mod entropy;
pub mod entry;
pub mod erasing;
pub mod error;
pub mod exporting;
pub mod fares;
pub mod gallery;
pub mod guard;
pub mod http;
pub mod issuing;
pub mod keyring;
pub mod limiter;
pub mod marks;
pub mod minting;
pub mod proving;
pub mod store;
pub mod telemetry;
pub mod telling;

pub use error::{Error, FieldError};

/// The outcome of anything that can end a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;
