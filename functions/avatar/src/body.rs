//! The one file of a request: the body itself, or the field `avatar` of a form (RFC 7578).

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::stream;
use multer::{Constraints, Multipart, SizeLimit};
use shared::{Error, Result, http};

/// The most bytes of a picture that the API takes. The gateway takes 6 MiB, a third of which base64 adds.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The most that a form adds to its file: boundaries, part headers, small fields.
const FORM: usize = 64 * 1024;

/// The most parts of a form that are looked at.
const PARTS: usize = 32;

/// The most bytes of one part's headers.
const PART_HEADERS: usize = 8 * 1024;

/// The file's name, its declared type and everything else that came with it are not kept: nothing depends on them.
pub(crate) struct OneFile(pub(crate) Bytes);

impl<S: Sync> FromRequest<S> for OneFile {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (parts, body) = request.into_parts();
        http::plain_encoding(&parts.headers)?;
        let mut types = parts.headers.get_all(header::CONTENT_TYPE).iter();
        let declared = types.next().filter(|_| types.next().is_none());
        let declared = declared
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = declared
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if essence == "multipart/form-data" {
            form(&parts.headers, declared, body).await.map(Self)
        } else if essence.starts_with("image/") {
            http::read(&parts.headers, body, MAX_BYTES).await.map(Self)
        } else {
            Err(Error::UnsupportedMediaType(
                "Send multipart/form-data with the field avatar, or the picture itself as image/*."
                    .into(),
            ))
        }
    }
}

async fn form(headers: &HeaderMap, declared: &str, body: Body) -> Result<Bytes> {
    let boundary = multer::parse_boundary(declared)
        .map_err(|_| Error::Malformed("The form's Content-Type has no boundary.".into()))?;
    let whole = match http::read(headers, body, MAX_BYTES + FORM).await {
        Err(Error::PayloadTooLarge { .. }) => {
            return Err(Error::PayloadTooLarge { limit: MAX_BYTES });
        }
        read => read?,
    };
    let whole = stream::once(async { Ok::<_, std::convert::Infallible>(whole) });
    let sizes = SizeLimit::new().per_field(MAX_BYTES as u64);
    let mut form =
        Multipart::with_constraints(whole, boundary, Constraints::new().size_limit(sizes));
    let mut file = None;
    let mut parts = 0;
    while let Some(part) = form.next_field().await.map_err(refusal)? {
        parts += 1;
        if parts > PARTS {
            return Err(too_many("The form has too many parts."));
        }
        let headers: usize = part.headers().values().map(|value| value.len()).sum();
        if headers > PART_HEADERS {
            return Err(Error::Malformed(
                "The headers of a part of the form are too long.".into(),
            ));
        }
        let nested = part
            .content_type()
            .is_some_and(|kind| kind.type_() == "multipart");
        let ours = part.name() == Some("avatar");
        if nested || (file.is_some() && (ours || part.file_name().is_some())) {
            return Err(too_many("Send exactly one file."));
        }
        if ours {
            file = Some(part.bytes().await.map_err(refusal)?);
        } else if part.file_name().is_some() {
            return Err(too_many(
                "The file belongs into the field avatar, and is the only one.",
            ));
        }
    }
    file.ok_or_else(|| {
        Error::field(
            "/avatar",
            "required",
            "Send the picture in the field avatar.",
        )
    })
}

fn too_many(detail: &'static str) -> Error {
    Error::field("/avatar", "one_file", detail)
}

