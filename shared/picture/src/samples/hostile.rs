//! Pictures made to take memory or time (THREATS.md, H03 and H08).

#![expect(clippy::cast_possible_truncation, reason = "a few bytes")]

use super::{chunk, gif, jpeg, png_of, riff, webp_alpha_groups, webp_animated, webp_groups, zeros};

/// A hostile file.
pub(crate) struct Bomb {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// Whether it is refused. Of the others a picture is made, and what is hostile in them is passed over.
    pub(crate) refused: bool,
}

/// All of them, none larger than an upload by form may be.
pub(crate) fn bombs() -> Vec<Bomb> {
    let bomb = |name, refused, bytes| Bomb {
        name,
        bytes,
        refused,
    };
    let passed = |name, bytes| bomb(name, false, bytes);
    let refused = |name, bytes| bomb(name, true, bytes);
    vec![
        refused("PNG 30,000 x 30,000, 1 bit", png_one_bit(30_000, 30_000)),
        passed("PNG, zTXt of 1 GiB", png_text_bomb(1 << 30)),
        passed("PNG, iCCP of 500 MiB", png_profile_bomb(500 << 20)),
        refused("PNG, iCCP of 1 GiB", png_profile_bomb(1 << 30)),
        passed("PNG, 1 GiB behind the pixels", png_data_bomb(1 << 30)),
        passed("PNG, interlaced, the limit", png_interlaced(4_096, 3_072)),
        refused("WebP 16,383 x 16,383", webp_bomb()),
        refused("WebP, 64 x 64 outside, 16,383 inside", webp_hidden_bomb()),
        refused("WebP, 65,536 groups of codes", webp_groups(65_536)),
        refused("WebP, the same in alpha", webp_alpha_groups(65_536)),
        passed("WebP, 8,000 groups of codes", webp_groups(8_000)),
        passed("WebP of 10,000 frames", webp_animated(64, 64, 10_000)),
        passed("GIF of 10,000 frames", gif(64, 64, 10_000)),
        passed("GIF, 12 megapixels in 1 x 1", gif_overlong(4_000, 3_000)),
        refused("JPEG 65,535 x 65,535", jpeg_wide()),
        refused(
            "JPEG, progressive CMYK, the limit",
            jpeg_progressive(4_096, 3_072, 4),
        ),
        passed("JPEG, 32 scans, the limit", jpeg_scans(4_096, 3_072, 31)),
        refused("JPEG, 33 scans", jpeg_scans(4_096, 3_072, 32)),
        refused("JPEG, 16 MB of profile", jpeg_of_segments(254, 65_000)),
        refused("JPEG, 200,000 segments", jpeg_of_segments(200_000, 60)),
    ]
}

/// A grey progressive JPEG of this many components, none of them sampled down, in a single scan: each block is one bit,
/// so a small file asks for all the memory that a decoder takes for coefficients.
pub(crate) fn jpeg_progressive(width: u16, height: u16, components: u8) -> Vec<u8> {
    let segment = |marker: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], body].concat()
    };
    let (w, h) = (width.to_be_bytes(), height.to_be_bytes());
    let mut frame = vec![8, h[0], h[1], w[0], w[1], components];
    frame.extend((1..=components).flat_map(|id| [id, 0x11, 0]));
    let mut scan = vec![components];
    scan.extend((1..=components).flat_map(|id| [id, 0]));
    scan.extend([0, 0, 0]);
    // One code, a single 0 bit: the same brightness as the block before.
    let code = [&[0, 1][..], &[0; 15], &[0]].concat();
    let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    [
        vec![0xff, 0xd8],
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(0xc2, &frame),
        segment(0xc4, &code),
        segment(0xda, &scan),
        vec![0; (blocks * usize::from(components)).div_ceil(8)],
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// A black one-bit PNG, complete.
pub(crate) fn png_one_bit(width: u32, height: u32) -> Vec<u8> {
    let row = 1 + width.div_ceil(8) as usize;
    png_of(width, height, 1, 0, &[], &zeros(row * height as usize))
}

/// A small PNG whose zTXt chunk unpacks to `count` bytes.
pub(crate) fn png_text_bomb(count: usize) -> Vec<u8> {
    let text = [b"Comment\0\0".to_vec(), zeros(count)].concat();
    png_of(8, 8, 8, 0, &[chunk(b"zTXt", &text)], &zeros(9 * 8))
}

/// A small PNG whose iCCP chunk unpacks to `count` bytes.
pub(crate) fn png_profile_bomb(count: usize) -> Vec<u8> {
    let profile = [b"icc\0\0".to_vec(), zeros(count)].concat();
    png_of(8, 8, 8, 0, &[chunk(b"iCCP", &profile)], &zeros(9 * 8))
}

/// A WebP that claims 16,383 pixels a side, in its lossless header.
pub(crate) fn webp_bomb() -> Vec<u8> {
    let header: u32 = 0x3ffe | 0x3ffe << 14;
    let bits = [vec![0x2f], header.to_le_bytes().to_vec(), vec![0; 64]].concat();
    riff(&[(b"VP8L", bits)])
}

/// A WebP whose canvas is small and whose lossy bitstream claims 16,383 pixels a side.
pub(crate) fn webp_hidden_bomb() -> Vec<u8> {
    let canvas = vec![0, 0, 0, 0, 63, 0, 0, 63, 0, 0];
    let bits = [
        vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f],
        vec![0; 64],
    ]
    .concat();
    riff(&[(b"VP8X", canvas), (b"VP8 ", bits)])
}

