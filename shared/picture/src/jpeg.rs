//! JPEG, baseline and progressive, grey, colour and CMYK.
//!
//! The `image` crate's JPEG decoder copies its input, forgives a file that breaks off, and asks for any amount of
//! memory; so its engine, zune-jpeg, is used directly, behind a look of our own at the markers.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::colour::Space;
use crate::raster::{Pixels, Raster};
use crate::{Decoded, Refusal, buffer, check_memory, check_size, orientation};

/// The most scans that are decoded. Each is a pass over the whole picture and may be a few bytes short; encoders make
/// about ten, of four components eighteen.
pub(crate) const MAX_SCANS: usize = 32;

/// The most segments that are read; of some kinds the decoder sorts all it has seen after each. A photo with a map of
/// depths has about a hundred.
const MAX_SEGMENTS: usize = 1_024;

pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Refusal> {
    let outline = Outline::of(bytes)?;
    let pixels = check_size(outline.width, outline.height)?;
    let grey = outline.components == 1;
    let output = pixels * if grey { 1 } else { 3 };
    // The decoder keeps what segments say; a profile is put together once more.
    let decoding = output + outline.coefficients() + 2 * outline.segments;
    check_memory(bytes, decoding)?;

    let lenient = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_max_scans(MAX_SCANS);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), lenient);
    decoder.decode_headers().map_err(|_| Refusal::Broken)?;
    let claimed = decoder.dimensions().ok_or(Refusal::Broken)?;
    if claimed != (outline.width as usize, outline.height as usize) {
        return Err(Refusal::Broken);
    }
    let orientation = orientation(decoder.exif().map(|exif| &exif[..]));
    let icc = decoder.icc_profile();

    // Odd bytes between headers are forgiven, as everywhere; odd picture data is not.
    let target = if grey {
        ColorSpace::Luma
    } else {
        ColorSpace::RGB
    };
    decoder.set_options(
        lenient
            .set_strict_mode(true)
            .jpeg_set_out_colorspace(target),
    );
    let mut samples = buffer(output)?;
    decoder
        .decode_into(&mut samples)
        .map_err(|_| Refusal::Broken)?;

    let layout = if grey { Pixels::Grey } else { Pixels::Rgb };
    Ok(Decoded {
        raster: Raster::new(outline.width, outline.height, layout, samples)?,
        orientation,
        // A CMYK profile says nothing about the RGB that the decoder made of it.
        space: icc
            .filter(|_| outline.components == 3)
            .and_then(|icc| Space::of_icc(&icc)),
    })
}

/// What the markers say before a single coefficient is decoded.
#[derive(Debug, PartialEq, Eq)]
struct Outline {
    width: u32,
    height: u32,
    components: u8,
    /// The coefficients of all components are kept until the last scan: progressive, or one component a scan.
    keeps_coefficients: bool,
    /// Samples of all components for each 64 pixels of the finest one, by their sampling factors.
    density: u64,
    /// The bytes of all segments.
    segments: u64,
}

