//! The tables: made from the template, on the engine in this process or on another one.

mod compare;
mod database;
mod embedded;
mod endpoint;
mod other;
mod refusals;
mod sweep;
mod upstream;

use std::collections::BTreeMap;
use std::sync::Arc;

use dynoxide::Database;
use serde_json::{Value, json};
use shared::clock::Clock;
use tokio::task::JoinSet;

use self::compare::Comparison;
use self::endpoint::{Endpoint, EngineError};
use self::other::Streams;
use crate::clock::LocalClock;
use crate::emulators::hex;
use crate::options::Options;
use crate::template::Table;

/// The tables of one local cloud.
#[derive(Clone)]
pub(crate) struct Tables {
    engines: Engines,
    clock: Arc<LocalClock>,
    /// The embedded engine takes our clock in memory only.
    tells_machine_time: bool,
    tables: Arc<[Table]>,
}

/// The engines that hold the tables.
#[derive(Clone)]
enum Engines {
    Embedded(Endpoint, Database),
    Other(Endpoint, Arc<Streams>),
    /// Both hold the same, and the embedded one answers.
    Compared(Endpoint, Database, Arc<Comparison>),
}

impl Tables {
    /// Opens the engine that the options name, and makes the tables that are not there yet. An embedded engine is
    /// served on `background`.
    ///
    /// # Errors
    /// A sentence, when the data cannot be opened or hold tables of another form than the template's.
    pub(crate) async fn open(
        background: &mut JoinSet<()>,
        options: &Options,
        clock: Arc<LocalClock>,
        tables: Vec<Table>,
    ) -> Result<Self, String> {
        let data = options.data.as_deref();
        let this = Self {
            engines: Engines::open(background, options, Arc::clone(&clock)).await?,
            clock,
            tells_machine_time: data.is_some(),
            tables: tables.into(),
        };
        for endpoint in this.engines.endpoints() {
            for table in this.tables.iter() {
                ensure(endpoint, table).await?;
            }
        }
        Ok(this)
    }

    /// The tables' names by what they are for: `accounts`, `ephemeral`.
    pub(crate) fn names(&self) -> BTreeMap<String, String> {
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
    pub(crate) async fn empty(&self) -> Result<(), String> {
        let _turn = self.engines.turn().await;
        for endpoint in self.engines.endpoints() {
            for table in self.tables.iter() {
                let delete = json!({ "TableName": table.name });
                let deleted = endpoint.ask("DeleteTable", &delete).await;
                deleted.map_err(|error| error.to_string())?;
                create(endpoint, table).await?;
            }
        }
        if let Engines::Other(_, streams) = &self.engines {
            streams.forget();
        }
        Ok(())
    }

    /// The records of a table's stream after this position, and the position after them.
    pub(crate) async fn records(
        &self,
        table: &str,
        position: i64,
        limit: usize,
    ) -> Result<(Vec<Value>, i64), String> {
        match &self.engines {
            Engines::Embedded(_, database) | Engines::Compared(_, database, _) => {
                let (mut records, next) = embedded::records(database, table, position, limit)?;
                if self.tells_machine_time {
                    for record in &mut records {
                        self.put_right(record);
                    }
                }
                Ok((records, next))
            }
            Engines::Other(engine, streams) => streams
                .records(engine, &self.clock, (table, position), limit)
                .await
                .map_err(|error| error.to_string()),
        }
    }

    /// A record's time by our clock. It is read right after it was written, and no move of the clock comes between.
    fn put_right(&self, record: &mut Value) {
        let told = &mut record["dynamodb"]["ApproximateCreationDateTime"];
        if let Some(seconds) = told.as_f64() {
            *told = (seconds + self.clock.ahead().as_secs_f64()).into();
        }
    }

    /// The position at the end of a table's stream.
    pub(crate) async fn end(&self, table: &str) -> Result<i64, String> {
        match &self.engines {
            Engines::Embedded(_, database) | Engines::Compared(_, database, _) => {
                embedded::end(database, table)
            }
            Engines::Other(engine, streams) => {
                let end = streams.end(engine, &self.clock, table).await;
                end.map_err(|error| error.to_string())
            }
        }
    }

    /// The name of the table that the template calls so.
    pub(crate) fn name_of(&self, resource: &str) -> Option<String> {
        let table = self.tables.iter().find(|t| t.resource == resource);
        table.map(|table| table.name.clone())
    }

    /// Deletes what is past its TTL.
    pub(crate) async fn sweep(&self) {
        let _turn = self.engines.turn().await;
        let now = self.clock.now().as_second();
        for endpoint in self.engines.endpoints() {
            for table in self.tables.iter() {
                let Some(attribute) = &table.ttl else {
                    continue;
                };
                match sweep::sweep(endpoint, table, attribute, now).await {
                    Ok(0) => {}
                    Ok(items) => tracing::debug!(table = table.name, items, "TTL swept"),
                    Err(error) => {
                        tracing::warn!(table = table.name, %error, "TTL sweep failed");
                    }
                }
            }
        }
    }
}

impl Engines {
    async fn open(
        background: &mut JoinSet<()>,
        options: &Options,
        clock: Arc<LocalClock>,
    ) -> Result<Self, String> {
        let data = options.data.as_deref();
        // Another engine keeps nothing for a cloud that keeps its data: the two would part at the next start.
        let other = options.dynamodb.as_deref().filter(|_| data.is_none());
        let other = other.map(elsewhere).transpose()?;
        match (other, &options.comparison) {
            (Some(other), None) => Ok(Self::Other(other, Arc::default())),
            (Some(other), Some(report)) => {
                let (own, database) = embedded::serve(background, data, clock).await?;
                let comparison = Comparison::new(other, report)?;
                Ok(Self::Compared(own, database, Arc::new(comparison)))
            }
            (None, _) => {
                let (own, database) = embedded::serve(background, data, clock).await?;
                Ok(Self::Embedded(own, database))
            }
        }
    }

