//! What is done once a day.

use shared::Result;

use crate::House;

impl House {
    /// Tidies up.
    pub(crate) async fn tidy(&self) -> Result<()> {
        Ok(())
    }
}
