//! Members that say the same in every answer.

use serde::{Serialize, Serializer};

/// `true`, and never anything else.
#[derive(Clone, Copy, Debug)]
pub struct True;

impl Serialize for True {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}
