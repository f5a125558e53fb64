//! Language tags.

use icu_locale_core::Locale;
use icu_locale_core::subtags::{Language, Region, Script};

use super::subtags;
use crate::domain::InvalidValue;

/// A language tag (BCP 47, RFC 5646) in its canonical form: `de`, `pt-BR`, `zh-Hant-TW`.
///
/// Language, script and region are registered or for private use; the default is `en`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LanguageTag(String);

impl LanguageTag {
    /// The most characters of a tag. RFC 5646 section 4.4.1 asks for room for 35; Android's tags with regional
    /// preferences (`en-US-u-fw-mon-hc-h23-mu-celsius-…`) take more.
    pub const MAX_CHARS: usize = 100;

    /// Reads a tag in any case, with `-` or `_` between the subtags; deprecated subtags become the preferred ones (`iw`
    /// is `he`), and so do whole tags (`i-klingon` is `tlh`).
    ///
    /// # Errors
    /// `invalid_language` when the tag is longer than [`Self::MAX_CHARS`], not well-formed, or has a language, script
    /// or region that the IANA registry does not know and does not leave to private use.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        canonical(text).map(Self).ok_or_else(|| {
            InvalidValue::new(
                "invalid_language",
                format!(
                    "Expected a BCP 47 language tag of at most {} characters, such as de or pt-BR.",
                    Self::MAX_CHARS
                ),
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
    if text.len() > LanguageTag::MAX_CHARS {
        return None;
    }
    // Java, POSIX and ICU write zh_TW.
    let text = text.replace('_', "-");
    if let Some(preferred) = subtags::whole(&text) {
        return Some(preferred.to_owned());
    }
    if let Some(private) = private(&text) {
        return Some(private);
    }
    let mut locale = Locale::try_from_str(without_macrolanguage(&text)).ok()?;
    let id = &mut locale.id;
    id.language = Language::try_from_str(subtags::language(id.language.as_str())?).ok()?;
    if let Some(script) = &mut id.script {
        *script = Script::try_from_str(subtags::script(script.as_str())?).ok()?;
    }
    if let Some(region) = &mut id.region {
        *region = Region::try_from_str(subtags::region(region.as_str())?).ok()?;
    }
    let tag = locale.to_string();
    (tag.len() <= LanguageTag::MAX_CHARS).then_some(tag)
}

/// A tag for private use as a whole, `x-` and subtags of one to eight letters and digits (RFC 5646 section 2.2.7). The
/// parser knows them behind a language only.
fn private(text: &str) -> Option<String> {
    let tag = text.to_ascii_lowercase();
    let is_subtag = |subtag: &str| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let subtags = tag.strip_prefix("x-")?;
    subtags.split('-').all(is_subtag).then_some(tag)
}

/// An extended language subtag stands alone in the canonical form: `zh-yue` is `yue` (RFC 5646 section 4.5).
fn without_macrolanguage(text: &str) -> &str {
    let extended = text.split_once('-').filter(|(first, rest)| {
        let second = rest.split('-').next().unwrap_or_default();
        subtags::extends(&second.to_ascii_lowercase())
            .is_some_and(|macrolanguage| macrolanguage.eq_ignore_ascii_case(first))
    });
    extended.map_or(text, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Option<String> {
        LanguageTag::parse(text).ok().map(|tag| tag.0)
    }

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
            ("und-Latn", "und-Latn"),
            ("zh_TW", "zh-TW"),
            ("zh_Hant_TW", "zh-Hant-TW"),
            ("en_us-POSIX", "en-US-posix"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(tag), "{text}");
        }
        assert_eq!(LanguageTag::parse("en"), Ok(LanguageTag::default()));
    }

