//! What a PUT or PATCH does to a profile, field by field.

use super::{Bio, PersonName, Profile, Username};
use crate::domain::locale::{LanguageTag, TimeZoneName};

/// What a request does to one field.
///
/// Requests give a field as `Option<Option<T>>`: absent, `null`, or a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// The field stays as it is.
    #[default]
    Keep,
    /// The field goes back to what it is in a new profile: empty, `en`, `UTC`.
    Clear,
    /// The field becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// What a PUT means by a field: absent and `null` clear it.
    #[must_use]
    pub fn by_put(given: Option<Option<T>>) -> Self {
        given.flatten().map_or(Self::Clear, Self::Set)
    }

    /// What a PATCH means by a field: absent keeps it, `null` clears it.
    #[must_use]
    pub fn by_patch(given: Option<Option<T>>) -> Self {
        match given {
            None => Self::Keep,
            Some(value) => Self::by_put(Some(value)),
        }
    }

    /// The field after the change.
    #[must_use]
    pub fn applied_to(self, old: &T) -> T
    where
        T: Clone + Default,
    {
        match self {
            Self::Keep => old.clone(),
            Self::Clear => T::default(),
            Self::Set(new) => new,
        }
    }
}

/// A change of a profile; the default changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// See [`Profile::username`].
    pub username: Change<Username>,
    /// See [`Profile::first_name`].
    pub first_name: Change<PersonName>,
    /// See [`Profile::last_name`].
    pub last_name: Change<PersonName>,
    /// See [`Profile::bio`].
    pub bio: Change<Bio>,
    /// See [`Profile::language`].
    pub language: Change<LanguageTag>,
    /// See [`Profile::timezone`].
    pub timezone: Change<TimeZoneName>,
}

impl ProfilePatch {
    /// The profile after the change.
    #[must_use]
    pub fn applied_to(self, old: &Profile) -> Profile {
        Profile {
            username: self.username.applied_to(&old.username),
            first_name: self.first_name.applied_to(&old.first_name),
            last_name: self.last_name.applied_to(&old.last_name),
            bio: self.bio.applied_to(&old.bio),
            language: self.language.applied_to(&old.language),
            timezone: self.timezone.applied_to(&old.timezone),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn old() -> Profile {
        Profile {
            username: Username::parse("jd").unwrap(),
            first_name: PersonName::parse("Jane").unwrap(),
            last_name: PersonName::parse("Doe").unwrap(),
            bio: Bio::parse("Hello").unwrap(),
            language: LanguageTag::parse("de").unwrap(),
            timezone: TimeZoneName::parse("Europe/Berlin").unwrap(),
        }
    }

    /// A request that gives every field the same way, null or not at all, but the username.
    fn patch(username: Change<Username>, given: Option<()>, read: Read) -> ProfilePatch {
        fn of<T>(given: Option<()>, read: Read) -> Change<T> {
            let given = given.map(|()| None);
            match read {
                Read::Put => Change::by_put(given),
                Read::Patch => Change::by_patch(given),
            }
        }
        ProfilePatch {
            username,
            first_name: of(given, read),
            last_name: of(given, read),
            bio: of(given, read),
            language: of(given, read),
            timezone: of(given, read),
        }
    }

    #[derive(Clone, Copy)]
    enum Read {
        Put,
        Patch,
    }

    #[test]
    fn a_put_clears_what_it_does_not_name_and_a_patch_keeps_it() {
        let username = Username::parse("new").unwrap();
        let set = || Change::by_put(Some(Some(username.clone())));
        let cleared = Profile {
            username: username.clone(),
            ..Profile::default()
        };
        let kept = Profile {
            username: username.clone(),
            ..old()
        };
        assert_eq!(patch(set(), None, Read::Put).applied_to(&old()), cleared);
        assert_eq!(
            patch(set(), Some(()), Read::Put).applied_to(&old()),
            cleared
        );
        assert_eq!(
            patch(set(), Some(()), Read::Patch).applied_to(&old()),
            cleared
        );
        assert_eq!(patch(set(), None, Read::Patch).applied_to(&old()), kept);
        assert_eq!(
            (cleared.language.as_str(), cleared.timezone.as_str()),
            ("en", "UTC")
        );
    }

    #[test]
    fn the_default_changes_nothing() {
        assert_eq!(ProfilePatch::default().applied_to(&old()), old());
    }

    proptest! {
        #[test]
        fn a_put_forgets_the_old_value(old: u8, given: Option<Option<u8>>) {
            prop_assert_eq!(Change::by_put(given).applied_to(&old), given.flatten().unwrap_or_default());
        }

        #[test]
        fn a_patch_twice_is_a_patch_once(old: u8, given: Option<Option<u8>>) {
            let once = Change::by_patch(given).applied_to(&old);
            prop_assert_eq!(Change::by_patch(given).applied_to(&once), once);
            prop_assert_eq!(once, given.map_or(old, Option::unwrap_or_default));
        }
    }
}