/// A small PNG whose pixels are followed by `count` zero bytes in the same stream.
pub(crate) fn png_data_bomb(count: usize) -> Vec<u8> {
    png_of(8, 8, 8, 0, &[], &zeros(count))
}

/// An interlaced PNG of four channels, all of it zero.
pub(crate) fn png_interlaced(width: u32, height: u32) -> Vec<u8> {
    // Where each pass begins, and its step, across and down (PNG, section 8.2).
    let passes = [
        (0, 8, 0, 8),
        (4, 8, 0, 8),
        (0, 4, 4, 8),
        (2, 4, 0, 4),
        (0, 2, 2, 4),
        (1, 2, 0, 2),
        (0, 1, 1, 2),
    ];
    let bytes = passes.iter().map(|&(x, across, y, down)| {
        let columns = width.saturating_sub(x).div_ceil(across) as usize;
        let rows = height.saturating_sub(y).div_ceil(down) as usize;
        if columns == 0 {
            0
        } else {
            rows * (1 + 4 * columns)
        }
    });
    let mut file = png_of(width, height, 8, 6, &[], &zeros(bytes.sum()));
    let mut header = file[16..29].to_vec();
    header[12] = 1;
    file.splice(8..33, chunk(b"IHDR", &header));
    file
}

/// A JPEG that claims 65,535 pixels a side.
pub(crate) fn jpeg_wide() -> Vec<u8> {
    let mut file = jpeg(8, 8);
    let frame = file.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    file
}

/// A progressive JPEG of three components with `more` scans behind the first, each of which refines nothing, and has
/// the decoder look at every coefficient of one component.
pub(crate) fn jpeg_scans(width: u16, height: u16, more: u8) -> Vec<u8> {
    let mut file = jpeg_progressive(width, height, 3);
    file.truncate(file.len() - 2);
    // One code, a single 0 bit: nothing more in 16,384 blocks and as many as the next 14 bits say.
    file.extend([0xff, 0xc4, 0, 20, 0x10, 1]);
    file.extend([0; 15]);
    file.push(0xe0);
    let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    for n in 0..more {
        file.extend([0xff, 0xda, 0, 8, 1, n % 3 + 1, 0, 1, 63, 0x10]);
        file.resize(file.len() + (15 * blocks.div_ceil(16_384)).div_ceil(8), 0);
    }
    file.extend([0xff, 0xd9]);
    file
}

/// A progressive JPEG of three components at the limit of pixels behind as many segments of a colour profile.
pub(crate) fn jpeg_of_segments(count: usize, length: u16) -> Vec<u8> {
    let plain = jpeg_progressive(4_096, 3_072, 3);
    let mut file = plain[..2].to_vec();
    for n in 0..count {
        file.extend([0xff, 0xe2]);
        file.extend(length.to_be_bytes());
        file.extend(b"ICC_PROFILE\0");
        file.extend([(n % 255) as u8 + 1, count.min(255) as u8]);
        file.resize(file.len() + usize::from(length) - 16, 0);
    }
    file.extend(&plain[2..]);
    file
}

/// A GIF of one pixel whose data are those of a large picture.
pub(crate) fn gif_overlong(width: u16, height: u16) -> Vec<u8> {
    let mut file = gif(width, height, 1);
    let sides = [width.to_le_bytes(), height.to_le_bytes()].concat();
    let mut at = 0;
    while let Some(found) = file[at..].windows(4).position(|w| w == sides) {
        at += found;
        file[at..at + 4].copy_from_slice(&[1, 0, 1, 0]);
        at += 4;
    }
    file
}
