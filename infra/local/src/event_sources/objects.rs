//! What S3 tells functions of objects that were put.

use std::sync::Arc;

use serde_json::{Value, json};
use shared::clock::Clock;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;

use super::deliver;
use crate::emulators::{hex, request_id};
use crate::engines::s3::ObjectMade;
use crate::gateway::Gateway;
use crate::settings::{BUCKET, REGION};
use crate::template::ObjectEvents;

/// Events that are handed over at the same time. Lambda runs each in an environment of its own; here they share one with
/// the requests, which must not wait behind all of them.
const AT_ONCE: usize = 2;

/// Tells the functions of every object under a prefix that they want to hear of, until the cloud ends.
pub(crate) async fn feed(
    gateway: Arc<Gateway>,
    wanted: Vec<ObjectEvents>,
    mut made: UnboundedReceiver<ObjectMade>,
) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(made) = made.recv().await {
        for wanted in wanted.iter().filter(|w| made.key.starts_with(&w.prefix)) {
            let event = event(&made, gateway.state.clock.now());
            let deliver = deliver(
                Arc::clone(&gateway),
                wanted.function.clone(),
                event,
                request_id,
            );
            let turns = Arc::clone(&turns);
            tokio::spawn(async move {
                let _turn = turns.acquire().await;
                deliver.await;
            });
        }
    }
}

fn event(made: &ObjectMade, now: jiff::Timestamp) -> Value {
    // In events, S3 writes keys as form fields are written.
    let key: String = url::form_urlencoded::byte_serialize(made.key.as_bytes())
        .collect::<String>()
        .replace("%2F", "/");
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "eventName": made.event,
        "userIdentity": { "principalId": "LOCAL" },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "local",
            "bucket": {
                "name": BUCKET, "ownerIdentity": { "principalId": "LOCAL" }, "arn": format!("arn:aws:s3:::{BUCKET}"),
            },
            "object": { "key": key, "size": made.size, "eTag": hex::<16>(), "sequencer": hex::<8>() },
        },
    }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_looks_like_s3_s() {
        let made = ObjectMade {
            key: "uploads/a b/ü".to_owned(),
            size: 7,
            event: "ObjectCreated:Post",
        };
        let event = event(&made, "2026-01-31T12:00:00Z".parse().unwrap());
        let record = &event["Records"][0];
        assert_eq!(record["eventName"], "ObjectCreated:Post");
        assert_eq!(record["eventTime"], "2026-01-31T12:00:00.000Z");
        assert_eq!(record["s3"]["object"]["key"], "uploads/a+b/%C3%BC");
        assert_eq!(record["s3"]["object"]["size"], 7);
    }
}
