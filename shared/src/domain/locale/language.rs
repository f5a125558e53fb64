//! Language tags.

use icu_locale_core::Locale;
use icu_locale_core::subtags::{Language, Region, Script};

use super::subtags;
use crate::domain::Fault;

/// The most characters of a tag (RFC 5646 section 4.4.1 asks for room for 35).
const MAX_CHARS: usize = 35;

/// A language tag (BCP 47, RFC 5646) in its canonical form: `de`, `pt-BR`, `zh-Hant-TW`.
///
/// Language, script and region are registered ones; the default is `en`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Reads a tag in any case; deprecated subtags become the preferred ones (`iw` is `he`).
    ///
    /// # Errors
    /// `invalid_language` when the tag is longer than 35 characters, not well-formed, names no language, or has a
    /// language, script or region that the IANA registry does not know.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        canonical(text).map(Self).ok_or_else(|| {
            Fault::new(
                "invalid_language",
                "a BCP 47 language tag of at most 35 characters, like de or pt-BR",
            )
        })
    }

    /// The canonical tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LanguageTag {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

impl std::fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn canonical(text: &str) -> Option<String> {
    // The parser also takes the underscores of UTS 35; BCP 47 knows none.
    if text.len() > MAX_CHARS || text.contains('_') {
        return None;
    }
    let mut locale = Locale::try_from_str(without_macrolanguage(text)).ok()?;
    let id = &mut locale.id;
    id.language = Language::try_from_str(subtags::language(id.language.as_str())?).ok()?;
    if let Some(script) = &mut id.script {
        *script = Script::try_from_str(subtags::script(script.as_str())?).ok()?;
    }
    if let Some(region) = &mut id.region {
        *region = Region::try_from_str(subtags::region(region.as_str())?).ok()?;
    }
    let tag = locale.to_string();
    (tag.len() <= MAX_CHARS).then_some(tag)
}

/// The languages that an extended one may follow, in the registry.
const MACROLANGUAGES: [&str; 8] = ["ar", "kok", "lv", "ms", "sgn", "sw", "uz", "zh"];

/// An extended language subtag stands alone in the canonical form: `zh-yue` is `yue` (RFC 5646 section 4.5).
fn without_macrolanguage(text: &str) -> &str {
    let extended = text.split_once('-').filter(|(first, rest)| {
        let second = rest.split('-').next().unwrap_or_default();
        second.len() == 3
            && second.bytes().all(|byte| byte.is_ascii_alphabetic())
            && MACROLANGUAGES
                .iter()
                .any(|known| first.eq_ignore_ascii_case(known))
    });
    extended.map_or(text, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tag_gets_its_canonical_form() {
        for (text, tag) in [
            ("de", "de"),
            ("DE-de", "de-DE"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("sl-rozaj-biske", "sl-biske-rozaj"),
            ("de-u-co-phonebk", "de-u-co-phonebk"),
            ("iw", "he"),
            ("my-BU", "my-MM"),
            ("yue", "yue"),
            ("zh-YUE", "yue"),
            ("zh-cmn-Hans-CN", "cmn-Hans-CN"),
            ("sgn-ase", "ase"),
        ] {
            assert_eq!(
                LanguageTag::parse(text).map(|tag| tag.0),
                Ok(tag.to_owned()),
                "{text}"
            );
        }
        assert_eq!(LanguageTag::parse("en"), Ok(LanguageTag::default()));
    }

    /// ATTACKS J05.
    #[test]
    fn what_is_no_language_is_refused() {
        let long = format!("en-{}", "a".repeat(1_024));
        for text in [
            "",
            "xx-XX",
            "xx",
            "../../en",
            "en/../x",
            "e",
            "english",
            "en_US",
            "en-",
            "-en",
            "en--US",
            "en-XX",
            "en-yue",
            "zh-eng",
            "zh-",
            "en-UK",
            "de-Xxxx",
            "und",
            "root",
            "x-private",
            "mul",
            "qaa",
            " en",
            "en\n",
            "en\0",
            "dé",
            "ｅｎ",
            "*",
            "en;q=1",
            "i-klingon",
            "en-u-",
            &long,
        ] {
            assert_eq!(
                LanguageTag::parse(text).unwrap_err().code,
                "invalid_language",
                "{text:?}"
            );
        }
    }

    #[test]
    fn at_most_35_characters() {
        let tag = "de-Latn-DE-1996-x-abcdefgh-abcdefgh";
        assert_eq!(tag.len(), 35);
        assert!(LanguageTag::parse(tag).is_ok());
        assert!(LanguageTag::parse(&format!("{tag}-a")).is_err());
    }

    proptest! {
        #[test]
        fn a_canonical_tag_is_a_fixed_point(
            text in prop_oneof![any::<String>(), "[a-zA-Z]{2,3}(-[A-Za-z]{4})?(-[A-Za-z]{2})?(-[a-z0-9]{5,8}){0,2}"]
        ) {
            if let Ok(tag) = LanguageTag::parse(&text) {
                prop_assert_eq!(LanguageTag::parse(tag.as_str()), Ok(tag.clone()));
                prop_assert!(tag.as_str().is_ascii() && tag.as_str().len() <= MAX_CHARS);
            }
        }
    }
}
