//! Reads a provider's body: media type, encoding, size.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use shared::http::{plain_encoding, read};
use shared::{Error, Result};

/// The most that a callback may hold, in bytes: SendGrid's batches are the largest, far below a megabyte.
const LIMIT: usize = 1024 * 1024;

/// The media type (one of `types`, in lower case), the head and the raw body of a request.
///
/// # Errors
/// 415 for another media type, charset or encoding, then 413.
pub(crate) async fn take<T: Copy>(
    request: Request,
    types: &[(&str, T)],
) -> Result<(T, Parts, Bytes)> {
    let (parts, body) = request.into_parts();
    plain_encoding(&parts.headers)?;
    let kind = media_type(&parts.headers)
        .and_then(|found| types.iter().find(|(name, _)| *name == found))
        .map(|(_, kind)| *kind)
        .ok_or_else(|| {
            Error::UnsupportedMediaType("This webhook takes what its provider sends.".into())
        })?;
    let body = read(&parts.headers, body, LIMIT).await?;
    Ok((kind, parts, body))
}

/// Every value of a header, as text; one that is no text counts as empty, which no signature is.
pub(crate) fn all<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let values = headers.get_all(name).iter();
    values
        .map(|value| value.to_str().unwrap_or_default())
        .collect()
}

/// The one media type, in lower case, if its charset is UTF-8 or not given.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values
        .next()
        .filter(|_| values.next().is_none())?
        .to_str()
        .ok()?;
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next()?.to_ascii_lowercase();
    let utf8 = parts
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| {
            charset
                .trim()
                .trim_matches('"')
                .eq_ignore_ascii_case("utf-8")
        });
    utf8.then_some(essence)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_media_type_is_read_without_its_parameters() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
            }
            media_type(&headers)
        };
        assert_eq!(
            of(&["text/plain; charset=UTF-8"]).as_deref(),
            Some("text/plain")
        );
        assert_eq!(
            of(&["Application/JSON"]).as_deref(),
            Some("application/json")
        );
        assert_eq!(of(&["text/plain; charset=utf-16"]), None);
        assert_eq!(of(&["text/plain", "text/plain"]), None);
        assert_eq!(of(&[]), None);
    }
}
