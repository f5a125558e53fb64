//! Pictures for tests and benches, made in code; hostile ones too. Uses nothing of this crate, so that a bench and the
//! tests over HTTP can include the file.
#![expect(
    clippy::unwrap_used,
    reason = "a sample that cannot be made ends the test"
)]

mod hostile;
mod mutations;
mod tables;

pub(crate) use hostile::*;
pub(crate) use mutations::*;
pub(crate) use tables::*;

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

/// Red, green, blue and yellow quadrants, each slightly shaded, so that one sees how a picture was turned.
pub(crate) fn pixel(x: u32, y: u32, width: u32, height: u32) -> [u8; 3] {
    let shade = ((x * 7 + y * 3) % 16) as u8;
    match (x * 2 < width, y * 2 < height) {
        (true, true) => [230 - shade, 20, 20],
        (false, true) => [20, 200 - shade, 20],
        (true, false) => [20, 20, 230 - shade],
        (false, false) => [230 - shade, 220, 20],
    }
}

/// The pixels, row by row.
pub(crate) fn rgb(width: u32, height: u32) -> Vec<u8> {
    (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| pixel(x, y, width, height)))
        .collect()
}

/// The same with a left half that shows through.
pub(crate) fn rgba(width: u32, height: u32) -> Vec<u8> {
    let alpha = |x: u32| if x * 2 < width { 96 } else { 255 };
    (0..height)
        .flat_map(|y| {
            (0..width).flat_map(move |x| {
                let [r, g, b] = pixel(x, y, width, height);
                [r, g, b, alpha(x)]
            })
        })
        .collect()
}

/// A baseline JPEG.
pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 92)
        .write_image(&rgb(width, height), width, height, ExtendedColorType::Rgb8)
        .unwrap();
    file
}

/// A JPEG with segments of these markers and bodies behind its first two bytes.
pub(crate) fn jpeg_with(width: u32, height: u32, segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let plain = jpeg(width, height);
    let mut file = plain[..2].to_vec();
    for (marker, body) in segments {
        file.extend_from_slice(&[0xff, *marker]);
        file.extend_from_slice(&u16::try_from(body.len() + 2).unwrap().to_be_bytes());
        file.extend_from_slice(body);
    }
    file.extend_from_slice(&plain[2..]);
    file
}

/// An EXIF block (TIFF, big-endian) that says the orientation and a GPS latitude, and holds a thumbnail.
pub(crate) fn exif(orientation: u16) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        let mut bytes = tag.to_be_bytes().to_vec();
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&count.to_be_bytes());
        bytes.extend_from_slice(&value.to_be_bytes());
        bytes
    };
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    tiff.extend_from_slice(&2_u16.to_be_bytes());
    tiff.extend(entry(0x0112, 3, 1, u32::from(orientation) << 16));
    tiff.extend(entry(0x8825, 4, 1, 38)); // the GPS directory
    tiff.extend_from_slice(&0_u32.to_be_bytes());
    tiff.extend_from_slice(&1_u16.to_be_bytes());
    tiff.extend(entry(0x0001, 2, 2, u32::from_be_bytes(*b"N\0\0\0")));
    tiff.extend_from_slice(&0_u32.to_be_bytes());
    tiff.extend_from_slice(b"GPS 52.5200N 13.4050E");
    tiff.extend_from_slice(b"\xff\xd8\xff\xdbTHUMBNAIL\xff\xd9");
    tiff
}

/// The EXIF block as the body of a JPEG's APP1 segment.
pub(crate) fn exif_segment(orientation: u16) -> (u8, Vec<u8>) {
    (0xe1, [b"Exif\0\0".to_vec(), exif(orientation)].concat())
}

/// An RGBA PNG.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    PngEncoder::new(&mut file)
        .write_image(
            &rgba(width, height),
            width,
            height,
            ExtendedColorType::Rgba8,
        )
        .unwrap();
    file
}

/// One chunk of a PNG, with its checksum.
pub(crate) fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(body);
    let checksum = crc32(&bytes[4..]);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

/// A PNG of this size, depth and colour type, with these chunks between IHDR and IDAT and this IDAT.
pub(crate) fn png_of(
    width: u32,
    height: u32,
    depth: u8,
    colour: u8,
    extra: &[Vec<u8>],
    idat: &[u8],
) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend_from_slice(&[depth, colour, 0, 0, 0]);
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &header),
        extra.concat(),
        chunk(b"IDAT", idat),
        chunk(b"IEND", b""),
    ]
    .concat()
}

