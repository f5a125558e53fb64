//! The local cloud: everything that Latchkey runs on, in one process.
//!
//! - [`Cloud`]: starts and stops it, for `cargo run` and for tests alike;
//! - [`yaml`]: CloudFormation's way of writing it; `template`: routes, functions and tables, from template.yaml;
//! - `gateway`: HTTP to API Gateway v2 events and back; `lambda_host`: the functions' own handlers;
//! - `proxy`: the socket before every engine and emulator, which records calls and brings faults;
//! - `engines`: DynamoDB and S3; `emulators`: SES, SNS, Secrets Manager, EventBridge, Twilio, SendGrid;
//! - `event_sources`: events that are no HTTP request: streams, S3, the bus, the calendar;
//! - `callbacks`: what providers call our webhooks with, signed as they sign;
//! - `dev_api`: what people and tests see and move, under `/_local/`; pages/ holds its pages.

mod callbacks;
mod clock;
mod cloud;
mod dev_api;
mod emulators;
mod engines;
mod event_sources;
mod former_url;
mod gateway;
mod here;
mod keys;
mod lambda_host;
mod listeners;
mod options;
mod outbox;
mod proxies;
mod proxy;
mod running;
mod settings;
mod state;
mod template;
pub mod yaml;

pub use clock::LocalClock;
pub use cloud::{Cloud, StartError};
pub use options::{Options, is_for_people};
