//! PNG of every colour type and depth, interlaced or not, and the default image of an APNG.
//!
//! The `png` crate is used directly, because the `image` crate's decoder keeps text chunks and gives sixteen-bit
//! pictures at twice the memory.

use std::io::Cursor;

use moxcms::Chromaticity;
use png::{ColorType, Decoder, Info, Limits, ScaledFloat, Transformations};

use crate::colour::Space;
use crate::raster::{Pixels, Raster};
use crate::{Decoded, Refusal, buffer, check_memory, check_size, orientation};

/// What the decoder may allocate besides the pixels: rows, an EXIF chunk, an ICC profile.
const SIDE_MEMORY: usize = 4 * 1024 * 1024;

pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Refusal> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: SIDE_MEMORY });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let (width, height) = size_in_header(bytes)?;
    let pixels = check_size(width, height)?;
    if !reaches_its_end(bytes) {
        return Err(Refusal::Broken);
    }

    let mut reader = decoder.read_info().map_err(|_| Refusal::Broken)?;
    let layout = match reader.output_color_type().0 {
        ColorType::Grayscale => Pixels::Grey,
        ColorType::GrayscaleAlpha => Pixels::GreyAlpha,
        ColorType::Rgb => Pixels::Rgb,
        ColorType::Rgba => Pixels::Rgba,
        ColorType::Indexed => return Err(Refusal::Broken),
    };
    let output = pixels * layout.channels() as u64;
    check_memory(bytes, output + SIDE_MEMORY as u64)?;
    let mut samples = buffer(output)?;
    let frame = reader
        .next_frame(&mut samples)
        .map_err(|_| Refusal::Broken)?;
    if (frame.width, frame.height) != (width, height) || frame.buffer_size() != samples.len() {
        return Err(Refusal::Broken);
    }

    let info = reader.info();
    Ok(Decoded {
        raster: Raster::new(width, height, layout, samples)?,
        orientation: orientation(info.exif_metadata.as_deref()),
        space: space(info, layout),
    })
}

/// The colour space, by the first of these chunks that names one: cICP, iCCP, sRGB, gAMA (PNG, section 4.3).
/// cHRM counts only together with gAMA, as in browsers.
fn space(info: &Info<'_>, layout: Pixels) -> Option<Space> {
    let is_colour = matches!(layout, Pixels::Rgb | Pixels::Rgba);
    let by_points = info
        .coding_independent_code_points
        .filter(|points| points.is_video_full_range_image)
        .and_then(|points| Space::of_code_points(points.color_primaries, points.transfer_function));
    let by_icc = || {
        let icc = info.icc_profile.as_deref().filter(|_| is_colour)?;
        Space::of_icc(icc)
    };
    let by_gamma = || {
        let point = |(x, y): (ScaledFloat, ScaledFloat)| Chromaticity {
            x: x.into_value(),
            y: y.into_value(),
        };
        let chromaticities = info
            .chrm_chunk
            .filter(|_| is_colour)
            .map(|of| [of.white, of.red, of.green, of.blue].map(point));
        Space::of_gamma(info.gama_chunk?.into_value(), chromaticities)
    };
    let says_srgb = info.srgb.is_some() || info.icc_profile.is_some();
    by_points
        .or_else(by_icc)
        .or_else(|| if says_srgb { None } else { by_gamma() })
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Width and height as IHDR, the first chunk, says them.
fn size_in_header(bytes: &[u8]) -> Result<(u32, u32), Refusal> {
    let chunk = bytes.strip_prefix(SIGNATURE).ok_or(Refusal::Broken)?;
    match chunk.get(4..16) {
        Some(&[b'I', b'H', b'D', b'R', w3, w2, w1, w0, h3, h2, h1, h0]) => Ok((
            u32::from_be_bytes([w3, w2, w1, w0]),
            u32::from_be_bytes([h3, h2, h1, h0]),
        )),
        _ => Err(Refusal::Broken),
    }
}

/// Whether the chunks lead up to IEND. The decoder stops after the first frame and would not see that the rest is
/// missing.
fn reaches_its_end(bytes: &[u8]) -> bool {
    let mut rest = &bytes[SIGNATURE.len()..];
    while let Some(&[l3, l2, l1, l0, ref name @ ..]) = rest.first_chunk::<8>() {
        let body = u32::from_be_bytes([l3, l2, l1, l0]) as usize;
        let Some(next) = rest.get(8 + body + 4..) else {
            return false;
        };
        if name == b"IEND" {
            return true;
        }
        rest = next;
    }
    false
}
