//! DynamoDB: dynoxide, in memory with our clock or on disk.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::delete_table::DeleteTableRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::{
    GetShardIteratorRequest, decode_shard_iterator, encode_shard_iterator,
};
use dynoxide::actions::update_time_to_live::UpdateTimeToLiveRequest;
use dynoxide::streams::shard_id;
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use shared::clock::Clock;
use tokio::net::TcpListener;

use super::{database, refusals};
use crate::clock::LocalClock;
use crate::proxy::{Upstream, target};
use crate::state::World;
use crate::template::Table;

/// The tables of one local cloud.
#[derive(Clone)]
pub(crate) struct Tables {
    database: Database,
    clock: Arc<LocalClock>,
    /// The engine takes our clock in memory only.
    tells_machine_time: bool,
    tables: Arc<[Table]>,
}

/// How many items a sweep looks at before it lets others in.
const SWEPT_AT_ONCE: usize = 200;

impl Tables {
    /// Opens the database, in memory or below `data`, and makes the tables that are not there yet.
    ///
    /// # Errors
    /// A sentence, when the data cannot be opened or hold tables of another form than the template's.
    pub(crate) fn open(
        data: Option<&Path>,
        clock: Arc<LocalClock>,
        tables: Vec<Table>,
    ) -> Result<Self, String> {
        let database = match data {
            None => database::in_memory(Arc::clone(&clock)),
            Some(folder) => database::on_disk(&folder.join("dynamodb.sqlite")),
        };
        let database = database.map_err(|error| format!("the tables cannot be opened: {error}"))?;
        let this = Self {
            database,
            clock,
            tells_machine_time: data.is_some(),
            tables: tables.into(),
        };
        for table in this.tables.iter() {
            this.ensure(table)?;
        }
        Ok(this)
    }

    fn ensure(&self, table: &Table) -> Result<(), String> {
        let describe: DescribeTableRequest = request(json!({ "TableName": table.name }))?;
        let Ok(found) = self.database.describe_table(describe) else {
            return self.create(table);
        };
        let found = serde_json::to_value(found).map_err(|error| error.to_string())?;
        let (found, wanted) = (shape(&found["Table"]), shape(&table.create));
        if found == wanted {
            Ok(())
        } else {
            Err(format!(
                "the stored table {} has another form than template.yaml: give another --data, or delete the folder.\n\
                 stored:   {found}\ntemplate: {wanted}",
                table.name
            ))
        }
    }

    fn create(&self, table: &Table) -> Result<(), String> {
        let refused = |error: dynoxide::DynoxideError| {
            format!("template.yaml: table {} is refused: {error}", table.name)
        };
        let create: CreateTableRequest = request(table.create.clone())?;
        self.database.create_table(create).map_err(refused)?;
        if let Some(attribute) = &table.ttl {
            let ttl: UpdateTimeToLiveRequest = request(json!({
                "TableName": table.name,
                "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
            }))?;
            self.database.update_time_to_live(ttl).map_err(refused)?;
        }
        Ok(())
    }

    /// The tables' names by what they are for: `accounts`, `ephemeral`.
    pub(crate) fn names(&self) -> std::collections::BTreeMap<String, String> {
        self.tables
            .iter()
            .map(|table| {
                let stem = table.setting.strip_suffix("_TABLE");
                let role = stem.unwrap_or(&table.setting).to_lowercase();
                (role, table.name.clone())
            })
            .collect()
    }

    /// Empties all tables, by making them anew.
    pub(crate) fn empty(&self) -> Result<(), String> {
        for table in self.tables.iter() {
            let delete: DeleteTableRequest = request(json!({ "TableName": table.name }))?;
            self.database
                .delete_table(delete)
                .map_err(|error| error.to_string())?;
            self.create(table)?;
        }
        Ok(())
    }

