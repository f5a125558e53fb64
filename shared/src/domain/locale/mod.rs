//! How a person reads and counts time: language tags, time zones, and the language to write to them in.

mod choice;
mod language;
mod subtags;
mod time_zone;

/// Whether this is the code of a country, upper-cased: ISO 3166-1 alpha-2, and `XK`, as number plans call Kosovo.
#[must_use]
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && (subtags::registered_region(code) == Some(code) || code == "XK")
}

pub use choice::choose_language;
pub use language::LanguageTag;
pub use time_zone::TimeZoneName;
