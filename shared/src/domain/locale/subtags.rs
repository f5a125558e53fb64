//! The subtags that the IANA Language Subtag Registry knows, compiled in.

/// The registry's words, in sections by type; the file's head says what was left out.
const REGISTRY: &str = include_str!("subtags.txt");

/// The preferred form of a language subtag: itself, or `he` for the deprecated `iw`. `None` when nobody registered it.
pub(super) fn language(subtag: &str) -> Option<&'static str> {
    preferred("[language]", subtag)
}

/// The preferred form of a script subtag, or `None`.
pub(super) fn script(subtag: &str) -> Option<&'static str> {
    preferred("[script]", subtag)
}

/// The preferred form of a region subtag, or `None`: `MM` for the deprecated `BU`.
pub(super) fn region(subtag: &str) -> Option<&'static str> {
    preferred("[region]", subtag)
}

fn preferred(section: &str, subtag: &str) -> Option<&'static str> {
    REGISTRY
        .lines()
        .skip_while(|line| *line != section)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .flat_map(|line| line.split(' '))
        .map(|word| word.split_once('=').unwrap_or((word, word)))
        .find_map(|(known, preferred)| (known == subtag).then_some(preferred))
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
        for unknown in [
            "xx", "und", "qaa", "eng", "Latn", "DE", "", "[script]", "iw=he", "#",
        ] {
            assert_eq!(language(unknown), None, "{unknown}");
        }
        assert_eq!(
            (script("de"), region("de"), region("XX"), region("UK")),
            (None, None, None, None)
        );
    }

    #[test]
    fn deprecated_subtags_lead_to_registered_ones() {
        assert_eq!(
            (language("iw"), language("in"), language("mo")),
            (Some("he"), Some("id"), Some("ro"))
        );
        assert_eq!(region("BU"), Some("MM"));
        let words = REGISTRY.lines().filter(|line| !line.starts_with('#'));
        let aliases =
            words.flat_map(|line| line.split(' ').filter_map(|word| word.split_once('=')));
        for (old, new) in aliases {
            assert!(
                language(new) == Some(new) || region(new) == Some(new),
                "{old}"
            );
        }
    }
}