    /// The records of a table's stream after this position, and the position after them.
    pub(crate) fn records(
        &self,
        table: &str,
        position: i64,
        limit: usize,
    ) -> Result<(Vec<Value>, i64), String> {
        let iterator = encode_shard_iterator(table, &shard_id(table), position);
        let read: GetRecordsRequest =
            request(json!({ "ShardIterator": iterator, "Limit": limit }))?;
        let read = self.database.get_records(read);
        let read = read.map_err(|error| error.to_string())?;
        let next = read.next_shard_iterator.as_deref();
        let next = next.and_then(decode_shard_iterator);
        let records = read.records.iter().map(serde_json::to_value).collect();
        let mut records: Vec<_> =
            Result::map_err(records, |error: serde_json::Error| error.to_string())?;
        if self.tells_machine_time {
            records.iter_mut().for_each(|record| self.put_right(record));
        }
        Ok((records, next.map_or(position, |(_, _, next)| next)))
    }

    /// A record's time by our clock. It is read right after it was written, and no move of the clock comes between.
    fn put_right(&self, record: &mut Value) {
        let told = &mut record["dynamodb"]["ApproximateCreationDateTime"];
        if let Some(seconds) = told.as_f64() {
            *told = (seconds + self.clock.ahead().as_secs_f64()).into();
        }
    }

    /// The position at the end of a table's stream.
    pub(crate) fn end(&self, table: &str) -> Result<i64, String> {
        let latest: GetShardIteratorRequest = request(json!({
            "StreamArn": format!("arn:aws:dynamodb:local:000000000000:table/{table}/stream/local"),
            "ShardId": shard_id(table),
            "ShardIteratorType": "LATEST",
        }))?;
        let latest = self.database.get_shard_iterator(latest);
        let latest = latest.map_err(|error| error.to_string())?;
        let position = latest.shard_iterator.as_deref();
        let position = position.and_then(decode_shard_iterator);
        Ok(position.map_or(0, |(_, _, position)| position))
    }

    /// The name of the table that the template calls so.
    pub(crate) fn name_of(&self, resource: &str) -> Option<String> {
        let table = self.tables.iter().find(|t| t.resource == resource);
        table.map(|table| table.name.clone())
    }

    /// Deletes what is past its TTL, as DynamoDB does now and then.
    ///
    /// The engine's own sweep goes by the machine's clock where data are on disk; this one goes by ours everywhere. Its
    /// records in the stream look like anybody's deletions: without DynamoDB's `userIdentity`, which nothing here reads.
    pub(crate) fn sweep(&self) {
        let now = self.clock.now().as_second();
        for table in self.tables.iter() {
            let Some(attribute) = &table.ttl else {
                continue;
            };
            match self.sweep_table(table, attribute, now) {
                Ok(0) => {}
                Ok(items) => tracing::debug!(table = table.name, items, "TTL swept"),
                Err(error) => tracing::warn!(table = table.name, error, "TTL sweep failed"),
            }
        }
    }

    /// Page by page, so that others are let in between; an item that was given a later end meanwhile stays.
    fn sweep_table(&self, table: &Table, attribute: &str, now: i64) -> Result<usize, String> {
        let told = |error: dynoxide::DynoxideError| error.to_string();
        let keys: Vec<_> = table.create["KeySchema"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|key| key["AttributeName"].as_str())
            .collect();
        let mut names = json!({ "#ttl": attribute });
        let placeholders: Vec<_> = (0..keys.len()).map(|n| format!("#k{n}")).collect();
        for (placeholder, key) in placeholders.iter().zip(&keys) {
            names[placeholder] = (*key).into();
        }
        let values = json!({ ":now": { "N": now.to_string() }, ":number": { "S": "N" } });
        let over = "attribute_type(#ttl, :number) AND #ttl < :now";
        let mut page = json!({
            "TableName": table.name, "Limit": SWEPT_AT_ONCE, "FilterExpression": over,
            "ProjectionExpression": placeholders.join(", "),
            "ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
        });
        let mut swept = 0;
        loop {
            let read = self.database.scan(request(page.clone())?).map_err(told)?;
            let read = serde_json::to_value(read).map_err(|error| error.to_string())?;
            for key in read["Items"].as_array().into_iter().flatten() {
                let delete = request(json!({
                    "TableName": table.name, "Key": key, "ConditionExpression": over,
                    "ExpressionAttributeNames": { "#ttl": attribute }, "ExpressionAttributeValues": values,
                }))?;
                match self.database.delete_item(delete) {
                    Ok(_) => swept += 1,
                    Err(dynoxide::DynoxideError::ConditionalCheckFailedException(..)) => {}
                    Err(error) => return Err(told(error)),
                }
            }
            match &read["LastEvaluatedKey"] {
                Value::Null => return Ok(swept),
                last => page["ExclusiveStartKey"] = last.clone(),
            }
        }
    }

