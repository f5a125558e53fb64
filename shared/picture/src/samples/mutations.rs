//! Small pictures, damaged at random: the same ones for the same seed, for as long as one asks.

#![expect(clippy::cast_possible_truncation, reason = "random bytes")]

use super::{
    chunk, crc32, exif, exif_segment, gif, gif_overlong, jpeg, jpeg_progressive, jpeg_scans,
    jpeg_with, png, png_interlaced, png_of, png_profile_bomb, png_text_bomb, riff, webp,
    webp_alpha_groups, webp_animated, webp_groups, zeros,
};

/// Gives one damaged picture after the other.
pub(crate) struct Mutations {
    state: u64,
    whole: Vec<Vec<u8>>,
    kept: Vec<Vec<u8>>,
}

/// How many pictures are kept to be damaged further.
const KEPT: usize = 256;

/// The most bytes of a damaged picture.
const LONGEST: usize = 8_192;

impl Mutations {
    /// Of small pictures of every kind.
    pub(crate) fn new(seed: u64) -> Self {
        Self::of(seed, small_pictures())
    }

    /// Of these pictures.
    pub(crate) fn of(seed: u64, whole: Vec<Vec<u8>>) -> Self {
        Self {
            state: seed.wrapping_mul(2).wrapping_add(1),
            whole,
            kept: Vec::new(),
        }
    }

    /// xorshift64* (Marsaglia 2003, Vigna 2016).
    fn random(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.random() >> 16) as usize % end.max(1)
    }

    fn pick(&mut self) -> Vec<u8> {
        if !self.kept.is_empty() && self.below(2) == 0 {
            let at = self.below(self.kept.len());
            return self.kept[at].clone();
        }
        let at = self.below(self.whole.len());
        self.whole[at].clone()
    }

    /// The next damaged picture.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut bytes = self.pick();
        for _ in 0..=self.below(6) {
            self.damage(&mut bytes);
        }
        bytes.truncate(LONGEST);
        // A checksum that is wrong ends the reading of a PNG: mostly it is put right.
        if bytes.starts_with(b"\x89PNG") && self.below(8) > 0 {
            mend_checksums(&mut bytes);
        }
        bytes
    }

    /// Has this picture damaged further, now and then.
    pub(crate) fn keep(&mut self, bytes: Vec<u8>) {
        if self.kept.len() < KEPT {
            self.kept.push(bytes);
        } else if self.below(16) == 0 {
            let at = self.below(KEPT);
            self.kept[at] = bytes;
        }
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let at = self.below(bytes.len());
        let end = (at + 1 + self.below(32)).min(bytes.len());
        match self.below(12) {
            0..3 => bytes[at] ^= 1 << self.below(8),
            3..5 => bytes[at] = self.random() as u8,
            5 | 6 => bytes[at] = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff][self.below(7)],
            7 => bytes[at..end].fill([0, 0xff][self.below(2)]),
            8 => {
                bytes.drain(at..end);
            }
            9 => {
                let piece = bytes[at..end].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            10 => {
                let other = self.pick();
                let from = self.below(other.len());
                let piece = &other[from..(from + end - at).min(other.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
            _ => {
                if self.below(4) == 0 {
                    bytes.truncate(at);
                }
            }
        }
    }
}

fn mend_checksums(png: &mut [u8]) {
    let mut at = 8;
    while let Some(&[l3, l2, l1, l0]) = png.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let end = at + 8 + u32::from_be_bytes([l3, l2, l1, l0]) as usize;
        let Some(checked) = png.get(at + 4..end) else {
            return;
        };
        let checksum = crc32(checked).to_be_bytes();
        let Some(place) = png.get_mut(end..end + 4) else {
            return;
        };
        place.copy_from_slice(&checksum);
        at = end + 4;
    }
}

/// One of each kind and shape that the readers tell apart.
fn small_pictures() -> Vec<Vec<u8>> {
    let still = webp(23, 17);
    let canvas = vec![0x3c, 0, 0, 0, 22, 0, 0, 16, 0, 0];
    let mut described = png(19, 11);
    described.splice(33..33, chunk(b"eXIf", &exif(5)));
    vec![
        jpeg(33, 21),
        jpeg_with(17, 9, &[exif_segment(6), (0xfe, b"words".to_vec())]),
        jpeg_progressive(40, 24, 1),
        jpeg_progressive(40, 24, 3),
        jpeg_progressive(40, 24, 4),
        jpeg_scans(40, 24, 5),
        png(33, 21),
        described,
        png_interlaced(21, 13),
        png_of(21, 13, 1, 0, &[], &zeros(13 * 4)),
        png_of(21, 13, 16, 6, &[], &zeros(13 * (1 + 8 * 21))),
        png_text_bomb(64),
        png_profile_bomb(512),
        still.clone(),
        riff(&[
            (b"VP8X", canvas),
            (b"VP8L", still[20..].to_vec()),
            (b"EXIF", exif(3)),
        ]),
        webp_animated(17, 9, 2),
        webp_groups(3),
        webp_alpha_groups(2),
        gif(33, 21, 2),
        gif_overlong(33, 21),
    ]
}