/// A zlib stream of `count` zero bytes (RFC 1950, RFC 1951), a thousandth as long or less: a match of 258 bytes at
/// distance 1, again and again, in the fixed code.
pub(crate) fn zeros(count: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false]; // the last block, in the fixed code
    let code = |bits: &mut Vec<bool>, value: u32, length: u32| {
        bits.extend((0..length).rev().map(|n| value >> n & 1 == 1));
    };
    let mut left = count;
    if left > 0 {
        code(&mut bits, 0x30, 8);
        left -= 1;
    }
    for _ in 0..left / 258 {
        code(&mut bits, 0b1100_0101, 8);
        code(&mut bits, 0, 5);
    }
    for _ in 0..left % 258 {
        code(&mut bits, 0x30, 8);
    }
    code(&mut bits, 0, 7);
    let packed = bits.chunks(8).map(|byte| {
        byte.iter()
            .enumerate()
            .fold(0_u8, |packed, (n, &bit)| packed | u8::from(bit) << n)
    });
    let mut stream = vec![0x78, 0x9c];
    stream.extend(packed);
    let adler = u32::try_from(count % 65_521).unwrap() << 16 | 1;
    stream.extend_from_slice(&adler.to_be_bytes());
    stream
}

/// A lossless WebP with alpha.
pub(crate) fn webp(width: u32, height: u32) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    WebPEncoder::new_lossless(&mut file)
        .write_image(
            &rgba(width, height),
            width,
            height,
            ExtendedColorType::Rgba8,
        )
        .unwrap();
    file.into_inner()
}

/// A RIFF container of WebP chunks.
pub(crate) fn riff(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, content) in chunks {
        body.extend_from_slice(*name);
        body.extend_from_slice(&u32::try_from(content.len()).unwrap().to_le_bytes());
        body.extend_from_slice(content);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [b"RIFF".to_vec(), length.to_vec(), body].concat()
}

/// An animated WebP of `frames` lossless frames.
pub(crate) fn webp_animated(width: u32, height: u32, frames: usize) -> Vec<u8> {
    webp_placed((width, height), (0, 0), (width, height), frames)
}

/// An animated WebP whose frames stand with this corner, of even numbers, on a canvas.
pub(crate) fn webp_placed(
    canvas: (u32, u32),
    corner: (u32, u32),
    (width, height): (u32, u32),
    frames: usize,
) -> Vec<u8> {
    let still = webp(width, height);
    let side = |side: u32| side.to_le_bytes()[..3].to_vec();
    let canvas = [vec![0x12, 0, 0, 0], side(canvas.0 - 1), side(canvas.1 - 1)].concat();
    let frame = [
        side(corner.0 / 2),
        side(corner.1 / 2),
        side(width - 1),
        side(height - 1),
        vec![40, 0, 0, 0],
        still[12..].to_vec(),
    ]
    .concat();
    let mut chunks: Vec<(&[u8; 4], Vec<u8>)> = vec![(b"VP8X", canvas), (b"ANIM", vec![0; 6])];
    chunks.extend((0..frames).map(|_| (b"ANMF", frame.clone())));
    riff(&chunks)
}

/// A GIF of `frames` frames; the first shows the quadrants, the later ones are white.
pub(crate) fn gif(width: u16, height: u16, frames: usize) -> Vec<u8> {
    gif_placed((width, height), (0, 0), (width, height), frames)
}

/// A GIF whose frames stand with this corner on a canvas.
pub(crate) fn gif_placed(
    canvas: (u16, u16),
    corner: (u16, u16),
    (width, height): (u16, u16),
    frames: usize,
) -> Vec<u8> {
    let mut file = Vec::new();
    let palette = [
        230, 20, 20, 20, 200, 20, 20, 20, 230, 230, 220, 20, 255, 255, 255,
    ];
    let mut encoder = gif::Encoder::new(&mut file, canvas.0, canvas.1, &palette).unwrap();
    let quadrant = |n: usize| {
        let (x, y) = (n % usize::from(width), n / usize::from(width));
        u8::from(x * 2 >= usize::from(width)) + 2 * u8::from(y * 2 >= usize::from(height))
    };
    for n in 0..frames {
        let pixels = usize::from(width) * usize::from(height);
        let indices: Vec<u8> = (0..pixels)
            .map(|at| if n == 0 { quadrant(at) } else { 4 })
            .collect();
        let mut frame = gif::Frame::from_indexed_pixels(width, height, indices, None);
        (frame.left, frame.top) = corner;
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    file
}