    /// Serves the engine's own HTTP API until the returned future is dropped.
    pub(crate) async fn serve(self, listener: TcpListener) {
        dynoxide::server::serve_on(listener, self.database).await;
    }
}

/// What two descriptions of a table must have in common.
fn shape(table: &Value) -> Value {
    let sorted = |list: &Value, by: &str| {
        let mut list = list.as_array().cloned().unwrap_or_default();
        list.sort_by_key(|entry| entry[by].to_string());
        list
    };
    let indexes: Vec<_> = sorted(&table["GlobalSecondaryIndexes"], "IndexName")
        .iter()
        .map(|index| json!([index["IndexName"], index["KeySchema"]]))
        .collect();
    json!({
        "KeySchema": table["KeySchema"],
        "AttributeDefinitions": sorted(&table["AttributeDefinitions"], "AttributeName"),
        "GlobalSecondaryIndexes": indexes,
    })
}

fn request<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("template.yaml: {error}"))
}

/// Hands calls on to the engine's own port.
pub(crate) struct Engine {
    client: Client<HttpConnector, Full<Bytes>>,
    authority: Authority,
    world: Arc<World>,
}

impl Engine {
    /// An engine that listens at this authority; the world counts its writes.
    pub(crate) fn at(authority: Authority, world: Arc<World>) -> Self {
        Self {
            world,
            client: Client::builder(TokioExecutor::new()).build_http(),
            authority,
        }
    }
}

