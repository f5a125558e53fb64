//! Rules of the bus: domain events handed to the functions that want them.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{background_id, deliver, pattern};
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
        let wanted: Vec<_> = rules
            .iter()
            .filter(|rule| pattern::fits(&rule.pattern, &event))
            .map(|rule| {
                let function = rule.function.clone();
                deliver(Arc::clone(&gateway), function, event.clone(), background_id)
            })
            .collect();
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            join_all(wanted).await;
            gateway
                .state
                .bus
                .under_way
                .send_modify(|count| *count = count.saturating_sub(1));
        });
    }
}
