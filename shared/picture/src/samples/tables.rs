//! Lossless WebP whose tables of prefix codes are many times as large as their file (RFC 9649, section 3).

#![expect(clippy::cast_possible_truncation, reason = "a few codes")]

use super::riff;

/// Bits, the least significant of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for n in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.len() - 1;
            self.bytes[last] |= ((value >> n & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    /// A code with a single symbol.
    fn one(&mut self, symbol: u32) {
        self.put(0b101, 3);
        self.put(symbol, 8);
    }

    /// A code of `2^length` symbols, all `length` bits long, which is the only length, and so takes no bits itself.
    fn flat(&mut self, length: u32) {
        const ORDER: [u32; 14] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10];
        let written = 1 + ORDER.iter().position(|&l| l == length).unwrap_or(0) as u32;
        self.put(0, 1);
        self.put(written - 4, 4);
        for n in 1..=written {
            self.put(u32::from(n == written), 3);
        }
        // As many lengths as there are symbols, less two, in ten bits.
        self.put(1, 1);
        self.put(4, 3);
        self.put((1 << length) - 2, 10);
    }
}

/// The bits behind a header's: no transforms, 2^11 colours kept, as many groups of codes, each a table of 1,024
/// entries and three of 256, and a picture of 64 × 64 whose pixels all have the first symbol of the last group.
fn bits_of_groups(mut bits: Bits, groups: u32) -> Vec<u8> {
    bits.put(0, 1);
    bits.put(1, 1);
    bits.put(11, 4);
    // Blocks of 4 × 4, all of the last group.
    bits.put(1, 1);
    bits.put(0, 3);
    bits.put(0, 1);
    let last = groups - 1;
    for symbol in [last & 0xff, last >> 8, 0, 0, 0] {
        bits.one(symbol);
    }
    for _ in 0..groups {
        for length in [10, 8, 8, 8, 5] {
            bits.flat(length);
        }
    }
    bits.bytes.resize(bits.bytes.len() + 64 * 64 * 5, 0);
    bits.bytes
}

/// A lossless WebP of 64 × 64 pixels with as many groups of prefix codes.
pub(crate) fn webp_groups(groups: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0x2f, 8);
    bits.put(63 | 63 << 14, 28);
    bits.put(0, 4);
    riff(&[(b"VP8L", bits_of_groups(bits, groups))])
}

/// The same in the plane of alpha of a lossy WebP.
pub(crate) fn webp_alpha_groups(groups: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(1, 8);
    riff(&[
        (b"VP8X", vec![0x10, 0, 0, 0, 63, 0, 0, 63, 0, 0]),
        (b"ALPH", bits_of_groups(bits, groups)),
        (b"VP8 ", LOSSY.to_vec()),
    ])
}

/// A green picture of 64 × 64 pixels, as VP8.
const LOSSY: [u8; 44] = [
    0x50, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x00, 0x40, 0x00, 0x0f, 0xc0, 0xfe, 0x25, 0xa4, 0x03,
    0x4e, 0x71, 0x61, 0x12, 0x65, 0xdc, 0x5f, 0x84, 0xf9, 0xaa, 0xb0, 0x00, 0xfc, 0xca, 0xe7, 0xa8,
    0x8b, 0xc8, 0x77, 0x20, 0x1c, 0x30, 0xf4, 0x35, 0x60, 0x04, 0x80, 0x00,
];
