//! How a person reads and counts time: language tags, time zones, and the language to write to them in.

mod choice;
mod language;
mod subtags;
mod time_zone;

pub use choice::choose_language;
pub use language::LanguageTag;
pub use time_zone::TimeZoneName;
