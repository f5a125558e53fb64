//! Rules of the bus: domain events handed to the functions that want them.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{deliver, pattern};
use crate::gateway::Gateway;
use crate::settings::REGION;
use crate::template::Rule;

/// Hands over every event that fits a rule, until the cloud ends.
pub(crate) async fn feed(
    gateway: Arc<Gateway>,
    rules: Vec<Rule>,
    mut published: UnboundedReceiver<Value>,
) {
    while let Some(mut event) = published.recv().await {
        event["version"] = "0".into();
        event["account"] = "000000000000".into();
        event["region"] = REGION.into();
        event["resources"] = Value::Array(Vec::new());
        for rule in rules
            .iter()
            .filter(|rule| pattern::fits(&rule.pattern, &event))
        {
            tokio::spawn(deliver(
                Arc::clone(&gateway),
                rule.function.clone(),
                event.clone(),
            ));
        }
    }
}
