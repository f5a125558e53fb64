//! The language that a page is asked for in.

use axum::http::{HeaderMap, header};
use shared::messaging::Language;

/// The cookie in which the sign-in page keeps the language that somebody chose there.
const CHOSEN: &str = "latchkey-language";

/// What was chosen on the page, else what `Accept-Language` asks for, else English.
pub(crate) fn asked_for(headers: &HeaderMap) -> Language {
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    Language::choose(chosen(headers), accepted)
}

fn chosen(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == CHOSEN).then_some(value))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", "", "en")]
    #[case("", "de-AT,de;q=0.9,en;q=0.8", "de")]
    #[case("", "nl, ja;q=0.7, fr;q=0.8", "fr")]
    #[case("", "nl", "en")]
    #[case("", "pt-BR", "pt")]
    #[case("latchkey-language=es", "de", "es")]
    #[case("a=b; latchkey-language=ja; c=d", "", "ja")]
    #[case("latchkey-language=<script>", "de", "de")]
    #[case("other-latchkey-language=es", "de", "de")]
    #[case("latchkey-language", "de", "de")]
    fn language_is_the_chosen_one_before_the_accepted_one(
        #[case] cookie: &'static str,
        #[case] accepted: &'static str,
        #[case] language: &str,
    ) {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
        assert_eq!(asked_for(&headers).tag(), language, "{cookie} {accepted}");
    }
}
