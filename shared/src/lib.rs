//! What Latchkey's functions share.
//!
//! The modules, in the order in which a request meets them:
//!
//! - [`lambda`]: a function as Lambda sees it: an event in, an answer out;
//! - [`http`]: extractors, answers, problems, CORS, headers, the log line;
//! - [`flows`]: what more than one function does with all of these: requesting and verifying codes, signing in, limits,
//!   notices, export, erasure;
//! - [`store`]: DynamoDB, and what its streams say happened;
//! - [`keyring`]: signing keys, peppers, and every keyed hash and token made with them;
//! - [`messaging`]: mail, SMS and WhatsApp;
//! - [`avatars`]: the S3 bucket of pictures and uploads;
//! - [`domain`]: identifiers, codes, sessions, profiles: pure values;
//! - [`config`], [`clock`], [`entropy`], [`background`], [`cloud`], [`telemetry`], [`error`]: the base under all of them.
//!
//! An import points from right to left: `domain ← keyring, messaging, avatars ← store ← http ← flows ← functions`.

pub mod avatars;
pub mod background;
pub mod clock;
pub mod cloud;
pub mod config;
pub mod domain;
pub mod entropy;
pub mod error;
pub mod flows;
pub mod http;
pub mod keyring;
pub mod lambda;
pub mod messaging;
pub mod store;
pub mod telemetry;

pub use error::{Error, FieldError};

/// The outcome of anything that can end a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;
