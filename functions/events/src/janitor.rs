//! What is done once a day.

use std::time::Duration;

use shared::Result;
use shared::flows::erase::erase_due;
use shared::flows::notices::Notifier;

use crate::App;

/// How long erasures may take: the function's own time (`Timeout` in template.yaml), less what the notices before take.
const ERASING: Duration = Duration::from_secs(40);

impl App {
    /// Tells people of changes that whoever made them could not tell, and erases those whose time has come. One failure
    /// does not hold the other up; the next attempt takes up what is left.
    pub(crate) async fn tidy(&self) -> Result<()> {
        let now = self.clock.now();
        let peppers = self.peppers.snapshot();
        let notifier = Notifier {
            store: &self.store,
            outbound: &self.outbound,
            peppers: &peppers,
        };
        let told = notifier.send_pending(now).await;
        let erased = erase_due(&self.store, &self.bucket, &peppers, now, ERASING).await;
        told.and(erased.map(|_| ()))
    }
}
