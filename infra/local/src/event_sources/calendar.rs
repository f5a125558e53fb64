//! Schedules: each runs once for each hour or UTC day that begins by our clock, and whenever somebody moves it forward.

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

/// What is due each hour, and each day.
pub(crate) struct Calendar {
    gateway: Arc<Gateway>,
    schedules: Vec<Schedule>,
    /// When it was last looked at.
    last: Mutex<Timestamp>,
}

impl Calendar {
    pub(crate) fn new(gateway: Arc<Gateway>, schedules: Vec<Schedule>) -> Self {
        let last = Mutex::new(gateway.state.clock.now());
        Self {
            gateway,
            schedules,
            last,
        }
    }

    /// Looks at our clock until the cloud ends.
    pub(crate) async fn feed(self: Arc<Self>) {
        let mut look = tokio::time::interval(Duration::from_millis(200));
        loop {
            look.tick().await;
            self.look().await;
        }
    }

    /// Runs what is due where an hour or a day has begun; those that were jumped over are not made up for.
    pub(crate) async fn look(&self) {
        self.run(|schedule, last, now| {
            let period = if schedule.hourly { 3_600 } else { 86_400 };
            now.as_second().div_euclid(period) > last.as_second().div_euclid(period)
        })
        .await;
    }

    /// Runs everything, after the clock was moved forward, and returns when it has run: anyone who jumps over a moment does
    /// not want to wait for the hour after it.
    pub(crate) async fn jumped(&self) {
        self.run(|_, _, _| true).await;
    }

    async fn run(&self, is_due: impl Fn(&Schedule, Timestamp, Timestamp) -> bool) {
        let mut last = self.last.lock().await;
        let now = self.gateway.state.clock.now();
        for schedule in &self.schedules {
            if is_due(schedule, *last, now) {
                let function = schedule.function.clone();
                let gateway = Arc::clone(&self.gateway);
                deliver(gateway, function, event(schedule, now), background_id).await;
            }
        }
        *last = now;
    }
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
