//! The local cloud: everything that Latchkey stands on, in one process.
//!
//! - [`Cloud`]: starts and stops it, for `cargo run` and for tests alike;
//! - [`yaml`]: CloudFormation's way of writing it; `template`: routes, functions and tables, from template.yaml;
//! - `gateway`: HTTP to API Gateway v2 events and back; `hosting`: the functions' own handlers;
//! - `front`: the socket before every engine and twin, which records calls and brings faults;
//! - `engines`: DynamoDB and S3; `twins`: SES, SNS, Secrets Manager, EventBridge, Twilio, SendGrid;
//! - `feeds`: events that are no HTTP request: streams, S3, the bus, the calendar;
//! - `callbacks`: what providers call our webhooks with, signed as they sign;
//! - `desk`: what people and tests see and move, under `/_local/`; pages/ holds its pages.

mod callbacks;
mod clock;
mod cloud;
mod desk;
mod engines;
mod feeds;
mod former_url;
mod front;
mod fronts;
mod gateway;
mod hosting;
mod keys;
mod listeners;
mod options;
mod outbox;
mod running;
mod settings;
mod template;
mod twins;
mod world;
pub mod yaml;

pub use clock::LocalClock;
pub use cloud::{Cloud, StartError};
pub use options::{Options, is_for_people};
