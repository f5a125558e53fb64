//! The one-time code that a person reads in a message and types into a page.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret, SecretString};

use super::InvalidValue;

/// A one-time code: a fixed number of ASCII digits, leading zeros kept.
///
/// It is a secret until it is used: `Debug` is redacted, and the digits come out by [`OtpCode::expose`] alone.
#[derive(Clone, Debug)]
pub struct OtpCode(SecretString);

impl OtpCode {
    /// Reads a code of exactly `digits` ASCII digits. Nothing is trimmed or folded.
    ///
    /// # Errors
    /// `invalid_otp_code` for anything else.
    pub fn parse(text: &str, digits: u8) -> Result<Self, InvalidValue> {
        let well_formed =
            text.len() == usize::from(digits) && text.bytes().all(|b| b.is_ascii_digit());
        if well_formed {
            Ok(Self(text.into()))
        } else {
            let expected =
                format!("Expected exactly {digits} digits from 0 to 9, as in the message.");
            Err(InvalidValue::new("invalid_otp_code", expected))
        }
    }

    /// The code that a MAC stands for: the MAC as a number (big-endian) modulo 10^`digits`, padded with zeros.
    ///
    /// The MAC has 256 bits, so each code is as likely as any other to within 10^`digits` / 2^256.
    ///
    /// # Panics
    /// When `digits` is above 18; the configuration allows 6 to 10.
    #[must_use]
    pub fn derive(mac: &[u8; 32], digits: u8) -> Self {
        assert!(digits <= 18, "a code has at most 18 digits");
        let modulus = 10_u128.pow(digits.into());
        let number = mac.iter().fold(0_u128, |rest, byte| {
            ((rest << 8) | u128::from(*byte)) % modulus
        });
        let width = usize::from(digits);
        Self(format!("{number:0width$}").into())
    }

    /// Whether both are the same code, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.expose().as_bytes(), other.expose().as_bytes()).is_ok()
    }

    /// The digits: for the message, never for a log, an answer or a table.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;
    use proptest::prelude::*;

    use super::*;

    /// What a text must not be when six digits are expected (THREATS A15).
    #[test]
    fn only_exactly_six_ascii_digits_are_a_code() {
        for wrong in [
            "",
            "12345",
            "1234567",
            " 123456",
            "123456 ",
            "123456\n",
            "123 456",
            "１２３４５６",
            "١٢٣٤٥٦",
            "123456\0",
            "0x1E240",
            "123456.0",
            "12345a",
            "+12345",
            "-12345",
            "１２",
            "1e5000",
        ] {
            assert_eq!(
                OtpCode::parse(wrong, 6).unwrap_err().code,
                "invalid_otp_code",
                "{wrong:?}"
            );
        }
        assert!(OtpCode::parse(&"1".repeat(1 << 20), 6).is_err());
        assert_eq!(OtpCode::parse("000123", 6).unwrap().expose(), "000123");
    }

    #[test]
    fn a_mac_is_a_big_endian_number() {
        let mut mac = [0; 32];
        assert_eq!(OtpCode::derive(&mac, 6).expose(), "000000");
        mac[31] = 123;
        assert_eq!(OtpCode::derive(&mac, 6).expose(), "000123");
        // 2^256 - 1 = …007913129639935
        assert_eq!(OtpCode::derive(&[0xff; 32], 6).expose(), "639935");
        assert_eq!(OtpCode::derive(&[0xff; 32], 10).expose(), "3129639935");
    }

    #[test]
    fn debug_shows_no_digit() {
        let shown = format!("{:?}", OtpCode::derive(&[7; 32], 6));
        assert!(!shown.bytes().any(|b| b.is_ascii_digit()), "{shown}");
    }

    proptest! {
        #[test]
        fn a_derived_code_reads_back_and_matches_only_itself(mac: [u8; 32], other: [u8; 32], digits in 6_u8..=10) {
            let code = OtpCode::derive(&mac, digits);
            let typed = OtpCode::parse(code.expose(), digits).unwrap();
            prop_assert!(code.matches(&typed));
            prop_assert!(OtpCode::parse(code.expose(), digits + 1).is_err());
            let other = OtpCode::derive(&other, digits);
            prop_assert_eq!(code.matches(&other), code.expose() == other.expose());
        }

        #[test]
        fn any_text_is_a_code_or_a_fault(text: String, digits in 6_u8..=10) {
            if let Ok(code) = OtpCode::parse(&text, digits) {
                prop_assert_eq!(code.expose().len(), usize::from(digits));
            }
        }
    }

    /// Codes are uniform and know nothing of their neighbours (THREATS A21).
    ///
    /// The MACs are fixed, so the statistics are too. The bounds lie where a fair source ends up once in 10^5 tries.
    #[test]
    fn derived_codes_are_uniform_and_independent() {
        const CODES: u64 = 200_000;
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a fixed key for the statistics");
        let codes: Vec<Vec<u8>> = (0..CODES)
            .map(|nonce| {
                let tag = hmac::sign(&key, &nonce.to_be_bytes());
                let code = OtpCode::derive(tag.as_ref().try_into().unwrap(), 6);
                code.expose().bytes().map(|b| b - b'0').collect()
            })
            .collect();

        for position in 0..6 {
            let digits = codes.iter().map(|code| usize::from(code[position]));
            let statistic = chi_square::<10>(digits);
            assert!(statistic < 39.3, "digit {position}: {statistic}"); // 9 degrees of freedom
        }
        for position in 0..6 {
            let neighbours = codes
                .windows(2)
                .map(|pair| usize::from(pair[0][position] * 10 + pair[1][position]));
            let statistic = chi_square::<100>(neighbours);
            assert!(
                statistic < 168.0,
                "neighbours at digit {position}: {statistic}"
            ); // 99 degrees of freedom
        }
        let heads = codes.iter().map(|code| {
            code[..3]
                .iter()
                .fold(0, |head, digit| head * 10 + usize::from(*digit))
        });
        let statistic = chi_square::<1000>(heads);
        assert!(statistic < 1195.0, "first three digits: {statistic}"); // 999 degrees of freedom

        // 0.2 repetitions of the code before are expected; four or more happen once in 10^4.
        let repeated = codes.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert!(repeated < 4, "{repeated}");
    }

    /// Pearson's statistic of `samples` against the uniform distribution over `CELLS` values.
    fn chi_square<const CELLS: usize>(samples: impl Iterator<Item = usize>) -> f64 {
        let mut seen = [0_u32; CELLS];
        samples.for_each(|sample| seen[sample] += 1);
        let expected = f64::from(seen.iter().sum::<u32>()) / CELLS as f64;
        seen.iter()
            .map(|n| (f64::from(*n) - expected).powi(2) / expected)
            .sum()
    }
}