fn refusal(error: multer::Error) -> Error {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            Error::PayloadTooLarge { limit: MAX_BYTES }
        }
        _ => Error::Malformed("The form cannot be read, or ends early.".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(headers: &str, content: &[u8]) -> Vec<u8> {
        [
            b"--x\r\n",
            headers.as_bytes(),
            b"\r\n\r\n",
            content,
            b"\r\n",
        ]
        .concat()
    }

    async fn send(declared: &str, body: Vec<u8>) -> Result<Vec<u8>, Error> {
        let request = Request::builder()
            .header(header::CONTENT_TYPE, declared)
            .body(Body::from(body))
            .unwrap();
        OneFile::from_request(request, &())
            .await
            .map(|file| file.0.to_vec())
    }

    async fn send_form(parts: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
        let body = [parts.concat(), b"--x--\r\n".to_vec()].concat();
        send("multipart/form-data; boundary=x", body).await
    }

    const FILE: &str = "Content-Disposition: form-data; name=\"avatar\"; filename=\"a.png\"\r\nContent-Type: image/png";

    #[tokio::test]
    async fn one_file_is_taken_whatever_it_is_called() {
        for name in [
            "../../x",
            "a\u{202e}gnp.exe",
            &"x".repeat(1024),
            "a.png%00.jpg",
        ] {
            let headers =
                format!("Content-Disposition: form-data; name=\"avatar\"; filename=\"{name}\"");
            assert_eq!(
                send_form(&[part(&headers, b"picture")]).await.unwrap(),
                b"picture",
                "{name}"
            );
        }
        assert_eq!(
            send("image/png", b"picture".to_vec()).await.unwrap(),
            b"picture"
        );
        assert_eq!(
            send("IMAGE/anything; q=1", b"picture".to_vec())
                .await
                .unwrap(),
            b"picture"
        );
        let other = part(
            "Content-Disposition: form-data; name=\"user_id\"",
            b"usr_other",
        );
        assert_eq!(
            send_form(&[other, part(FILE, b"picture")]).await.unwrap(),
            b"picture"
        );
    }

    #[tokio::test]
    async fn anything_but_one_file_is_refused() {
        let file = part(FILE, b"picture");
        let elsewhere = part(
            "Content-Disposition: form-data; name=\"b\"; filename=\"b.png\"",
            b"picture",
        );
        let nested = part(
            "Content-Disposition: form-data; name=\"avatar\"\r\nContent-Type: multipart/mixed; boundary=y",
            b"--y--",
        );
        let field = part("Content-Disposition: form-data; name=\"z\"", b"");
        for parts in [
            vec![file.clone(), file.clone()],
            vec![file.clone(), elsewhere.clone()],
            vec![elsewhere],
            vec![nested],
            vec![],
            vec![field; 10_000],
        ] {
            let outcome = send_form(&parts).await;
            assert!(
                matches!(outcome, Err(Error::Invalid(_) | Error::Malformed(_))),
                "{outcome:?}"
            );
        }
    }

    #[tokio::test]
    async fn broken_forms_and_other_types_are_refused() {
        let whole = [part(FILE, b"picture"), b"--x--\r\n".to_vec()].concat();
        let cut = send(
            "multipart/form-data; boundary=x",
            whole[..whole.len() - 12].to_vec(),
        )
        .await;
        assert!(matches!(cut, Err(Error::Malformed(_))), "{cut:?}");
        let without = send("multipart/form-data", whole.clone()).await;
        assert!(matches!(without, Err(Error::Malformed(_))), "{without:?}");
        let huge = part(&format!("{FILE}\r\nX: {}", "x".repeat(100_000)), b"");
        assert!(send_form(&[huge]).await.is_err());
        for declared in [
            "",
            "application/octet-stream",
            "text/html",
            "multipart/mixed; boundary=x",
            "imagery/png",
        ] {
            let outcome = send(declared, whole.clone()).await;
            assert!(
                matches!(outcome, Err(Error::UnsupportedMediaType(_))),
                "{declared}: {outcome:?}"
            );
        }
    }

    #[tokio::test]
    async fn four_mebibytes_are_the_most() {
        for (bytes, taken) in [
            (MAX_BYTES, true),
            (MAX_BYTES + 1, false),
            (5_000_000, false),
        ] {
            let raw = send("image/png", vec![0; bytes]).await;
            let form = send_form(&[part(FILE, &vec![0; bytes])]).await;
            for outcome in [raw, form] {
                match outcome {
                    Ok(file) => assert!(taken && file.len() == bytes, "{bytes}"),
                    Err(Error::PayloadTooLarge { limit }) => assert!(!taken && limit == MAX_BYTES),
                    Err(other) => panic!("{bytes}: {other:?}"),
                }
            }
        }
    }
}
