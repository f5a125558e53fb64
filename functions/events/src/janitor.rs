//! What is done once an hour.

use std::time::Duration;

use shared::Result;
use shared::flows::erase::erase_due;
use shared::flows::notices::Notifier;

use crate::App;

/// How long notices may take, before the erasures and after them, and how long the erasures: together less than the
/// function's own time (`Timeout` in template.yaml), by what a call that has begun may take.
const TELLING: Duration = Duration::from_secs(30);
const ERASING: Duration = Duration::from_secs(90);

impl App {
    /// Publishes what the bus did not take, asks what became of texts whose callbacks were lost, tells people of changes whose
    /// own request could not tell them, and erases those whose time has come. One failure does not hold the others up; the
    /// next run takes up what is left.
    pub(crate) async fn tidy(&self) -> Result<()> {
        let now = self.clock.now();
        let peppers = self.peppers.snapshot();
        let notifier = Notifier {
            store: &self.store,
            outbound: &self.outbound,
            peppers: &peppers,
        };
        let published = self.publish_kept().await;
        let reconciled = self.reconcile_texts(&peppers).await;
        let told = notifier.send_pending(now, TELLING).await;
        let erased = erase_due(&self.store, &self.bucket, &peppers, now, ERASING).await;
        // What the erasures have promised.
        let last = notifier.send_pending(now, TELLING).await;
        published
            .and(reconciled)
            .and(told)
            .and(erased.map(drop))
            .and(last)
    }
}
