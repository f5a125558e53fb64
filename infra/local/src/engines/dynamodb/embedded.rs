//! The engine in this process: dynoxide, in memory with our clock or on disk.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use dynoxide::Database;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::{
    GetShardIteratorRequest, decode_shard_iterator, encode_shard_iterator,
};
use dynoxide::streams::shard_id;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::database;
use super::endpoint::Endpoint;
use crate::clock::LocalClock;

/// Opens the database, and serves it on `background`: a way to its HTTP API, and the database for its streams.
pub(super) async fn serve(
    background: &mut JoinSet<()>,
    data: Option<&Path>,
    clock: Arc<LocalClock>,
) -> Result<(Endpoint, Database), String> {
    let database = match data {
        None => database::in_memory(clock),
        Some(folder) => database::on_disk(&folder.join("dynamodb.sqlite")),
    };
    let database = database.map_err(|error| format!("the tables cannot be opened: {error}"))?;
    let told = |error: std::io::Error| error.to_string();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.map_err(told)?;
    let authority = listener.local_addr().map_err(told)?.to_string();
    let authority = authority.parse().map_err(|_| "the engine's address")?;
    background.spawn(dynoxide::server::serve_on(listener, database.clone()));
    Ok((Endpoint::new(authority, "latchkey")?, database))
}

/// The records of a table's stream after this position, and the position after them.
pub(super) fn records(
    database: &Database,
    table: &str,
    position: i64,
    limit: usize,
) -> Result<(Vec<Value>, i64), String> {
    let read = database.get_records(GetRecordsRequest {
        shard_iterator: encode_shard_iterator(table, &shard_id(table), position),
        limit: Some(limit),
    });
    let read = read.map_err(|error| error.to_string())?;
    let next = read.next_shard_iterator.as_deref();
    let next = next.and_then(decode_shard_iterator);
    let records = read.records.iter().map(serde_json::to_value).collect();
    let records = Result::map_err(records, |error: serde_json::Error| error.to_string())?;
    Ok((records, next.map_or(position, |(_, _, next)| next)))
}

/// The position at the end of a table's stream.
pub(super) fn end(database: &Database, table: &str) -> Result<i64, String> {
    let latest = database.get_shard_iterator(GetShardIteratorRequest {
        stream_arn: format!("arn:aws:dynamodb:local:000000000000:table/{table}/stream/local"),
        shard_id: shard_id(table),
        shard_iterator_type: "LATEST".to_owned(),
        sequence_number: None,
    });
    let latest = latest.map_err(|error| error.to_string())?;
    let position = latest.shard_iterator.as_deref();
    let position = position.and_then(decode_shard_iterator);
    Ok(position.map_or(0, |(_, _, position)| position))
}
