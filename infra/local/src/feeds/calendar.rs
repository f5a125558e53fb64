//! Schedules: every one of them runs once for each UTC day that begins by our clock.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use shared::clock::Clock;

use super::{background_id, deliver};
use crate::gateway::Gateway;
use crate::settings::REGION;
use crate::template::Schedule;
use crate::twins::request_id;

/// Watches the day of our clock until the cloud ends; days that are jumped over are not made up for.
pub(crate) async fn feed(gateway: Arc<Gateway>, schedules: Vec<Schedule>) {
    let clock = Arc::clone(&gateway.world.clock);
    let today = || TimeZone::UTC.to_datetime(clock.now()).date();
    let mut last = today();
    let mut look = tokio::time::interval(Duration::from_millis(200));
    while !schedules.is_empty() {
        look.tick().await;
        let now = today();
        if now > last {
            for schedule in &schedules {
                let event = event(schedule, clock.now());
                deliver(
                    Arc::clone(&gateway),
                    schedule.function.clone(),
                    event,
                    background_id,
                )
                .await;
            }
        }
        last = now;
    }
}

/// The schedule's own input, or EventBridge's scheduled event.
fn event(schedule: &Schedule, now: jiff::Timestamp) -> Value {
    schedule.input.clone().unwrap_or_else(|| {
        json!({
            "version": "0", "id": request_id(), "detail-type": "Scheduled Event", "source": "aws.events",
            "account": "000000000000", "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": REGION, "detail": {},
            "resources": [format!("arn:aws:events:{REGION}:000000000000:rule/{}", schedule.name)],
        })
    })
}
