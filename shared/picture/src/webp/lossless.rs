//! A look ahead into a lossless WebP (RFC 9649, section 3): what the decoder will allocate besides the pixels.
//!
//! A picture may have 65,536 groups of five prefix codes, and the decoder makes tables of all of them before the first
//! pixel; a code of 60 bits makes a table of 4 KiB. How many there are stands behind pictures that are packed
//! themselves, so these are unpacked here. The large picture behind all that is not.

use super::prefix::{Bits, Code, Table};
use crate::Refusal;

/// The symbols of green and lengths, red, blue, alpha, and distances.
const SYMBOLS: [u16; 5] = [256 + LENGTHS, 256, 256, 256, 40];

/// The symbols that stand for lengths, behind the greens.
const LENGTHS: u16 = 24;

/// What the decoder takes for a group besides its tables, its list growing twofold, and for the blocks of memory of
/// one code.
const GROUP: u64 = 3 * 5 * 56;
const BLOCKS: u64 = 2 * 16;

/// The bytes that decoding takes besides the pixels, never more than `limit`. `bits` begin behind the size and the
/// three bits of version, or are those of a plane of alpha.
///
/// # Errors
/// [`Refusal::TooCostly`] beyond the limit; [`Refusal::Broken`].
pub(super) fn side_memory(
    mut bits: Bits<'_>,
    width: u32,
    height: u32,
    limit: u64,
) -> Result<u64, Refusal> {
    let mut survey = Survey {
        bits: &mut bits,
        bytes: 0,
        limit,
    };
    let width = survey.transforms(width, height)?;
    survey.groups(width, height)?;
    Ok(survey.bytes)
}

struct Survey<'a, 'b> {
    bits: &'a mut Bits<'b>,
    bytes: u64,
    limit: u64,
}

impl Survey<'_, '_> {
    fn add(&mut self, bytes: u64) -> Result<(), Refusal> {
        self.bytes += bytes;
        if self.bytes > self.limit {
            return Err(Refusal::TooCostly);
        }
        Ok(())
    }

    /// Passes over the transforms; the width of what they leave.
    fn transforms(&mut self, mut width: u32, height: u32) -> Result<u32, Refusal> {
        let mut seen = [false; 4];
        while self.bits.flag()? {
            let kind = self.bits.read(2)? as usize;
            if std::mem::replace(&mut seen[kind], true) {
                return Err(Refusal::Broken);
            }
            match kind {
                // Predictors and colours, one for each block.
                0 | 1 => {
                    let block = 1 << (self.bits.read(3)? + 2);
                    let (across, down) = (width.div_ceil(block), height.div_ceil(block));
                    self.add(u64::from(across) * u64::from(down) * 4)?;
                    self.picture(across, down)?;
                }
                2 => {}
                _ => {
                    let colours = self.bits.read(8)? + 1;
                    self.picture(colours, 1)?;
                    let packed = match colours {
                        ..=2 => 8,
                        3..=4 => 4,
                        5..=16 => 2,
                        _ => 1,
                    };
                    width = width.div_ceil(packed);
                }
            }
        }
        Ok(width)
    }

    /// Counts what the tables of the large picture take.
    fn groups(&mut self, width: u32, height: u32) -> Result<(), Refusal> {
        let cached = self.cache()?;
        let mut groups = 1;
        if self.bits.flag()? {
            let block = 1 << (self.bits.read(3)? + 2);
            let (across, down) = (width.div_ceil(block), height.div_ceil(block));
            // Four bytes a block as they are read, two as they are kept.
            self.add(u64::from(across) * u64::from(down) * 6)?;
            let numbers = self.picture(across, down)?;
            let number = |pixel: u32| pixel >> 8 & 0xffff;
            groups = 1 + numbers.into_iter().map(number).max().unwrap_or(0);
        }
        for _ in 0..groups {
            self.add(GROUP)?;
            for symbols in Self::symbols(cached) {
                let code = Code::read(self.bits, symbols)?;
                self.add(table_size(&code))?;
            }
        }
        Ok(())
    }

    /// The bits of the number of colours that are kept for later use, 0 where none are.
    fn cache(&mut self) -> Result<u32, Refusal> {
        if !self.bits.flag()? {
            return Ok(0);
        }
        match self.bits.read(4)? {
            bits @ 1..=11 => Ok(bits),
            _ => Err(Refusal::Broken),
        }
    }

    fn symbols(cached: u32) -> [u16; 5] {
        let mut symbols = SYMBOLS;
        if cached > 0 {
            symbols[0] += 1 << cached;
        }
        symbols
    }

