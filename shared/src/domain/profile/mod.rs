//! What a person says about themselves, and how a request changes it.

mod change;
mod names;
mod text;

pub use change::{Change, ProfilePatch};
pub use text::{Bio, PersonName, Username};

use super::locale::{LanguageTag, TimeZoneName};

/// What a person says about themselves; a text that is not given is empty, language and time zone have defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name that they want to be shown by; not unique, and no way to sign in.
    pub username: Username,
    /// The first or given name.
    pub first_name: PersonName,
    /// The last or family name.
    pub last_name: PersonName,
    /// A few lines about themselves.
    pub bio: Bio,
    /// The language to write to them in; `en` where none is given.
    pub language: LanguageTag,
    /// The time zone to show times in; `UTC` where none is given.
    pub timezone: TimeZoneName,
}
