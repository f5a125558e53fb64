//! S3: s3s-fs, on disk or in a folder that goes with the cloud.

mod form;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use shared::clock::SharedClock;
use tokio::sync::mpsc::UnboundedSender;

use crate::emulators::hex;
use crate::proxy::Upstream;

/// What the SDK signs with in stage `local`; S3 alone checks it, since a form for uploads is nothing but a signature.
pub(crate) const ACCESS_KEY_ID: &str = "ANOTREAL";
/// The secret to [`ACCESS_KEY_ID`].
pub(crate) const SECRET_ACCESS_KEY: &str = "notrealrnrELgWzOk3IfjzDKtFBhDby";

/// Where the objects of one local cloud are.
#[derive(Clone, Debug)]
pub(crate) struct Buckets {
    root: Arc<Root>,
    bucket: &'static str,
}

/// A folder; one that was made for this cloud only goes with it.
#[derive(Debug)]
struct Root {
    path: PathBuf,
    passing: bool,
}

impl Drop for Root {
    fn drop(&mut self) {
        if self.passing {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

impl Buckets {
    /// The bucket below `data`, or in a folder of its own for the time being.
    pub(crate) fn open(data: Option<&Path>, bucket: &'static str) -> std::io::Result<Self> {
        let path = match data {
            Some(folder) => folder.join("s3"),
            None => std::env::temp_dir().join(format!("latchkey-{}", hex::<8>())),
        };
        std::fs::create_dir_all(path.join(bucket))?;
        let passing = data.is_none();
        Ok(Self {
            root: Arc::new(Root { path, passing }),
            bucket,
        })
    }

    /// What stands under a key, as the CDN before the bucket reads it.
    pub(crate) async fn read(&self, key: &str) -> Option<Vec<u8>> {
        let plain = key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
        if !plain
            || key
                .split('/')
                .any(|part| part.starts_with('.') || part.is_empty())
        {
            return None;
        }
        tokio::fs::read(self.root.path.join(self.bucket).join(key))
            .await
            .ok()
    }

    /// Deletes every object.
    pub(crate) fn empty(&self) -> std::io::Result<()> {
        std::fs::remove_dir_all(&self.root.path)?;
        std::fs::create_dir_all(self.root.path.join(self.bucket))
    }

    /// The engine; `made` hears of every object that was put.
    pub(crate) fn engine(
        &self,
        made: UnboundedSender<ObjectMade>,
        clock: SharedClock,
    ) -> Result<S3, String> {
        let files = FileSystem::new(&self.root.path).map_err(|error| format!("{error:?}"))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
        let mut config = S3Config::default();
        // The engine reads the machine's clock and our forms are made by ours, which the development API moves: how
        // long a form is good for is looked at here.
        config.presigned_url_max_skew_time_secs = u32::MAX;
        config.form_max_fields_size = LARGEST_FORM;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        Ok(S3 {
            service: builder.build(),
            made,
            clock,
        })
    }
}

/// An object was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectMade {
    pub(crate) key: String,
    pub(crate) size: usize,
    /// `ObjectCreated:Put` or `ObjectCreated:Post`.
    pub(crate) event: &'static str,
}

/// The engine behind the proxy.
pub(crate) struct S3 {
    service: S3Service,
    made: UnboundedSender<ObjectMade>,
    clock: SharedClock,
}

impl Upstream for S3 {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let made = made(&request);
        let is_form = made.as_ref().is_some_and(|made| made.event == POSTED);
        if is_form && form::expired(request.body(), self.clock.now()) {
            return Ok(denied("Invalid according to Policy: Policy expired."));
        }
        let response = self
            .service
            .call(request.map(s3s::Body::from))
            .await
            .map_err(|error| format!("{error:?}"))?;
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| error.to_string())?
            .to_bytes();
        if is_form && form::breaks_its_policy(parts.status, &body) {
            return Ok(denied(
                "Invalid according to Policy: Policy Condition failed.",
            ));
        }
        if let Some(made) = made.filter(|_| parts.status.is_success()) {
            // Nobody listens any more when the cloud ends.
            let _ = self.made.send(made);
        }
        Ok(Response::from_parts(parts, body))
    }
}

/// The event of an object that came by a form.
const POSTED: &str = "ObjectCreated:Post";

/// The largest form, in bytes: a file of 20 MiB, and what is around it.
const LARGEST_FORM: usize = 21 << 20;

/// S3's own refusal (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
fn denied(message: &str) -> Response<Bytes> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"
    );
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::FORBIDDEN;
    let xml = HeaderValue::from_static("application/xml");
    response.headers_mut().insert(header::CONTENT_TYPE, xml);
    response
}

/// What a call makes if it succeeds.
fn made(request: &Request<Bytes>) -> Option<ObjectMade> {
    let (_, key) = request
        .uri()
        .path()
        .strip_prefix('/')?
        .split_once('/')
        .unwrap_or_default();
    match *request.method() {
        Method::PUT if !key.is_empty() => Some(ObjectMade {
            key: key.to_owned(),
            size: request.body().len(),
            event: "ObjectCreated:Put",
        }),
        Method::POST if key.is_empty() && request.uri().query().is_none() => {
            let (key, size) = form::key_and_size(request.body())?;
            Some(ObjectMade {
                key,
                size,
                event: POSTED,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> (
        Buckets,
        S3,
        tokio::sync::mpsc::UnboundedReceiver<ObjectMade>,
    ) {
        let buckets = Buckets::open(None, "avatars").unwrap();
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let clock = Arc::new(crate::clock::LocalClock::default());
        let engine = buckets.engine(sender, clock).unwrap();
        (buckets, engine, receiver)
    }

    #[tokio::test]
    async fn an_object_without_a_signature_is_refused() {
        let (buckets, s3, mut made) = engine();
        let put = Request::put("/avatars/avatars/a")
            .header("host", "127.0.0.1")
            .body(Bytes::from_static(b"x"))
            .unwrap();
        assert_eq!(s3.answer(put).await.unwrap().status(), 403);
        assert_eq!(buckets.read("avatars/a").await, None);
        assert!(made.try_recv().is_err());
    }

    #[tokio::test]
    async fn the_cdn_reads_plain_keys_only() {
        let (buckets, ..) = engine();
        let file = buckets.root.path.join("avatars/k");
        std::fs::write(file, b"x").unwrap();
        assert_eq!(buckets.read("k").await.as_deref(), Some(&b"x"[..]));
        for key in ["../avatars/k", "/k", "./k", ".hidden", "k%00", ""] {
            assert_eq!(buckets.read(key).await, None, "{key}");
        }
    }

    #[test]
    fn a_passing_folder_goes_with_the_last_handle() {
        let buckets = Buckets::open(None, "avatars").unwrap();
        let path = buckets.root.path.clone();
        assert!(path.join("avatars").is_dir());
        drop(buckets);
        assert!(!path.exists());
    }
}
