//! Decoding on a thread of its own, one picture at a time, so that memory has one bound.

use shared::domain::picture::{Picture, Refusal};
use shared::{Error, Result};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

pub(crate) struct Decoder {
    turn: Semaphore,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(1),
        }
    }
}

impl Decoder {
    /// Decodes when it is this picture's turn.
    pub(crate) async fn decode<B>(&self, bytes: B) -> Result<Result<Picture, Refusal>>
    where
        B: AsRef<[u8]> + Send + 'static,
    {
        let _turn = self.turn.acquire().await.map_err(Error::internal)?;
        spawn_blocking(move || Picture::read(bytes.as_ref()))
            .await
            .map_err(Error::internal)
    }
}

/// A refusal as the sender sees it.
pub(crate) fn problem(refusal: Refusal) -> Error {
    match refusal {
        Refusal::NotAPicture => {
            Error::UnsupportedMediaType("The file is no JPEG, PNG, WebP or GIF picture.".into())
        }
        Refusal::Broken => Error::field(
            "/avatar",
            "broken_picture",
            "The picture is damaged or incomplete.",
        ),
        Refusal::TooManyPixels => Error::field(
            "/avatar",
            "too_many_pixels",
            "The picture has more than 12 megapixels, or none.",
        ),
        Refusal::TooCostly => Error::field(
            "/avatar",
            "too_many_pixels",
            "The picture takes too much memory or time to decode. Save it smaller, or as a plain JPEG.",
        ),
    }
}
