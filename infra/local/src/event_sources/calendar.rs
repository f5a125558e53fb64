//! Schedules: every one of them runs once for each hour that begins by our clock, and whenever somebody moves it forward.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::clock::Clock;
use tokio::sync::Mutex;

use super::{background_id, deliver};
use crate::emulators::request_id;
use crate::gateway::Gateway;
use crate::settings::REGION;
use crate::template::Schedule;

/// What is due each hour.
pub(crate) struct Calendar {
    gateway: Arc<Gateway>,
    schedules: Vec<Schedule>,
    last: Mutex<i64>,
}

impl Calendar {
    pub(crate) fn new(gateway: Arc<Gateway>, schedules: Vec<Schedule>) -> Self {
        let last = Mutex::new(hour(gateway.state.clock.now()));
        Self {
            gateway,
            schedules,
            last,
        }
    }

    /// Looks at the hour of our clock until the cloud ends.
    pub(crate) async fn feed(self: Arc<Self>) {
        let mut look = tokio::time::interval(Duration::from_millis(200));
        loop {
            look.tick().await;
            self.look().await;
        }
    }

    /// Runs what is due where an hour has begun; hours that were jumped over are not made up for.
    pub(crate) async fn look(&self) {
        self.run(|last, this| this > last).await;
    }

    /// Runs everything, after the clock was moved forward, and returns when it has run: whoever jumps over a moment does
    /// not want to wait for the hour after it.
    pub(crate) async fn jumped(&self) {
        self.run(|_, _| true).await;
    }

    async fn run(&self, is_due: impl FnOnce(i64, i64) -> bool) {
        let mut last = self.last.lock().await;
        let now = self.gateway.state.clock.now();
        if is_due(*last, hour(now)) {
            for schedule in &self.schedules {
                let function = schedule.function.clone();
                let gateway = Arc::clone(&self.gateway);
                deliver(gateway, function, event(schedule, now), background_id).await;
            }
        }
        *last = hour(now);
    }
}

fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60 * 60)
}

/// The schedule's own input, or EventBridge's scheduled event.
fn event(schedule: &Schedule, now: Timestamp) -> Value {
    schedule.input.clone().unwrap_or_else(|| {
        json!({
            "version": "0", "id": request_id(), "detail-type": "Scheduled Event", "source": "aws.events",
            "account": "000000000000", "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": REGION, "detail": {},
            "resources": [format!("arn:aws:events:{REGION}:000000000000:rule/{}", schedule.name)],
        })
    })
}
