//! WebP (RFC 9649), lossy and lossless, and the first frame of an animated one in its place on the canvas.
//!
//! The decoder allocates by the size inside the bitstream, which need not be the canvas's, composes an animation on two
//! canvases, and makes as many tables of prefix codes as a lossless bitstream asks for. So the chunks are walked here,
//! every size is checked, the tables are counted, and the decoder is given a still picture made of the first frame's
//! chunks alone.

mod lossless;
mod prefix;

use std::io::Cursor;

use image::ImageDecoder;
use image::codecs::webp::WebPDecoder;

use crate::colour::Space;
use crate::raster::{Pixels, Place, Raster};
use crate::{Decoded, Refusal, buffer, check_memory, check_size, memory_left, orientation};
use prefix::Bits;

/// Where the bits behind size, alpha and version begin in a lossless bitstream, the byte that says whether it has
/// alpha, and how.
const LOSSLESS_HEADER: usize = 5;
const HAS_ALPHA: (usize, u8) = (4, 0x10);

pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Refusal> {
    let parts = Parts::of(bytes)?;
    let (width, height) = parts.size().ok_or(Refusal::Broken)?;
    let pixels = check_size(width, height)?;
    let place = parts.place(width, height)?;
    let placing = place
        .as_ref()
        .map_or(0, |place| place.memory(width, height));
    let decoding = parts.memory(pixels) + placing;
    check_memory(bytes, decoding)?;
    parts.check_tables(width, height, memory_left(bytes, decoding))?;

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
    let layout = if layout == Pixels::Rgba && parts.pretends_alpha() {
        drop_alpha(&mut samples);
        Pixels::Rgb
    } else {
        layout
    };
    let raster = Raster::new(width, height, layout, samples)?;
    Ok(Decoded {
        raster: match place {
            Some(place) => raster.placed(&place)?,
            None => raster,
        },
        orientation: orientation(parts.exif),
        space: parts.icc.and_then(Space::of_icc),
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
    canvas: Option<(u32, u32)>,
    /// Where the first frame of an animation stands.
    corner: Option<(u32, u32)>,
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut parts = Self::default();
        let riff = bytes.get(4..8).ok_or(Refusal::Broken)?;
        let length = u32::from_le_bytes([riff[0], riff[1], riff[2], riff[3]]) as usize;
        let body = bytes.get(12..8 + length).ok_or(Refusal::Broken)?;
        for (name, body) in chunks(body) {
            match name {
                b"VP8X" if parts.canvas.is_none() => {
                    parts.canvas = Some(canvas_size(body).ok_or(Refusal::Broken)?);
                }
                b"ICCP" => parts.icc = parts.icc.or(Some(body)),
                b"EXIF" => parts.exif = parts.exif.or(Some(body)),
                b"ANMF" if parts.has_no_pixels() => {
                    let frame = body.get(16..).ok_or(Refusal::Broken)?;
                    parts.corner = Some(frame_corner(body).ok_or(Refusal::Broken)?);
                    chunks(frame).for_each(|(name, body)| parts.take_pixels(name, body));
                }
                _ => parts.take_pixels(name, body),
            }
        }
        if let Some((width, height)) = parts.canvas {
            check_size(width, height)?;
        }
        Ok(parts)
    }

    /// Where a frame of this size is on the canvas; `None` for a still picture.
    fn place(&self, width: u32, height: u32) -> Result<Option<Place>, Refusal> {
        let (Some((left, top)), Some(canvas)) = (self.corner, self.canvas) else {
            return Ok(None);
        };
        if left + width > canvas.0 || top + height > canvas.1 {
            return Err(Refusal::Broken);
        }
        Ok(Some(Place {
            width: canvas.0,
            height: canvas.1,
            left,
            top,
        }))
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

    /// What decoding takes: the still picture's copy and the decoder's own of what is lossy; and per pixel the output,
    /// in which a lossless picture is decoded (4), or the planes and the output (1.5 and 3), with alpha an output of 4,
    /// the plane, and the four channels that it is packed as (1 and 4).
    fn memory(&self, pixels: u64) -> u64 {
        let len = |part: Option<&[u8]>| part.map_or(0, |part| part.len() as u64);
        let copies = 2 * len(self.lossy) + len(self.lossless) + len(self.alpha);
        let halves = match (self.lossless, self.alpha) {
            (Some(_), _) => 8,
            (None, Some(_)) => 21,
            (None, None) => 9,
        };
        copies + pixels * halves / 2
    }

    /// Checks that the tables of what is packed losslessly fit into `limit` bytes.
    fn check_tables(&self, width: u32, height: u32, limit: u64) -> Result<(), Refusal> {
        let packed = match (self.lossless, self.alpha) {
            (Some(bits), _) => bits.get(LOSSLESS_HEADER..).ok_or(Refusal::Broken)?,
            // The lowest two bits of the first byte say how a plane of alpha is packed (RFC 9649, section 2.7.1.2).
            (None, Some([how, bits @ ..])) if how & 3 == 1 => bits,
            _ => return Ok(()),
        };
        lossless::side_memory(Bits::new(packed), width, height, limit).map(drop)
    }

    /// Whether [`Self::still`] claims alpha that the picture does not have.
    fn pretends_alpha(&self) -> bool {
        let (at, bit) = HAS_ALPHA;
        self.lossless.is_some_and(|bits| bits[at] & bit == 0)
    }

    /// A file with nothing but the first frame in it. A lossless one is said to have alpha in any case: the decoder
    /// then works in the output, in place of a buffer of its own.
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
            let (at, bit) = HAS_ALPHA;
            file[20 + at] |= bit;
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

/// Takes the fourth sample of each pixel away, in place.
fn drop_alpha(samples: &mut Vec<u8>) {
    let pixels = samples.len() / 4;
    for pixel in 0..pixels {
        samples.copy_within(4 * pixel..4 * pixel + 3, 3 * pixel);
    }
    samples.truncate(3 * pixels);
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

/// Left and top of an ANMF chunk, which counts in steps of two pixels.
fn frame_corner(body: &[u8]) -> Option<(u32, u32)> {
    let &[x0, x1, x2, y0, y1, y2] = body.first_chunk::<6>()?;
    Some((
        2 * u32::from_le_bytes([x0, x1, x2, 0]),
        2 * u32::from_le_bytes([y0, y1, y2, 0]),
    ))
}

/// The canvas of a VP8X chunk.
fn canvas_size(body: &[u8]) -> Option<(u32, u32)> {
    let &[_, _, _, _, w0, w1, w2, h0, h1, h2] = body.first_chunk::<10>()?;
    Some((
        u32::from_le_bytes([w0, w1, w2, 0]) + 1,
        u32::from_le_bytes([h0, h1, h2, 0]) + 1,
    ))
}
