//! WebP (RFC 9649), lossy and lossless, and the first frame of an animated one.
//!
//! The decoder allocates by the size inside the bitstream, which need not be the canvas's, and composes an animation
//! on two canvases. So the chunks are walked here, every size is checked, and the decoder is given a still picture
//! made of the first frame's chunks alone.

use std::io::Cursor;

use image::ImageDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;

use crate::raster::{Pixels, Raster};
use crate::{Decoded, Refusal, buffer, check_memory, check_size};

pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Refusal> {
    let parts = Parts::of(bytes)?;
    let (width, height) = parts.size().ok_or(Refusal::Broken)?;
    let pixels = check_size(width, height)?;
    check_memory(bytes, parts.memory(pixels))?;

    let still = parts.still(width, height);
    let decoder = WebPDecoder::new(Cursor::new(&still)).map_err(|_| Refusal::Broken)?;
    if decoder.dimensions() != (width, height) {
        return Err(Refusal::Broken);
    }
    let layout = match decoder.color_type() {
        image::ColorType::Rgb8 => Pixels::Rgb,
        image::ColorType::Rgba8 => Pixels::Rgba,
        _ => return Err(Refusal::Broken),
    };
    let mut samples = buffer(pixels * layout.channels() as u64)?;
    decoder
        .read_image(&mut samples)
        .map_err(|_| Refusal::Broken)?;
    Ok(Decoded {
        raster: Raster::new(width, height, layout, samples)?,
        orientation: parts
            .exif
            .and_then(Orientation::from_exif_chunk)
            .unwrap_or(Orientation::NoTransforms),
        icc: parts.icc.map(<[u8]>::to_vec),
    })
}

/// The chunks that make the first frame.
#[derive(Default)]
struct Parts<'a> {
    lossy: Option<&'a [u8]>,
    lossless: Option<&'a [u8]>,
    alpha: Option<&'a [u8]>,
    exif: Option<&'a [u8]>,
    icc: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut parts = Self::default();
        let riff = bytes.get(4..8).ok_or(Refusal::Broken)?;
        let length = u32::from_le_bytes([riff[0], riff[1], riff[2], riff[3]]) as usize;
        let body = bytes.get(12..8 + length).ok_or(Refusal::Broken)?;
        let mut canvas = None;
        for (name, body) in chunks(body) {
            match name {
                b"VP8X" if canvas.is_none() => {
                    canvas = Some(canvas_size(body).ok_or(Refusal::Broken)?)
                }
                b"ICCP" => parts.icc = parts.icc.or(Some(body)),
                b"EXIF" => parts.exif = parts.exif.or(Some(body)),
                b"ANMF" if parts.has_no_pixels() => {
                    let frame = body.get(16..).ok_or(Refusal::Broken)?;
                    chunks(frame).for_each(|(name, body)| parts.take_pixels(name, body));
                }
                _ => parts.take_pixels(name, body),
            }
        }
        if let Some((width, height)) = canvas {
            check_size(width, height)?;
        }
        Ok(parts)
    }

    fn has_no_pixels(&self) -> bool {
        self.lossy.is_none() && self.lossless.is_none()
    }

    fn take_pixels(&mut self, name: &[u8; 4], body: &'a [u8]) {
        if !self.has_no_pixels() {
            return;
        }
        match name {
            b"VP8 " => self.lossy = Some(body),
            b"VP8L" => self.lossless = Some(body),
            b"ALPH" => self.alpha = Some(body),
            _ => {}
        }
    }

    /// The size inside the bitstream.
    fn size(&self) -> Option<(u32, u32)> {
        if let Some(bits) = self.lossless {
            let &[0x2f, b0, b1, b2, b3] = bits.first_chunk::<5>()? else {
                return None;
            };
            let header = u32::from_le_bytes([b0, b1, b2, b3]);
            return Some(((header & 0x3fff) + 1, ((header >> 14) & 0x3fff) + 1));
        }
        let &[_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] = self.lossy?.first_chunk::<10>()? else {
            return None;
        };
        let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
        Some((side(w0, w1), side(h0, h1)))
    }

    /// What decoding takes: the still picture's copy, and per pixel the planes (1.5), the output (3 or 4), and for a
    /// lossless picture or plane of alpha its own four channels (4, 1 more for the plane).
    fn memory(&self, pixels: u64) -> u64 {
        let copy =
            self.lossy.or(self.lossless).map_or(0, <[u8]>::len) + self.alpha.map_or(0, <[u8]>::len);
        let halves = match (self.lossless, self.alpha) {
            (Some(_), _) => 14,
            (None, Some(_)) => 21,
            (None, None) => 9,
        };
        copy as u64 + pixels * halves / 2
    }

    /// A file with nothing but the first frame in it.
    fn still(&self, width: u32, height: u32) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        let mut put = |name: &[u8; 4], body: &[u8]| {
            file.extend_from_slice(name);
            file.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
            file.extend_from_slice(body);
            if body.len() % 2 == 1 {
                file.push(0);
            }
        };
        if let Some(bits) = self.lossless {
            put(b"VP8L", bits);
        } else if let Some(bits) = self.lossy {
            if let Some(alpha) = self.alpha {
                let (w, h) = ((width - 1).to_le_bytes(), (height - 1).to_le_bytes());
                put(
                    b"VP8X",
                    &[0x10, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]],
                );
                put(b"ALPH", alpha);
            }
            put(b"VP8 ", bits);
        }
        let length = u32::try_from(file.len() - 8).unwrap_or(u32::MAX);
        file[4..8].copy_from_slice(&length.to_le_bytes());
        file
    }
}

/// The chunks of a RIFF body; what is cut off at its end is left out.
fn chunks(body: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let name = rest.first_chunk::<4>()?;
        let &[l0, l1, l2, l3] = rest.get(4..)?.first_chunk::<4>()?;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let body = rest.get(8..8 + length)?;
        rest = rest.get(8 + length + length % 2..).unwrap_or_default();
        Some((name, body))
    })
}

/// The canvas of a VP8X chunk.
fn canvas_size(body: &[u8]) -> Option<(u32, u32)> {
    let &[_, _, _, _, w0, w1, w2, h0, h1, h2] = body.first_chunk::<10>()?;
    Some((
        u32::from_le_bytes([w0, w1, w2, 0]) + 1,
        u32::from_le_bytes([h0, h1, h2, 0]) + 1,
    ))
}
