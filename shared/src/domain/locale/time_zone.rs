//! Time zones by their IANA names.

use jiff::tz::TimeZoneDatabase;

use crate::domain::InvalidValue;

/// The name of a time zone in the IANA database that is compiled in, spelled as the database does: `Europe/Berlin`.
///
/// The default is `UTC`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TimeZoneName(String);

impl TimeZoneName {
    /// Reads a name in any case. Older names that the database still has stay as they are.
    ///
    /// # Errors
    /// `invalid_timezone` for a name that the database does not have, and for its placeholder `Factory`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text == "UTC" {
            // What most accounts have; it is read with each of them, and the last but a few of six hundred.
            return Ok(Self::default());
        }
        TimeZoneDatabase::bundled()
            .available()
            .find(|name| name.as_str().eq_ignore_ascii_case(text) && name.as_str() != "Factory")
            .map(|name| Self(name.as_str().to_owned()))
            .ok_or_else(|| {
                InvalidValue::new(
                    "invalid_timezone",
                    "Expected a name of the IANA time zone database, such as Europe/Berlin.",
                )
            })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TimeZoneName {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

impl std::fmt::Display for TimeZoneName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_name_of_the_database_is_itself() {
        let database = TimeZoneDatabase::bundled();
        let names: Vec<_> = database
            .available()
            .filter(|name| name.as_str() != "Factory")
            .collect();
        assert!(names.len() > 400, "{}", names.len());
        for name in names {
            let parsed = TimeZoneName::parse(&name.as_str().to_ascii_lowercase()).unwrap();
            assert_eq!(parsed.as_str(), name.as_str());
            assert!(database.get(parsed.as_str()).is_ok());
        }
        assert_eq!(TimeZoneName::parse("utc"), Ok(TimeZoneName::default()));
    }

    /// THREATS J06.
    #[test]
    fn other_names_are_refused() {
        for text in [
            "",
            "Mars/Phobos",
            "../etc/passwd",
            "US/Pacific-New",
            "Factory",
            "localtime",
            "posix/UTC",
            "Europe/Berlin ",
            "Europe",
            "+02:00",
            "GMT+25",
            "Etc/Unknown",
            "CEST-2",
            "Europe/Berlin\0",
        ] {
            assert_eq!(
                TimeZoneName::parse(text).unwrap_err().code,
                "invalid_timezone",
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_zone_or_a_fault(text: String) {
            if let Ok(zone) = TimeZoneName::parse(&text) {
                prop_assert_eq!(TimeZoneName::parse(zone.as_str()), Ok(zone));
            }
        }
    }
}
