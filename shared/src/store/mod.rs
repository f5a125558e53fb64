//! DynamoDB: one [`Store`], one file per entity.
//!
//! A condition expression *is* the logic here, so every write says in its condition what must hold, and what it finds
//! instead comes back as an answer. Times in items are milliseconds since 1970 from our own clock.
//!
//! Every call fails with [`crate::Error::Unavailable`] when DynamoDB does not answer, refuses the call or stays busy.
//! Nobody knows then whether a write happened, so each is safe to repeat. A doc comment names its errors only where it
//! has more to say.

pub mod activities;
pub mod activity;
mod addresses;
pub mod avatar;
mod batch;
pub mod challenge;
pub mod claim;
pub mod delivery;
#[cfg(test)]
mod document;
pub mod erasure;
pub(crate) mod error;
pub mod export;
pub mod identifiers;
pub(crate) mod item;
pub mod keys;
pub mod limit;
mod link_requests;
pub mod operator;
pub mod pending_notices;
pub mod profile;
mod query;
pub mod redeem;
pub mod report;
pub mod session;
pub mod sources;
pub mod statistics;
pub mod stream;
pub mod suppression;
pub mod unpublished;
pub mod user;
pub(crate) mod write;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use futures_util::FutureExt;

use crate::Result;
use crate::cloud::{Setup, Trace};
use crate::config::{Reader, Tables, settings};
use crate::domain::id::UserId;
use error::when_busy;
use item::Item;
use keys::Table;

/// The two tables.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    /// Without the SDK's retries, for writes that must not happen twice.
    once: Client,
    tables: Tables,
}

impl Store {
    /// Opens the door; nothing is sent yet.
    pub fn open(setup: &Setup, reader: &mut Reader) -> Self {
        // An answer is read whole within the timeout of its attempt, so that no stream can stall.
        let mut config = Builder::from(&setup.sdk)
            .interceptor(Trace::of("dynamodb"))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(setup.endpoint(reader, &settings::AWS_ENDPOINT_URL_DYNAMODB));
        let once = config.clone().retry_config(RetryConfig::disabled()).build();
        Self {
            client: Client::from_conf(config.build()),
            once: Client::from_conf(once),
            tables: Tables::read(reader),
        }
    }

    /// Opens as many connections as the widest step has calls, before the first request needs them; what fails here
    /// shows at that request.
    pub async fn warm(&self, table: Table) {
        // Within what the narrowest grant on the table names.
        let key = match table {
            Table::Accounts => keys::user(UserId::from_bytes([0; 16])),
            Table::Ephemeral => keys::limit("warm", "warm"),
        };
        let look = || self.get(table, &key);
        let _ = futures_util::join!(look(), look(), look(), look());
    }

    /// The name of a table.
    fn table(&self, table: Table) -> &str {
        match table {
            Table::Accounts => &self.tables.accounts,
            Table::Ephemeral => &self.tables.ephemeral,
        }
    }

    fn ephemeral(&self) -> &str {
        self.table(Table::Ephemeral)
    }
}

impl Store {
    /// One consistent read.
    async fn get(&self, table: Table, key: &keys::Key) -> Result<Option<Item>> {
        // Boxed, since the SDK's futures are large and callers hold several.
        let read = when_busy(|| async {
            Ok(self
                .client
                .get_item()
                .table_name(self.table(table))
                .set_key(Some(key.item()))
                .consistent_read(true)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?)
        });
        Ok(read.boxed().await?.item)
    }
}
