//! Bits and prefix codes of a lossless WebP (RFC 9649, sections 3.7 and 3.8).

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths and symbols have at most 16 bits"
)]

use crate::Refusal;

/// The longest code.
const LONGEST: usize = 15;

/// The order in which the lengths of the code of code lengths are written.
const ORDER: [usize; 19] = [
    17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];

/// A stream of bits, the least significant of each byte first.
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            held: 0,
            count: 0,
        }
    }

    fn fill(&mut self) {
        if let Some(word) = self.rest.first_chunk::<8>() {
            // What does not fit any more is put in again, and the same, the next time.
            self.held |= u64::from_le_bytes(*word) << self.count;
            let taken = (63 - self.count) / 8;
            self.rest = &self.rest[taken as usize..];
            self.count += 8 * taken;
            return;
        }
        while self.count <= 56
            && let Some((&byte, rest)) = self.rest.split_first()
        {
            self.held |= u64::from(byte) << self.count;
            self.count += 8;
            self.rest = rest;
        }
    }

    fn skip(&mut self, count: u32) -> Result<(), Refusal> {
        if count > self.count {
            return Err(Refusal::Broken);
        }
        self.held >>= count;
        self.count -= count;
        Ok(())
    }

    /// The next `count` bits, 24 at most.
    pub(super) fn read(&mut self, count: u32) -> Result<u32, Refusal> {
        if self.count < count {
            self.fill();
        }
        let value = (self.held & ((1 << count) - 1)) as u32;
        self.skip(count)?;
        Ok(value)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Refusal> {
        Ok(self.read(1)? == 1)
    }
}

/// A prefix code as it is written down, before a table is made of it.
pub(super) enum Code {
    /// One symbol, which takes no bits.
    One(u16),
    /// Two symbols of one bit.
    Two(u16, u16),
    /// The length of each symbol's code, 0 where the symbol does not occur; and how many symbols have each length.
    Lengths(Vec<u8>, [u32; LONGEST + 1]),
}

impl Code {
    /// Reads a code for `symbols` symbols.
    pub(super) fn read(bits: &mut Bits<'_>, symbols: u16) -> Result<Self, Refusal> {
        if !bits.flag()? {
            return Self::read_lengths(bits, symbols).and_then(Self::of_lengths);
        }
        let two = bits.flag()?;
        let width = if bits.flag()? { 8 } else { 1 };
        let first = bits.read(width)? as u16;
        let second = if two {
            Some(bits.read(8)? as u16)
        } else {
            None
        };
        // Decoders disagree about two symbols that are one, and no encoder writes them.
        if first >= symbols || second.is_some_and(|second| second >= symbols || second == first) {
            return Err(Refusal::Broken);
        }
        Ok(second.map_or(Self::One(first), |second| Self::Two(first, second)))
    }

    fn read_lengths(bits: &mut Bits<'_>, symbols: u16) -> Result<Vec<u8>, Refusal> {
        let mut lengths = vec![0; ORDER.len()];
        let written = 4 + bits.read(4)? as usize;
        for &symbol in &ORDER[..written] {
            lengths[symbol] = bits.read(3)? as u8;
        }
        let code = Self::of_lengths(lengths)?;

        let symbols = usize::from(symbols);
        let mut left = symbols;
        if bits.flag()? {
            let width = 2 + 2 * bits.read(3)?;
            left = 2 + bits.read(width)? as usize;
            if left > symbols {
                return Err(Refusal::Broken);
            }
        }
        let mut lengths = vec![0; symbols];
        if let Self::One(length @ 0..16) = code {
            lengths[..left].fill(length as u8);
            return Ok(lengths);
        }
        let table = code.table();
        let (mut at, mut previous) = (0, 8);
        while at < symbols && left > 0 {
            left -= 1;
            let symbol = table.symbol(bits)?;
            if symbol < 16 {
                lengths[at] = symbol as u8;
                at += 1;
                if symbol > 0 {
                    previous = symbol as u8;
                }
                continue;
            }
            let (length, times) = match symbol {
                16 => (previous, 3 + bits.read(2)?),
                17 => (0, 3 + bits.read(3)?),
                _ => (0, 11 + bits.read(7)?),
            };
            let end = at + times as usize;
            lengths
                .get_mut(at..end)
                .ok_or(Refusal::Broken)?
                .fill(length);
            at = end;
        }
        Ok(lengths)
    }

    /// A code must be complete, unless it has a single symbol.
    fn of_lengths(lengths: Vec<u8>) -> Result<Self, Refusal> {
        let mut counts = [0; LONGEST + 1];
        for &length in &lengths {
            counts[usize::from(length)] += 1;
        }
        let used = lengths.len() as u32 - counts[0];
        if used == 1 {
            let symbol = lengths.iter().position(|length| *length > 0);
            return Ok(Self::One(symbol.unwrap_or(0) as u16));
        }
        let shares = (1..=LONGEST).map(|length| u64::from(counts[length]) << (LONGEST - length));
        if shares.sum::<u64>() != 1 << LONGEST {
            return Err(Refusal::Broken);
        }
        Ok(Self::Lengths(lengths, counts))
    }

    /// A table to read symbols with.
    pub(super) fn table(&self) -> Table {
        let lengths = match self {
            Self::One(symbol) => return Table::new(vec![(*symbol, 0)]),
            Self::Two(zero, one) => return Table::new(vec![(*zero, 1), (*one, 1)]),
            Self::Lengths(lengths, _) => lengths,
        };
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let mut entries = vec![(0, 0); 1 << longest];
        let mut code = 0_u16;
        for length in 1..=longest {
            code <<= 1;
            for (symbol, _) in (0..).zip(lengths).filter(|(_, of)| **of == length) {
                let first = usize::from(code.reverse_bits() >> (16 - length));
                for entry in entries.iter_mut().skip(first).step_by(1 << length) {
                    *entry = (symbol, length);
                }
                code = code.wrapping_add(1);
            }
        }
        Table::new(entries)
    }
}

/// What the next bits of a stream say: a symbol, and how many of the bits it takes.
pub(super) struct Table {
    entries: Vec<(u16, u8)>,
    mask: u64,
}

impl Table {
    fn new(entries: Vec<(u16, u8)>) -> Self {
        let mask = entries.len() as u64 - 1;
        Self { entries, mask }
    }

    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u16, Refusal> {
        if bits.count < LONGEST as u32 {
            bits.fill();
        }
        let (symbol, length) = self.entries[(bits.held & self.mask) as usize];
        bits.skip(length.into())?;
        Ok(symbol)
    }
}