impl Upstream for Engine {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        if let Ok(wanted) = serde_json::from_slice(request.body())
            && let Some(refused) = refusals::refused(&target(&request), &wanted)
        {
            return Ok(refused);
        }
        let (mut parts, body) = request.into_parts();
        let mut uri = parts.uri.into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.authority.clone());
        uri.path_and_query
            .get_or_insert_with(|| http::uri::PathAndQuery::from_static("/"));
        parts.uri = Uri::from_parts(uri).map_err(|error| error.to_string())?;
        let request = Request::from_parts(parts, Full::new(body));
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| error.to_string())?;
        let (mut parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| error.to_string())?
            .to_bytes();
        self.world.writes.send_modify(|count| *count += 1);
        // The front frames the answer anew.
        parts.headers.remove(http::header::TRANSFER_ENCODING);
        Ok(Response::from_parts(parts, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    fn tables() -> Tables {
        let template = Template::own().unwrap();
        Tables::open(None, Arc::default(), template.tables).unwrap()
    }

    fn put(tables: &Tables, pk: &str, ttl: u64) {
        let put = json!({
            "TableName": tables.tables[0].name,
            "Item": {"pk": {"S": pk}, "sk": {"S": "A"}, "ttl": {"N": ttl.to_string()}},
        });
        tables.database.put_item(request(put).unwrap()).unwrap();
    }

    fn count(tables: &Tables) -> usize {
        let scan = json!({ "TableName": tables.tables[0].name });
        tables.database.scan(request(scan).unwrap()).unwrap().count
    }

    #[test]
    fn tables_of_the_template_can_be_made_filled_and_emptied() {
        let tables = tables();
        put(&tables, "A", 0);
        assert_eq!(count(&tables), 1);
        tables.empty().unwrap();
        assert_eq!(count(&tables), 0);
    }

    #[test]
    fn a_stream_is_read_in_order_from_where_it_was_left() {
        let tables = tables();
        let name = tables.tables[0].name.clone();
        for pk in ["A", "B", "C"] {
            put(&tables, pk, 0);
        }
        let keys = |records: &[Value]| -> Vec<_> {
            let key = |record: &Value| record["dynamodb"]["NewImage"]["pk"]["S"].clone();
            records.iter().map(key).collect()
        };
        let (first, next) = tables.records(&name, 0, 2).unwrap();
        assert_eq!(keys(&first), ["A", "B"]);
        let (second, last) = tables.records(&name, next, 2).unwrap();
        assert_eq!(keys(&second), ["C"]);
        assert_eq!(tables.records(&name, last, 2).unwrap(), (Vec::new(), last));
        assert_eq!(tables.end(&name).unwrap(), last);
    }

    /// A folder that goes with the handle on it.
    struct Passing(std::path::PathBuf);

    impl Passing {
        fn new() -> Self {
            let name = format!("latchkey-tables-{}", crate::emulators::hex::<8>());
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Passing {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_sweep_follows_our_clock_in_memory_and_on_disk() {
        let folder = Passing::new();
        for data in [None, Some(folder.0.as_path())] {
            let clock = Arc::new(LocalClock::default());
            let template = Template::own().unwrap();
            let tables = Tables::open(data, Arc::clone(&clock), template.tables).unwrap();
            let in_ten_minutes = || u64::try_from(clock.now().as_second()).unwrap() + 600;
            put(&tables, "A", in_ten_minutes());
            tables.sweep();
            assert_eq!(count(&tables), 1, "{data:?}");
            clock.advance(700).unwrap();
            tables.sweep();
            assert_eq!(count(&tables), 0, "{data:?}");

            clock.set("2020-02-29T12:00:00Z".parse().unwrap()).unwrap();
            put(&tables, "B", in_ten_minutes());
            tables.sweep();
            assert_eq!(count(&tables), 1, "{data:?}");
            clock.advance(700).unwrap();
            tables.sweep();
            assert_eq!(count(&tables), 0, "{data:?}");
        }
    }

    #[test]
    fn the_stream_tells_our_time_in_memory_and_on_disk() {
        let folder = Passing::new();
        for data in [None, Some(folder.0.as_path())] {
            let clock = Arc::new(LocalClock::default());
            let template = Template::own().unwrap();
            let tables = Tables::open(data, Arc::clone(&clock), template.tables).unwrap();
            let name = tables.tables[0].name.clone();
            for days in [40, -80] {
                clock.advance(days * 86_400).unwrap();
                let before = tables.end(&name).unwrap();
                put(&tables, &format!("{days}"), 0);
                let (records, _) = tables.records(&name, before, 10).unwrap();
                let told = records[0]["dynamodb"]["ApproximateCreationDateTime"].as_f64();
                let off = told.unwrap() - clock.now().as_duration().as_secs_f64();
                assert!(off.abs() < 60.0, "{data:?} {days}: {off}");
            }
        }
    }

    #[test]
    fn the_sweep_takes_page_after_page_and_nothing_without_an_end() {
        let tables = tables();
        for n in 0..500 {
            put(&tables, &format!("{n}"), 1 + n % 2 * 4_000_000_000);
        }
        let lasting = json!({
            "TableName": tables.tables[0].name,
            "Item": {"pk": {"S": "L"}, "sk": {"S": "A"}},
        });
        tables.database.put_item(request(lasting).unwrap()).unwrap();
        let name = tables.tables[0].name.clone();
        let before = tables.end(&name).unwrap();
        tables.sweep();
        assert_eq!(count(&tables), 251);
        let (records, _) = tables.records(&name, before, 1000).unwrap();
        assert_eq!(records.len(), 250);
        assert!(records.iter().all(|record| record["eventName"] == "REMOVE"));
    }
}
