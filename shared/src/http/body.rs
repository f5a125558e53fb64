//! Reads a JSON body: media type, encoding, size, then the object itself.

use axum::body::Body;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::json;
use crate::Error;

/// The most that a JSON route takes, in bytes.
pub const JSON_LIMIT: usize = 16 * 1024;

/// A JSON object from a request's body, read strictly; its fields are judged by [`JsonBody::fields`].
///
/// # Errors
/// 415 for another media type, charset or encoding, then 413, then 400.
#[derive(Debug, Default)]
pub struct JsonBody(Map<String, Value>);

impl JsonBody {
    /// The object's fields, to be taken out one by one.
    #[must_use]
    pub fn fields(self) -> Fields {
        Fields::new(self.0)
    }

    /// A body that must not be empty.
    ///
    /// # Errors
    /// 400 for an empty one.
    pub fn required(body: Option<Self>) -> Result<Self, Error> {
        match body {
            Some(body) => Ok(body),
            None => json::object(&[]).map(Self),
        }
    }

    /// The object as it is, for signed bodies that are judged elsewhere.
    #[must_use]
    pub fn into_object(self) -> Map<String, Value> {
        self.0
    }
}

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        json::object(&json_bytes(request).await?).map(Self)
    }
}

/// `None` for an empty body.
impl<S: Sync> OptionalFromRequest<S> for JsonBody {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Error> {
        let bytes = json_bytes(request).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        json::object(&bytes).map(|object| Some(Self(object)))
    }
}

async fn json_bytes(request: Request) -> Result<bytes::Bytes, Error> {
    let (parts, body) = request.into_parts();
    plain_encoding(&parts.headers)?;
    // A content type is asked for only where there is a body.
    let is_empty = body.is_end_stream() || body.size_hint().exact() == Some(0);
    if !is_empty || declared(&parts.headers).is_some_and(|length| length > 0) {
        json_type(&parts.headers)?;
    }
    read(&parts.headers, body, JSON_LIMIT).await
}

/// Reads a body of at most `limit` bytes; one that is declared larger is not looked at.
///
/// # Errors
/// 413 for a larger one.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<bytes::Bytes, Error> {
    if declared(headers).is_some_and(|length| length > limit) {
        return Err(Error::PayloadTooLarge { limit });
    }
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::PayloadTooLarge { limit }),
        Err(_) => Err(Error::Malformed("The body ended early.".into())),
    }
}

/// How long the request says that its body is.
fn declared(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?;
    length.parse().ok()
}

/// Refuses a body that is packed: what unpacks may grow without bound.
///
/// # Errors
/// 415 for any `Content-Encoding`.
pub fn plain_encoding(headers: &HeaderMap) -> Result<(), Error> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Error::UnsupportedMediaType(
            "Send the body without a Content-Encoding.".into(),
        ));
    }
    Ok(())
}

fn json_type(headers: &HeaderMap) -> Result<(), Error> {
    if media_type(headers).as_deref() == Some("application/json") {
        Ok(())
    } else {
        Err(Error::UnsupportedMediaType(
            "Send Content-Type: application/json, in UTF-8.".into(),
        ))
    }
}

/// The one media type of a request, in lower case, if its charset is UTF-8 or not given (RFC 9110 section 8.3.1).
#[must_use]
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    // A comma: two headers, joined by the gateway.
    let text = only.to_str().ok().filter(|text| !text.contains(','))?;
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next()?.to_ascii_lowercase();
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
        }
        Some(_) => true,
        None => parameter.is_empty(),
    });
    is_utf8.then_some(essence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("application/json", true)]
    #[case("Application/JSON; Charset=\"UTF-8\"", true)]
    #[case("application/json;charset=utf-8;", true)]
    #[case("application/json; charset=utf-16", false)]
    #[case("application/json; charset=utf-8; charset=utf-16", false)]
    #[case("application/json, text/plain", false)]
    #[case("application/jsonp", false)]
    #[case("application/problem+json", false)]
    #[case("text/plain", false)]
    #[case("multipart/form-data; boundary=x", false)]
    #[case("", false)]
    fn only_json_in_utf_8_is_json(#[case] media_type: &'static str, #[case] taken: bool) {
        let value = axum::http::HeaderValue::from_static(media_type);
        let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value.clone())]);
        assert_eq!(json_type(&headers).is_ok(), taken);
        headers.append(header::CONTENT_TYPE, value);
        assert!(json_type(&headers).is_err(), "twice");
    }

    #[tokio::test]
    async fn one_byte_more_than_the_limit_is_too_large() {
        let none = HeaderMap::new();
        assert!(read(&none, Body::from(vec![b' '; 10]), 10).await.is_ok());
        assert!(matches!(
            read(&none, Body::from(vec![b' '; 11]), 10).await,
            Err(Error::PayloadTooLarge { limit: 10 })
        ));
    }

    #[rstest]
    #[case("10", true)]
    #[case("11", false)]
    #[case("12000000", false)]
    #[case("1, 2", true)]
    #[case("many", true)]
    #[tokio::test]
    async fn what_is_declared_too_large_is_refused_unseen(
        #[case] length: &'static str,
        #[case] is_read: bool,
    ) {
        let length = axum::http::HeaderValue::from_static(length);
        let headers = HeaderMap::from_iter([(header::CONTENT_LENGTH, length)]);
        let outcome = read(&headers, Body::empty(), 10).await;
        assert_eq!(outcome.is_ok(), is_read, "{outcome:?}");
    }
}
