//! What the pages look like, and where their links lead.

use url::Url;

use super::reader::Reader;
use super::settings as s;

/// The settings of the pages alone; whether there are any is [`super::Public::has_pages`].
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// `PAGES_ACCENT`: red, green and blue.
    pub accent: Option<[u8; 3]>,
    /// `PAGES_LOGO_URL`.
    pub logo: Option<Url>,
    /// `PAGES_TERMS_URL`.
    pub terms: Option<Url>,
    /// `PAGES_PRIVACY_URL`.
    pub privacy: Option<Url>,
    /// `PAGES_HELP_URL`.
    pub help: Option<Url>,
}

impl Pages {
    /// Reads the section.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            accent: reader.optional(&s::PAGES_ACCENT, colour),
            logo: reader.optional(&s::PAGES_LOGO_URL, link),
            terms: reader.optional(&s::PAGES_TERMS_URL, link),
            privacy: reader.optional(&s::PAGES_PRIVACY_URL, link),
            help: reader.optional(&s::PAGES_HELP_URL, link),
        }
    }
}

/// A colour as `#rrggbb`.
fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#')?;
    let mut parts = [0; 3];
    hex::decode_to_slice(digits, &mut parts).ok()?;
    Some(parts)
}

/// The longest link, in characters.
const LONGEST: usize = 2_048;

fn link(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    let short = text.chars().count() <= LONGEST;
    (url.scheme() == "https" && anonymous && short && !text.contains(char::is_whitespace))
        .then_some(url)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("#1f4fd8", Some([0x1f, 0x4f, 0xd8]))]
    #[case("#FFFFFF", Some([255; 3]))]
    #[case("1f4fd8", None)]
    #[case("#fff", None)]
    #[case("#1f4fd80", None)]
    #[case("#1f4fdg", None)]
    #[case("#1f4fd8;}", None)]
    #[case("red", None)]
    fn accent_is_six_digits(#[case] text: &str, #[case] read: Option<[u8; 3]>) {
        assert_eq!(colour(text), read, "{text}");
    }

    #[rstest]
    #[case("https://example.com/terms?x=1#y", true)]
    #[case("http://example.com/", false)]
    #[case("https://jane@example.com/", false)]
    #[case("https://:secret@example.com/", false)]
    #[case("https://exam ple.com/", false)]
    #[case("https://example.com/a\tb", false)]
    #[case("javascript:alert(1)", false)]
    #[case("//example.com/", false)]
    #[case("example.com", false)]
    fn link_is_https_without_credentials(#[case] text: &str, #[case] good: bool) {
        assert_eq!(link(text).is_some(), good, "{text}");
    }

    #[test]
    fn link_has_a_bound() {
        let long = format!("https://example.com/{}", "a".repeat(LONGEST - 20));
        assert!(link(&long).is_some());
        assert!(link(&format!("{long}a")).is_none());
    }
}
