//! The languages that messages exist in, and the choice among them.

use jiff::civil::Date;

/// A language that every message exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, which everybody gets whose language we do not have.
    #[default]
    English,
    German,
    Spanish,
    French,
    /// Portuguese, as in Brazil.
    Portuguese,
    Japanese,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::English,
        Self::German,
        Self::Spanish,
        Self::French,
        Self::Portuguese,
        Self::Japanese,
    ];

    /// The primary language subtag (BCP 47), which is also the name of the folder under `messages/`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Portuguese => "pt",
            Self::Japanese => "ja",
        }
    }

    /// The language of a BCP 47 tag, by its primary subtag: `de-AT` is German. `None` for one that we do not have.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The language of a text message. Japanese is not in the alphabet of a single SMS; its readers get English.
    #[must_use]
    pub fn in_texts(self) -> Self {
        match self {
            Self::Japanese => Self::English,
            other => other,
        }
    }

    /// A day as the language writes it: `30 December 2026`, `2026年12月30日`.
    #[must_use]
    pub fn date(self, date: Date) -> String {
        let (day, year) = (date.day(), date.year());
        let month = usize::try_from(date.month() - 1).unwrap_or_default();
        let named = |months: [&'static str; 12]| months[month.min(11)];
        match self {
            Self::English => format!("{day} {} {year}", named(ENGLISH)),
            Self::German => format!("{day}. {} {year}", named(GERMAN)),
            Self::Spanish => format!("{day} de {} de {year}", named(SPANISH)),
            Self::French if day == 1 => format!("1er {} {year}", named(FRENCH)),
            Self::French => format!("{day} {} {year}", named(FRENCH)),
            Self::Portuguese => format!("{day} de {} de {year}", named(PORTUGUESE)),
            Self::Japanese => format!("{year}年{}月{day}日", date.month()),
        }
    }

    /// The language for a message: the one that the request names, else the first that we have of `Accept-Language`
    /// (RFC 9110 section 12.5.4, heaviest first), else English.
    #[must_use]
    pub fn choose(locale: Option<&str>, accept_language: Option<&str>) -> Self {
        locale
            .and_then(Self::of_tag)
            .or_else(|| accept_language.and_then(Self::first_accepted))
            .unwrap_or_default()
    }

    fn first_accepted(header: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        // A browser names a handful; the bound keeps a hostile header cheap.
        for range in header.split(',').take(32) {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(Some(1.0), |q| q.trim().parse::<f32>().ok())
                .filter(|q| *q > 0.0 && *q <= 1.0);
            if let (Some(language), Some(weight)) = (Self::of_tag(tag), weight)
                && best.is_none_or(|(_, heaviest)| weight > heaviest)
            {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }
}

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const GERMAN: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const SPANISH: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const FRENCH: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const PORTUGUESE: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_reads_as_its_language_writes_it() {
        let day = jiff::civil::date(2026, 12, 30);
        let dates = Language::ALL.map(|language| language.date(day));
        assert_eq!(
            dates,
            [
                "30 December 2026",
                "30. Dezember 2026",
                "30 de diciembre de 2026",
                "30 décembre 2026",
                "30 de dezembro de 2026",
                "2026年12月30日",
            ]
        );
        let first = jiff::civil::date(2027, 1, 1);
        assert_eq!(Language::French.date(first), "1er janvier 2027");
    }

    #[test]
    fn the_request_decides_then_the_browser_then_english() {
        use Language::{English, German};
        for (locale, header, expected) in [
            (Some("de"), Some("en"), German),
            (Some("de-AT"), None, German),
            (Some("DE_ch"), None, German),
            (Some("xx"), Some("de"), German),
            (None, Some("xx, de;q=0.3, en;q=0.8"), English),
            (None, Some("xx, de;q=0.9, en;q=0.8"), German),
            (None, Some("de;q=0, en;q=0.1"), English),
            (None, Some("de;q=7, ;;;,q=,,"), English),
            (None, Some("*"), English),
            (None, None, English),
        ] {
            assert_eq!(
                Language::choose(locale, header),
                expected,
                "{locale:?} {header:?}"
            );
        }
    }
}