    /// RFC 5646 section 2.2.4 and its likes.
    #[test]
    fn private_use_is_taken() {
        for tag in [
            "en-XA", // Android's pseudo-locales
            "ar-XB",
            "en-AA",
            "en-QM",
            "en-QZ",
            "en-XZ",
            "en-ZZ",
            "de-Qaaa",
            "de-Qabx-DE",
            "qaa",
            "qtz-Qaaa-QM-x-southern",
            "x-private",
            "x-a-b-12345678",
            "de-x-a",
        ] {
            assert_eq!(parse(tag).as_deref(), Some(tag));
            assert_eq!(parse(&tag.to_ascii_uppercase()).as_deref(), Some(tag));
        }
        for text in [
            "en-QL",
            "en-WZ",
            "en-XX1",
            "de-Qaby",
            "de-Qabz",
            "qua1",
            "quaa",
            "x",
            "x-",
            "x--a",
            "x-123456789",
            "x-é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    /// RFC 5646 section 2.2.8, and 4.5 for their canonical forms.
    #[test]
    fn grandfathered_tags_are_taken() {
        for (text, tag) in [
            ("i-klingon", "tlh"),
            ("I-LUX", "lb"),
            ("en-gb-oed", "en-GB-oxendict"),
            ("art-lojban", "jbo"),
            ("zh-min-nan", "nan"),
            ("zh-min", "zh-min"),
            ("CEL-Gaulish", "cel-gaulish"),
            ("i-default", "i-default"),
            ("no-bok", "nb"),
            ("sgn-BE-FR", "sfb"),
            ("sgn_us", "ase"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(tag), "{text}");
            assert_eq!(parse(tag).as_deref(), Some(tag), "{tag}");
        }
    }

    #[test]
    fn every_locale_of_cldr_is_taken() {
        let locales = include_str!("cldr.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split(' '));
        let mut count = 0;
        for locale in locales {
            let tag = parse(locale).unwrap_or_else(|| panic!("{locale} is refused"));
            assert!(tag.eq_ignore_ascii_case(locale), "{locale} became {tag}");
            assert_eq!(parse(&locale.replace('-', "_")), Some(tag));
            count += 1;
        }
        assert_eq!(count, 1_147);
    }

    /// What a tag of Android with regional preferences looks like.
    #[test]
    fn extensions_are_kept() {
        let tag = "en-US-u-ca-buddhist-fw-sun-hc-h23-mu-celsius-nu-latn";
        assert_eq!(parse(tag).as_deref(), Some(tag));
    }

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
            "en-",
            "-en",
            "en--US",
            "en_",
            "_en",
            "en__US",
            "en_US.UTF-8",
            "de_DE@euro",
            "en-yue",
            "ar-yue",
            "zh-eng",
            "zh-yue-cmn",
            "zh-",
            "en-UK",
            "de-Xxxx",
            "root",
            "C",
            "i-nothing",
            " en",
            "en\n",
            "en\0",
            "dé",
            "ｅｎ",
            "*",
            "en;q=1",
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
    fn the_length_is_bounded() {
        let tag = format!("de-x{}", "-abcdefg".repeat(12));
        assert_eq!(tag.len(), LanguageTag::MAX_CHARS);
        assert_eq!(parse(&tag), Some(tag.clone()));
        assert_eq!(parse(&format!("{tag}h")), None);
    }

    proptest! {
        #[test]
        fn a_canonical_tag_is_a_fixed_point(
            text in prop_oneof![
                any::<String>(),
                "[a-zA-Z]{2,3}([-_][A-Za-z]{4})?([-_][A-Za-z]{2})?([-_][a-z0-9]{5,8}){0,2}",
                "(zh|ar|sgn)-[a-z]{3}(-[A-Z]{2})?",
            ]
        ) {
            if let Ok(tag) = LanguageTag::parse(&text) {
                prop_assert_eq!(LanguageTag::parse(tag.as_str()), Ok(tag.clone()));
                prop_assert!(tag.as_str().is_ascii() && tag.as_str().len() <= LanguageTag::MAX_CHARS);
            }
        }
    }
}
