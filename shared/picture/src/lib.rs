//! Pictures of people: whatever bytes somebody sent become three small clean squares, or a refusal.
//!
//! The way of the bytes: [`kind`] looks at the first of them; `jpeg`, `png`, `gif` or `webp` reads the header, refuses
//! what is too large before anything is allocated, and decodes the first frame into a [`raster`]; that is cut square,
//! scaled, turned upright and brought to sRGB; [`rendition`] writes it anew. Nothing of the input but its pixels gets
//! through: no EXIF, XMP, IPTC, ICC profile, comment, thumbnail, later frame, and nothing behind the picture's end.
//!
//! The bounds, all decided from headers:
//! - at most [`MAX_PIXELS`] and [`MAX_SIDE`];
//! - at most [`MEMORY_BUDGET`] for the input and everything that is decoded from it, at any moment;
//! - one frame, and [`jpeg::MAX_SCANS`] passes over a JPEG: neither frames nor scans drive the work.
//!
//! A lossless WebP hides what it takes behind data that are packed themselves; they are unpacked for that alone.

mod colour;
mod gif;
mod jpeg;
mod kind;
mod png;
mod raster;
mod rendition;
mod webp;

#[cfg(test)]
#[expect(
    dead_code,
    reason = "the bench and the tests over HTTP include this file and use the rest of it"
)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use kind::Kind;
pub use rendition::{Encoding, Rendition};

use image::metadata::Orientation;

use colour::Space;
use raster::Raster;

/// The sides of the squares that we make, in pixels. A smaller picture is scaled up: a client can rely on all three.
pub const SIZES: [u32; 3] = [64, 256, 512];

/// The most pixels that are accepted: 12 megapixels in the sense of a camera's data sheet, where 4032 × 3024 is
/// called 12, and so in units of 2^20.
pub const MAX_PIXELS: u64 = 12 * 1024 * 1024;

/// The longest side that is accepted, in pixels: what a JPEG can express. It bounds the memory of one row.
pub const MAX_SIDE: u32 = 65_535;

/// The most memory, in bytes, that the input and what is decoded from it may take together; with rows in work and the
/// results it stays below 128 MB. It only refuses what hardly anyone makes: near the limit of pixels progressive CMYK,
/// progressive files of 7 MB and more without subsampling, and lossy WebP with transparency.
pub const MEMORY_BUDGET: u64 = 120_000_000;

/// A picture in the three sizes, written by us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    renditions: Vec<Rendition>,
}

/// Why bytes are no picture of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// None of JPEG, PNG, WebP and GIF, judged by content.
    #[error("the content is none of JPEG, PNG, WebP and GIF")]
    NotAPicture,
    /// One of the four, but cut off, damaged or against its own format.
    #[error("the picture is damaged or incomplete")]
    Broken,
    /// More pixels than [`MAX_PIXELS`], or none at all.
    #[error("the picture has too many pixels, or none")]
    TooManyPixels,
    /// It would take more memory than [`MEMORY_BUDGET`], or too long.
    #[error("decoding the picture takes too much memory or time")]
    TooCostly,
}

/// Decodes a picture and makes nothing of it; its width and height. For the fuzzer: a decoder's panic comes through.
#[doc(hidden)]
pub fn decode_alone(bytes: &[u8]) -> Result<(u32, u32), Refusal> {
    decode(bytes).map(|decoded| (decoded.raster.width, decoded.raster.height))
}

impl Picture {
    /// Reads a picture and makes the three squares of it; the bytes decide what it is, no declared type does.
    ///
    /// Takes up to a second of one processor for 12 megapixels: call it where blocking is allowed.
    ///
    /// # Errors
    /// [`Refusal`]. A decoder that panics is a broken picture too, so that no input ends the process.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        catch_unwind(AssertUnwindSafe(|| Self::read_trusting(bytes)))
            .unwrap_or(Err(Refusal::Broken))
    }

    fn read_trusting(bytes: &[u8]) -> Result<Self, Refusal> {
        let squares = decode(bytes)?.into_squares(&SIZES)?;
        let renditions = rendition::write(squares)?;
        Ok(Self { renditions })
    }

    /// The three renditions, smallest first.
    #[must_use]
    pub fn renditions(&self) -> &[Rendition] {
        &self.renditions
    }

    /// How all of them are encoded.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.renditions
            .first()
            .map_or(Encoding::Jpeg, |rendition| rendition.encoding)
    }
}

fn decode(bytes: &[u8]) -> Result<Decoded, Refusal> {
    match Kind::of(bytes)? {
        Kind::Jpeg => jpeg::decode(bytes),
        Kind::Png => png::decode(bytes),
        Kind::WebP => webp::decode(bytes),
        Kind::Gif => gif::decode(bytes),
    }
}

/// What a decoder hands on: the pixels, and what the metadata said about how to see them.
struct Decoded {
    raster: Raster,
    orientation: Orientation,
    space: Option<Space>,
}

/// What an EXIF block says about how to hold the picture. Some writers keep the mark of a JPEG's segment before the
/// block in other formats too.
fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))
        .and_then(Orientation::from_exif_chunk)
        .unwrap_or(Orientation::NoTransforms)
}

/// Checks the size that a header claims, before anything is allocated for it.
fn check_size(width: u32, height: u32) -> Result<u64, Refusal> {
    let pixels = u64::from(width) * u64::from(height);
    let fits = pixels <= MAX_PIXELS && width.max(height) <= MAX_SIDE;
    if pixels > 0 && fits {
        Ok(pixels)
    } else {
        Err(Refusal::TooManyPixels)
    }
}

/// Checks that the input and `decoding` bytes fit the budget together.
fn check_memory(input: &[u8], decoding: u64) -> Result<(), Refusal> {
    if input.len() as u64 + decoding <= MEMORY_BUDGET {
        Ok(())
    } else {
        Err(Refusal::TooCostly)
    }
}

/// The bytes of the budget that the input and `decoding` leave.
fn memory_left(input: &[u8], decoding: u64) -> u64 {
    MEMORY_BUDGET.saturating_sub(input.len() as u64 + decoding)
}

/// A zeroed buffer of `len` bytes; `len` was checked against the budget before.
fn buffer(len: u64) -> Result<Vec<u8>, Refusal> {
    usize::try_from(len)
        .map(|len| vec![0; len])
        .map_err(|_| Refusal::TooManyPixels)
}