    /// Unpacks one of the small pictures: its pixels, as alpha, red, green and blue.
    fn picture(&mut self, width: u32, height: u32) -> Result<Vec<u32>, Refusal> {
        let cached = self.cache()?;
        let mut codes = Vec::with_capacity(SYMBOLS.len());
        for symbols in Self::symbols(cached) {
            codes.push(Code::read(self.bits, symbols)?.table());
        }
        let Ok([green, red, blue, alpha, distance]) = <[Table; 5]>::try_from(codes) else {
            return Err(Refusal::Broken);
        };
        let mut cache = vec![0; 1 << cached];
        let slot =
            |pixel: u32| (u64::from(pixel.wrapping_mul(0x1e35_a7bd)) << cached >> 32) as usize;

        let near = near();
        let total = width as usize * height as usize;
        let mut pixels = Vec::with_capacity(total);
        while pixels.len() < total {
            let symbol = green.symbol(self.bits)?;
            if symbol < 256 {
                let [red, blue, alpha] = [
                    red.symbol(self.bits)?,
                    blue.symbol(self.bits)?,
                    alpha.symbol(self.bits)?,
                ]
                .map(u32::from);
                let pixel = alpha << 24 | red << 16 | u32::from(symbol) << 8 | blue;
                cache[slot(pixel)] = pixel;
                pixels.push(pixel);
            } else if let Some(symbol) = symbol.checked_sub(256 + LENGTHS) {
                pixels.push(cache[usize::from(symbol)]);
            } else {
                let length = self.number(symbol - 256)?;
                let symbol = distance.symbol(self.bits)?;
                let distance = match (
                    self.number(symbol)?,
                    isize::try_from(width).unwrap_or(isize::MAX),
                ) {
                    (code @ ..=120, width) => {
                        let (x, y) = near[code - 1];
                        usize::try_from(x + y * width).unwrap_or(0).max(1)
                    }
                    (code, _) => code - 120,
                };
                if distance > pixels.len() || length > total - pixels.len() {
                    return Err(Refusal::Broken);
                }
                for _ in 0..length {
                    let pixel = pixels[pixels.len() - distance];
                    cache[slot(pixel)] = pixel;
                    pixels.push(pixel);
                }
            }
        }
        Ok(pixels)
    }

    /// A length or a distance: a symbol, and more bits for the larger ones.
    fn number(&mut self, symbol: u16) -> Result<usize, Refusal> {
        let symbol = u32::from(symbol);
        if symbol < 4 {
            return Ok(symbol as usize + 1);
        }
        let more = (symbol - 2) >> 1;
        let least = (2 + (symbol & 1)) << more;
        Ok((least + self.bits.read(more)?) as usize + 1)
    }
}

/// How far to the left and up the 120 nearest pixels are, the nearest first.
fn near() -> Vec<(isize, isize)> {
    let mut near: Vec<(isize, isize)> = (0..8)
        .flat_map(|y| (-7..=8).map(move |x| (x, y)))
        .filter(|&(x, y)| y > 0 || x > 0)
        .collect();
    near.sort_by_key(|&(x, y)| (x * x + y * y, x.abs(), x < 0));
    near
}

/// The bytes of the decoder's table: four for each pattern of ten bits or fewer, and two nodes of sixteen for each
/// symbol whose code is longer.
fn table_size(code: &Code) -> u64 {
    BLOCKS
        + match code {
            Code::One(_) => 0,
            Code::Two(..) => 3 * 16 + 2 * 4,
            Code::Lengths(_, counts) => {
                let longest = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
                let long: u32 = counts[11..].iter().sum();
                (4 << longest.min(10)) + 2 * 16 * u64::from(long)
            }
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::webp::Parts;

    #[test]
    fn the_nearest_pixels_are_those_of_the_standard() {
        let near = near();
        assert_eq!(near.len(), 120);
        // RFC 9649, section 3.6.2.2: the first, some in between, and the last.
        let first = [
            (0, 1),
            (1, 0),
            (1, 1),
            (-1, 1),
            (0, 2),
            (2, 0),
            (1, 2),
            (-1, 2),
        ];
        assert_eq!(near[..8], first);
        assert_eq!(
            near[46..52],
            [(5, 2), (-5, 2), (4, 4), (-4, 4), (3, 5), (-3, 5)]
        );
        assert_eq!(
            near[96..102],
            [(8, 0), (4, 7), (-4, 7), (7, 4), (-7, 4), (8, 1)]
        );
        assert_eq!(near[116..], [(7, 7), (-7, 7), (8, 6), (8, 7)][..]);
    }

    /// The decoder must never see more groups than were counted here.
    #[test]
    fn the_decoder_takes_what_was_foretold_of_damaged_files_too() {
        let whole = vec![
            samples::webp(23, 17),
            samples::webp(300, 5),
            samples::webp_groups(1),
            samples::webp_groups(3),
        ];
        let mut mutations = samples::Mutations::of(2, whole);
        let mut compared = 0;
        for _ in 0..4_000 {
            let bytes = mutations.next();
            let Ok(parts) = Parts::of(&bytes) else {
                continue;
            };
            let (Some(bits), Some((width, height))) = (parts.lossless, parts.size()) else {
                continue;
            };
            let pixels = u64::from(width) * u64::from(height);
            if pixels > 10_000 {
                continue;
            }
            let foretold = side_memory(Bits::new(&bits[5..]), width, height, u64::MAX);
            let counted = allocation_counter::measure(|| drop(crate::decode(&bytes)));
            // Lists of lengths, and the tables of the pictures in between, stay below this.
            let slack = 200_000 + 2 * bytes.len() as u64;
            let most = foretold.unwrap_or(0) + pixels * 4 + slack;
            assert!(counted.bytes_max <= most, "{} of {most}", counted.bytes_max);
            compared += u32::from(foretold.is_ok());
            mutations.keep(bytes);
        }
        assert!(compared > 500, "{compared}: too few to tell");
    }
}
