//! The language to write to a person in.

use super::LanguageTag;

/// The most ranges of an `Accept-Language` header that are looked at.
const MAX_RANGES: usize = 32;

/// The one of the `available` languages that suits best: by the request's own `locale`, else by the header
/// `Accept-Language` (RFC 9110 section 12.5.4), each by lookup (RFC 4647 section 3.4: `de-AT` finds `de`).
///
/// `None` when none suits. The header is only a hint: what cannot be read in it is passed over.
#[must_use]
pub fn choose_language<'a>(
    locale: Option<&LanguageTag>,
    accept_language: Option<&str>,
    available: &[&'a str],
) -> Option<&'a str> {
    let accepted = accept_language.map(ranges).unwrap_or_default();
    locale
        .map(LanguageTag::as_str)
        .into_iter()
        .chain(accepted)
        .find_map(|range| lookup(range, available))
}

/// The ranges of an `Accept-Language` header, the most wanted first, without the ones that it excludes.
fn ranges(header: &str) -> Vec<&str> {
    let mut weighted: Vec<(u16, &str)> = header
        .split(',')
        .take(MAX_RANGES)
        .filter_map(|item| {
            let (range, weight) = match item.split_once(';') {
                Some((range, parameter)) => (range, thousandths(parameter)?),
                None => (item, 1_000),
            };
            (weight > 0).then_some((weight, range.trim()))
        })
        .collect();
    weighted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    weighted.into_iter().map(|(_, range)| range).collect()
}

/// The weight `q=0.8` as 800.
fn thousandths(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.trim().split_once('=')?;
    let weight = value.trim().parse::<f32>().ok()?;
    let is_weight = name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&weight);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1000, as just checked"
    )]
    is_weight.then_some((weight * 1_000.0).round() as u16)
}

/// The available language that equals the range, or the range cut shorter subtag by subtag.
fn lookup<'a>(range: &str, available: &[&'a str]) -> Option<&'a str> {
    let mut range = range;
    loop {
        let found = available.iter().find(|tag| tag.eq_ignore_ascii_case(range));
        if let Some(tag) = found {
            return Some(*tag);
        }
        range = range.rsplit_once('-')?.0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OURS: [&str; 4] = ["en", "de", "pt", "zh-Hant"];

    fn choose(locale: &str, header: &str) -> Option<&'static str> {
        let locale = LanguageTag::parse(locale).ok();
        choose_language(locale.as_ref(), Some(header), &OURS)
    }

    #[test]
    fn the_locale_goes_before_the_header() {
        assert_eq!(choose("de-AT", "pt"), Some("de"));
        assert_eq!(choose("zh-Hant-TW", "pt"), Some("zh-Hant"));
        assert_eq!(choose("ja", "pt"), Some("pt"));
        assert_eq!(choose("ja", "ko"), None);
        assert_eq!(choose_language(None, None, &OURS), None);
    }

    #[test]
    fn the_header_is_read_by_weight() {
        for (header, language) in [
            ("de;q=0.5, pt-BR;q=0.8, ja", Some("pt")),
            ("DE, en", Some("de")),
            ("en;q=0, de;q=0.001", Some("de")),
            ("en;q=0", None),
            ("*, de;q=0.1", Some("de")),
            ("en;q=2, en;q=x, en;x, ;;;, -, de", Some("de")),
            ("", None),
            ("zh", None),
        ] {
            assert_eq!(choose("", header), language, "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_survived(header: String) {
            let chosen = choose("", &header);
            prop_assert!(chosen.is_none_or(|language| OURS.contains(&language)));
        }
    }
}
