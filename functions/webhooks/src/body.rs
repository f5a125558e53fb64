//! Reads a provider's body: media type, encoding, size.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use shared::http::{media_type, plain_encoding, read};
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
