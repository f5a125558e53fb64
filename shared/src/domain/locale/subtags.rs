//! The subtags that the IANA Language Subtag Registry knows, compiled in, and those that it leaves to private use.

/// The registry's words, in sections by type; the file's head says what was left out.
const REGISTRY: &str = include_str!("subtags.txt");

/// The preferred form of a language subtag: itself, or `he` for the deprecated `iw`. `None` when nobody registered it.
pub(super) fn language(subtag: &str) -> Option<&str> {
    let private = is_within("qaa", subtag, "qtz");
    private
        .then_some(subtag)
        .or_else(|| preferred("[language]", subtag))
}

/// The preferred form of a script subtag, or `None`.
pub(super) fn script(subtag: &str) -> Option<&str> {
    let private = is_within("Qaaa", subtag, "Qabx");
    private
        .then_some(subtag)
        .or_else(|| preferred("[script]", subtag))
}

/// The preferred form of a region subtag, or `None`: `MM` for the deprecated `BU`.
pub(super) fn region(subtag: &str) -> Option<&str> {
    let private = matches!(subtag, "AA" | "ZZ")
        || is_within("QM", subtag, "QZ")
        || is_within("XA", subtag, "XZ");
    private
        .then_some(subtag)
        .or_else(|| registered_region(subtag))
}

/// The preferred form of a region subtag that names a country or a part of the world; private use does not.
pub(super) fn registered_region(subtag: &str) -> Option<&'static str> {
    preferred("[region]", subtag)
}

/// The language that an extended language subtag may follow: `zh` for `yue`.
pub(super) fn extends(subtag: &str) -> Option<&'static str> {
    preferred("[extlang]", subtag)
}

/// The canonical form of a grandfathered or redundant tag, in any case.
pub(super) fn whole(tag: &str) -> Option<&'static str> {
    words("[tag]")
        .find_map(|(known, preferred)| known.eq_ignore_ascii_case(tag).then_some(preferred))
}

/// Whether a subtag has the length and the letters of a range of the registry, such as `qaa..qtz`.
fn is_within(first: &str, subtag: &str, last: &str) -> bool {
    subtag.len() == first.len() && (first..=last).contains(&subtag)
}

fn preferred(section: &str, subtag: &str) -> Option<&'static str> {
    words(section).find_map(|(known, preferred)| (known == subtag).then_some(preferred))
}

fn words(section: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    REGISTRY
        .lines()
        .skip_while(move |line| *line != section)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .flat_map(|line| line.split(' '))
        .map(|word| word.split_once('=').unwrap_or((word, word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_subtags_are_known_in_their_own_section() {
        assert_eq!(language("de"), Some("de"));
        assert_eq!(language("yue"), Some("yue"));
        assert_eq!(language("zzj"), Some("zzj"));
        assert_eq!(script("Latn"), Some("Latn"));
        assert_eq!(
            (region("DE"), region("419"), region("ZW")),
            (Some("DE"), Some("419"), Some("ZW"))
        );
        assert_eq!((extends("yue"), extends("min")), (Some("zh"), Some("ms")));
        for unknown in [
            "xx", "eng", "Latn", "DE", "", "[script]", "iw=he", "#", "q", "qz", "qaaa",
        ] {
            assert_eq!(language(unknown), None, "{unknown}");
        }
        assert_eq!(
            (script("de"), region("de"), region("QL"), region("UK")),
            (None, None, None, None)
        );
    }

    #[test]
    fn private_use_is_known_but_no_country() {
        for private in ["AA", "QM", "QZ", "XA", "XX", "XZ", "ZZ"] {
            assert_eq!(region(private), Some(private));
            assert_eq!(registered_region(private), None);
        }
    }

    #[test]
    fn deprecated_subtags_lead_to_registered_ones() {
        assert_eq!(
            (language("iw"), language("in"), language("mo")),
            (Some("he"), Some("id"), Some("ro"))
        );
        assert_eq!(region("BU"), Some("MM"));
        for (old, new) in words("[language]").chain(words("[region]")) {
            assert!(
                language(new) == Some(new) || region(new) == Some(new),
                "{old}"
            );
        }
        for (subtag, macrolanguage) in words("[extlang]") {
            assert!(language(subtag).is_some(), "{subtag}");
            assert!(language(macrolanguage).is_some(), "{macrolanguage}");
        }
    }
}