    fn endpoints(&self) -> Vec<&Endpoint> {
        match self {
            Self::Embedded(engine, _) | Self::Other(engine, _) => vec![engine],
            Self::Compared(engine, _, comparison) => vec![engine, &comparison.other],
        }
    }

    /// Where two engines are to hold the same, only one call at a time may change them.
    async fn turn(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        match self {
            Self::Compared(_, _, comparison) => Some(comparison.turn.lock().await),
            _ => None,
        }
    }
}

/// The engine at this URL, with tables for this cloud alone.
fn elsewhere(url: &str) -> Result<Endpoint, String> {
    let authority = url.trim_end_matches('/').strip_prefix("http://");
    let authority = authority.and_then(|authority| authority.parse().ok());
    let authority = authority.ok_or_else(|| {
        format!("the DynamoDB engine: found {url:?}; expected a URL such as http://127.0.0.1:8000")
    })?;
    Endpoint::new(authority, &format!("latchkey{}", hex::<8>()))
}

async fn ensure(engine: &Endpoint, table: &Table) -> Result<(), String> {
    let describe = json!({ "TableName": table.name });
    let found = match engine.ask("DescribeTable", &describe).await {
        Ok(found) => found,
        Err(error) if error.is("ResourceNotFoundException") => return create(engine, table).await,
        Err(error) => return Err(error.to_string()),
    };
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

async fn create(engine: &Endpoint, table: &Table) -> Result<(), String> {
    let refused =
        |error: EngineError| format!("template.yaml: table {} is refused: {error}", table.name);
    let created = engine.ask("CreateTable", &table.create).await;
    created.map_err(refused)?;
    if let Some(attribute) = &table.ttl {
        let ttl = json!({
            "TableName": table.name,
            "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
        });
        let set = engine.ask("UpdateTimeToLive", &ttl).await;
        set.map_err(refused)?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::template::Template;

    /// Tables on the embedded engine, which ends with the set.
    async fn at(data: Option<&Path>, clock: &Arc<LocalClock>) -> (Tables, JoinSet<()>) {
        let mut background = JoinSet::new();
        let options = Options {
            data: data.map(Path::to_owned),
            ..Options::default()
        };
        let template = Template::own().unwrap();
        let clock = Arc::clone(clock);
        let tables = Tables::open(&mut background, &options, clock, template.tables).await;
        (tables.unwrap(), background)
    }

    async fn ask(tables: &Tables, operation: &str, mut order: Value) -> Value {
        order["TableName"] = tables.tables[0].name.clone().into();
        let endpoint = tables.engines.endpoints()[0];
        endpoint.ask(operation, &order).await.unwrap()
    }

    async fn put(tables: &Tables, pk: &str, ttl: u64) {
        let ttl = json!({ "N": ttl.to_string() });
        let item = json!({ "pk": { "S": pk }, "sk": { "S": "A" }, "ttl": ttl });
        ask(tables, "PutItem", json!({ "Item": item })).await;
    }

    async fn count(tables: &Tables) -> u64 {
        let found = ask(tables, "Scan", json!({})).await;
        found["Count"].as_u64().unwrap()
    }

    #[tokio::test]
    async fn tables_of_the_template_can_be_made_filled_and_emptied() {
        let (tables, _engine) = at(None, &Arc::default()).await;
        put(&tables, "A", 0).await;
        assert_eq!(count(&tables).await, 1);
        tables.empty().await.unwrap();
        assert_eq!(count(&tables).await, 0);
    }

    #[tokio::test]
    async fn a_stream_is_read_in_order_from_where_it_was_left() {
        let (tables, _engine) = at(None, &Arc::default()).await;
        let name = tables.tables[0].name.clone();
        for pk in ["A", "B", "C"] {
            put(&tables, pk, 0).await;
        }
        let keys = |records: &[Value]| -> Vec<_> {
            let key = |record: &Value| record["dynamodb"]["NewImage"]["pk"]["S"].clone();
            records.iter().map(key).collect()
        };
        let (first, next) = tables.records(&name, 0, 2).await.unwrap();
        assert_eq!(keys(&first), ["A", "B"]);
        let (second, last) = tables.records(&name, next, 2).await.unwrap();
        assert_eq!(keys(&second), ["C"]);
        assert_eq!(
            tables.records(&name, last, 2).await.unwrap(),
            (Vec::new(), last)
        );
        assert_eq!(tables.end(&name).await.unwrap(), last);
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

    #[tokio::test]
    async fn the_sweep_follows_our_clock_in_memory_and_on_disk() {
        let folder = Passing::new();
        for data in [None, Some(folder.0.as_path())] {
            let clock = Arc::new(LocalClock::default());
            let (tables, _engine) = at(data, &clock).await;
            let in_ten_minutes = || u64::try_from(clock.now().as_second()).unwrap() + 600;
            put(&tables, "A", in_ten_minutes()).await;
            tables.sweep().await;
            assert_eq!(count(&tables).await, 1, "{data:?}");
            clock.advance(700).unwrap();
            tables.sweep().await;
            assert_eq!(count(&tables).await, 0, "{data:?}");

            clock.set("2020-02-29T12:00:00Z".parse().unwrap()).unwrap();
            put(&tables, "B", in_ten_minutes()).await;
            tables.sweep().await;
            assert_eq!(count(&tables).await, 1, "{data:?}");
            clock.advance(700).unwrap();
            tables.sweep().await;
            assert_eq!(count(&tables).await, 0, "{data:?}");
        }
    }

    #[tokio::test]
    async fn the_stream_tells_our_time_in_memory_and_on_disk() {
        let folder = Passing::new();
        for data in [None, Some(folder.0.as_path())] {
            let clock = Arc::new(LocalClock::default());
            let (tables, _engine) = at(data, &clock).await;
            let name = tables.tables[0].name.clone();
            for days in [40, -80] {
                clock.advance(days * 86_400).unwrap();
                let before = tables.end(&name).await.unwrap();
                put(&tables, &format!("{days}"), 0).await;
                let (records, _) = tables.records(&name, before, 10).await.unwrap();
                let told = records[0]["dynamodb"]["ApproximateCreationDateTime"].as_f64();
                let off = told.unwrap() - clock.now().as_duration().as_secs_f64();
                assert!(off.abs() < 60.0, "{data:?} {days}: {off}");
            }
        }
    }

    #[tokio::test]
    async fn the_sweep_takes_page_after_page_and_nothing_without_an_end() {
        let (tables, _engine) = at(None, &Arc::default()).await;
        for n in 0..500 {
            put(&tables, &format!("{n}"), 1 + n % 2 * 4_000_000_000).await;
        }
        let lasting = json!({ "pk": { "S": "L" }, "sk": { "S": "A" } });
        ask(&tables, "PutItem", json!({ "Item": lasting })).await;
        let name = tables.tables[0].name.clone();
        let before = tables.end(&name).await.unwrap();
        tables.sweep().await;
        assert_eq!(count(&tables).await, 251);
        let (records, _) = tables.records(&name, before, 1000).await.unwrap();
        assert_eq!(records.len(), 250);
        assert!(records.iter().all(|record| record["eventName"] == "REMOVE"));
    }
}
