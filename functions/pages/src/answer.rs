//! Pages and files as answers: what browsers may do with them, and how long they may keep them.

use std::io::Write as _;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use shared::messaging::Language;
use url::Url;

use crate::assets::Asset;
use crate::render::Page;

/// What a page may load: its own files, nothing inline, pictures from where they are, and no text as a script.
pub(crate) struct Policy(HeaderValue);

impl Policy {
    /// The policy with the origins of people's pictures and of the operator's logo.
    pub(crate) fn new(pictures: &str, logo: Option<&Url>) -> Self {
        let pictures = Url::parse(pictures).ok();
        let origins: String = [pictures.as_ref(), logo]
            .into_iter()
            .flatten()
            .map(|url| format!(" {}", url.origin().ascii_serialization()))
            .collect();
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:{origins}; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        );
        // Origins are visible ASCII; a header that was none would let a page do anything.
        Self(
            HeaderValue::from_str(&policy)
                .unwrap_or(HeaderValue::from_static("default-src 'none'")),
        )
    }
}

/// Passkeys and codes out of text messages are for the page itself, not for what it might embed; nothing here needs more.
const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self), otp-credentials=(self), \
                           camera=(), microphone=(), geolocation=(), payment=(), usb=()";

/// A page, asked for anew each time: it names the files of its version.
pub(crate) fn page(
    html: &str,
    page: Page,
    language: Language,
    policy: &Policy,
    asked: &HeaderMap,
) -> Response {
    let fixed = [
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_LANGUAGE, language.tag()),
        // A form that is sent says where it comes from, and nobody else learns where somebody was.
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    ];
    let varies = if page.is_translated() {
        "Accept-Language, Cookie, Accept-Encoding"
    } else {
        "Accept-Encoding"
    };
    let mut response = text(html, "text/html; charset=utf-8", varies, asked);
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.0.clone());
    response
}

/// A file: for good under its present name, and for this once under an earlier one.
pub(crate) fn asset(asset: &Asset, is_current: bool, asked: &HeaderMap) -> Response {
    let kept = if is_current {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    let mut response = text(&asset.text, asset.kind, "Accept-Encoding", asked);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// A text, compressed where the client takes that: API Gateway sends what it is given.
fn text(text: &str, kind: &'static str, varies: &'static str, asked: &HeaderMap) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::VARY, varies)];
    if takes_gzip(asked)
        && let Ok(compressed) = gzip(text)
    {
        let encoding = [(header::CONTENT_ENCODING, "gzip")];
        return (headers, encoding, Body::from(compressed)).into_response();
    }
    (headers, text.to_owned()).into_response()
}

fn gzip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

/// Whether `Accept-Encoding` (RFC 9110, section 12.5.3) names gzip, with a weight other than zero.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(header::ACCEPT_ENCODING).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            named && weight.is_none_or(|q| q.parse::<f32>().is_ok_and(|q| q > 0.0))
        })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("gzip, deflate, br, zstd", true)]
    #[case("br;q=1.0, GZIP;q=0.5", true)]
    #[case("gzip;q=0", false)]
    #[case("gzip; q=0.0", false)]
    #[case("gzip;q=x", false)]
    #[case("x-gzip", false)]
    #[case("identity", false)]
    #[case("", false)]
    fn gzip_is_for_who_takes_it(#[case] header: &'static str, #[case] takes: bool) {
        let mut asked = HeaderMap::new();
        asked.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(header));
        assert_eq!(takes_gzip(&asked), takes, "{header}");
    }

    #[test]
    fn policy_lets_pictures_come_from_where_they_are() {
        let logo = Url::parse("https://cdn.example.com:8443/logo.svg?x=1").unwrap();
        let Policy(policy) = Policy::new("https://d1.cloudfront.net/avatars", Some(&logo));
        let policy = policy.to_str().unwrap();
        let pictures =
            "; img-src 'self' data: https://d1.cloudfront.net https://cdn.example.com:8443; ";
        assert!(policy.contains(pictures), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
