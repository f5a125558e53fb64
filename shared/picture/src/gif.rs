//! GIF, its first frame only, in its place on the canvas.

use std::io::Cursor;

use gif::{ColorOutput, DecodeOptions, MemoryLimit};
use image::metadata::Orientation;

use crate::raster::{Pixels, Place, Raster};
use crate::{Decoded, Refusal, buffer, check_memory, check_size};

/// What the decoder may allocate besides the pixels: tables, application extensions.
const SIDE_MEMORY: u64 = 4 * 1024 * 1024;

/// Decodes the first frame. The canvas around it is transparent, whatever background the file names, and grows with a
/// frame that is larger: so do all browsers.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Refusal> {
    let canvas = canvas_in_header(bytes).ok_or(Refusal::Broken)?;
    check_size(canvas.0, canvas.1)?;

    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    if let Ok(limit) = SIDE_MEMORY.try_into() {
        options.set_memory_limit(MemoryLimit::Bytes(limit));
    }
    let mut decoder = options
        .read_info(Cursor::new(bytes))
        .map_err(|_| Refusal::Broken)?;
    let frame = decoder
        .next_frame_info()
        .map_err(|_| Refusal::Broken)?
        .ok_or(Refusal::Broken)?;
    let (width, height) = (frame.width.into(), frame.height.into());
    let (left, top) = (frame.left.into(), frame.top.into());
    let place = Place {
        width: canvas.0.max(left + width),
        height: canvas.1.max(top + height),
        left,
        top,
    };
    check_size(place.width, place.height)?;
    let output = check_size(width, height)? * 4;
    check_memory(bytes, output + place.memory(width, height) + SIDE_MEMORY)?;
    let mut samples = buffer(output)?;
    decoder
        .read_into_buffer(&mut samples)
        .map_err(|_| Refusal::Broken)?;
    Ok(Decoded {
        raster: Raster::new(width, height, Pixels::Rgba, samples)?.placed(&place)?,
        orientation: Orientation::NoTransforms,
        space: None,
    })
}

/// Width and height of the logical screen.
fn canvas_in_header(bytes: &[u8]) -> Option<(u32, u32)> {
    let &[w0, w1, h0, h1] = bytes.get(6..)?.first_chunk::<4>()?;
    Some((
        u16::from_le_bytes([w0, w1]).into(),
        u16::from_le_bytes([h0, h1]).into(),
    ))
}
