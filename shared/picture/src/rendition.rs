//! The squares as files, written by us from pixels alone.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::Refusal;
use crate::raster::{Pixels, Raster};

/// How a rendition is encoded (docs/adr/0007-avatar-encoding.md): JPEG, or where something shows through, lossless
/// WebP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Baseline JPEG of quality 85.
    Jpeg,
    /// Lossless WebP with alpha.
    WebP,
}

impl Encoding {
    /// The media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }

    /// What file names end in, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// The encoding whose files end in `extension`.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        [Self::Jpeg, Self::WebP]
            .into_iter()
            .find(|encoding| encoding.extension() == extension)
    }
}

/// One square, encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// Its side in pixels.
    pub side: u32,
    /// How it is encoded.
    pub encoding: Encoding,
    pub bytes: Vec<u8>,
}

const QUALITY: u8 = 85;

pub(crate) fn write(squares: Vec<Raster>) -> Result<Vec<Rendition>, Refusal> {
    squares
        .into_iter()
        .map(|square| {
            let encoding = if square.is_opaque() {
                Encoding::Jpeg
            } else {
                Encoding::WebP
            };
            let colours = match square.layout {
                Pixels::Grey => ExtendedColorType::L8,
                Pixels::GreyAlpha => ExtendedColorType::La8,
                Pixels::Rgb => ExtendedColorType::Rgb8,
                Pixels::Rgba => ExtendedColorType::Rgba8,
            };
            let mut file = Cursor::new(Vec::new());
            let (width, height) = (square.width, square.height);
            match encoding {
                Encoding::Jpeg => JpegEncoder::new_with_quality(&mut file, QUALITY).write_image(
                    &square.samples,
                    width,
                    height,
                    colours,
                ),
                Encoding::WebP => WebPEncoder::new_lossless(&mut file).write_image(
                    &square.samples,
                    width,
                    height,
                    colours,
                ),
            }
            .map_err(|_| Refusal::Broken)?;
            Ok(Rendition {
                side: width,
                encoding,
                bytes: file.into_inner(),
            })
        })
        .collect()
}