impl Outline {
    /// Walks over the markers from the start to the end-of-image marker.
    ///
    /// # Errors
    /// [`Refusal::Broken`] where the file ends without one, or has no frame or two; [`Refusal::TooCostly`] where it has
    /// too many scans or segments.
    fn of(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut outline = None;
        let mut scans = 0;
        let mut segments = 0;
        let mut length = 0;
        let mut at = 2;
        loop {
            let marker = next_marker(bytes, &mut at).ok_or(Refusal::Broken)?;
            match marker {
                0xd9 => break,
                // Stand-alone markers: TEM, and restarts that went astray.
                0x01 | 0xd0..=0xd7 => continue,
                _ => {}
            }
            let segment = segment(bytes, at).ok_or(Refusal::Broken)?;
            at += 2 + segment.len();
            segments += 1;
            length += segment.len() as u64;
            if segments > MAX_SEGMENTS {
                return Err(Refusal::TooCostly);
            }
            match marker {
                // Start of frame, but not DHT (c4), JPG (c8) and DAC (cc).
                0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                    if outline.is_some() {
                        return Err(Refusal::Broken);
                    }
                    outline = Some(Self::of_frame(marker, segment).ok_or(Refusal::Broken)?);
                }
                0xda => {
                    let outline = outline.as_mut().ok_or(Refusal::Broken)?;
                    outline.keeps_coefficients |= segment.first() != Some(&outline.components);
                    scans += 1;
                    if scans > MAX_SCANS {
                        return Err(Refusal::TooCostly);
                    }
                }
                _ => {}
            }
        }
        let outline: Self = outline.filter(|_| scans > 0).ok_or(Refusal::Broken)?;
        Ok(Self {
            segments: length,
            ..outline
        })
    }

    /// Reads a start-of-frame segment (ISO/IEC 10918-1, B.2.2).
    fn of_frame(marker: u8, segment: &[u8]) -> Option<Self> {
        let &[_precision, h1, h0, w1, w0, components, ref rest @ ..] = segment else {
            return None;
        };
        let factors: Vec<(u64, u64)> = rest
            .chunks_exact(3)
            .take(components.into())
            .map(|component| (u64::from(component[1] >> 4), u64::from(component[1] & 15)))
            .collect();
        let widest = factors.iter().map(|factor| factor.0).max()?;
        let highest = factors.iter().map(|factor| factor.1).max()?;
        let sampled: u64 = factors.iter().map(|factor| factor.0 * factor.1).sum();
        Some(Self {
            width: u16::from_be_bytes([w1, w0]).into(),
            height: u16::from_be_bytes([h1, h0]).into(),
            components,
            keeps_coefficients: marker == 0xc2,
            density: (64 * sampled).div_ceil((widest * highest).max(1)),
            segments: 0,
        })
    }

    /// The bytes that kept coefficients take, two for each.
    fn coefficients(&self) -> u64 {
        if !self.keeps_coefficients {
            return 0;
        }
        // Rounded up to whole blocks of the coarsest sampling, which is four blocks wide and high.
        let padded = |side: u32| u64::from(side).next_multiple_of(32);
        padded(self.width) * padded(self.height) * 2 * self.density / 64
    }
}

/// Moves `at` behind the next marker and returns its code. Skips the entropy-coded data before it.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        let here = bytes.get(*at..)?;
        *at += here.iter().position(|&byte| byte == 0xff)? + 1;
        while bytes.get(*at) == Some(&0xff) {
            *at += 1;
        }
        let code = *bytes.get(*at)?;
        *at += 1;
        if code != 0 {
            return Some(code);
        }
    }
}

/// The segment at `at`: what stands behind its two bytes of length.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = bytes.get(at..at + 2)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    bytes.get(at + 2..at + length.max(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_outline_is_read_off_the_markers() {
        let outline = Outline::of(&samples::jpeg(33, 17)).unwrap();
        assert_eq!(
            (outline.width, outline.height, outline.components),
            (33, 17, 3)
        );
        assert!(!outline.keeps_coefficients);
        assert_eq!(outline.coefficients(), 0);
    }

    #[test]
    fn a_file_without_its_end_is_broken() {
        let whole = samples::jpeg(64, 64);
        for keep in 3..whole.len() {
            assert_eq!(Outline::of(&whole[..keep]), Err(Refusal::Broken), "{keep}");
        }
    }

    #[test]
    fn scans_are_counted() {
        let whole = samples::jpeg(64, 64);
        let scan = whole.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
        let end = whole.len() - 2;
        let repeated = |times: usize| {
            let mut bytes = whole[..scan].to_vec();
            for _ in 0..times {
                bytes.extend_from_slice(&whole[scan..end]);
            }
            bytes.extend_from_slice(&[0xff, 0xd9]);
            Outline::of(&bytes)
        };
        assert!(repeated(MAX_SCANS).is_ok());
        assert_eq!(repeated(MAX_SCANS + 1), Err(Refusal::TooCostly));
    }
}
