//! Phone numbers in E.164, valid by the number plans.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region, RegionStr};

use super::trimmed;
use crate::domain::Fault;

/// A phone number in E.164: `+`, the country code and the national number, 7 to 15 ASCII digits, valid by the number
/// plan of a country.
///
/// The number plans are read once, at the first number that looks right (some milliseconds).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber {
    e164: String,
    country: RegionStr,
}

impl PhoneNumber {
    /// Reads what a person typed: with country code; spaces, dots, hyphens and parentheses do not count.
    ///
    /// # Errors
    /// `invalid_phone` for anything else: extensions, letters, `tel:`, digits of other scripts, numbers that no plan
    /// knows, numbers that cost extra, and networks that belong to no country (satellites, +882, +883, +979).
    pub fn parse(text: &str) -> Result<Self, Fault> {
        canonical(trimmed(text)).ok_or_else(|| {
            Fault::new(
                "invalid_phone",
                "a phone number with country code, like +14155550100, that is neither premium rate nor satellite",
            )
        })
    }

    /// The canonical spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.e164
    }

    /// The country that the number plan gives the number to, in ISO 3166-1 alpha-2: `+12423591234` is `BS`.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.country
    }

    /// The country code and three digits more: the range that a pumped number comes from.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.e164[..self.code_end() + 3]
    }

    /// The country code and the last two digits: `+1•••00`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (code, last) = (
            &self.e164[..self.code_end()],
            &self.e164[self.e164.len() - 2..],
        );
        format!("{code}•••{last}")
    }

    /// Where the country code ends. No code begins with another one (ITU-T E.164, list of assigned codes), so the
    /// first digits decide.
    fn code_end(&self) -> usize {
        let bytes = self.e164.as_bytes();
        1 + match (bytes[1], bytes[2]) {
            (b'1' | b'7', _) => 1,
            (b'2', b'0' | b'7')
            | (b'3', b'0'..=b'4' | b'6' | b'9')
            | (b'4', b'0' | b'1' | b'3'..=b'9')
            | (b'5', b'1'..=b'8')
            | (b'6', b'0'..=b'6')
            | (b'8', b'1' | b'2' | b'4' | b'6')
            | (b'9', b'0'..=b'5' | b'8') => 2,
            _ => 3,
        }
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

fn canonical(text: &str) -> Option<PhoneNumber> {
    let bare = text.replace([' ', '.', '-', '(', ')'], "");
    // The library is generous: it folds full-width digits, reads letters and extensions, stops at a NUL. So it is only
    // asked about what has the shape already.
    if !is_e164(&bare) {
        return None;
    }
    let plans = &*PHONE_NUMBER_UTIL;
    let number = plans.parse(&bare, None).ok()?;
    let region = plans.get_region_for_number(&number)?;
    let costs_extra = matches!(
        plans.get_number_type(&number),
        PhoneNumberType::PremiumRate
            | PhoneNumberType::SharedCost
            | PhoneNumberType::PersonalNumber
    );
    // Networks without a country (+870, +881, +882, +883, +979 and their like) are region 001.
    if costs_extra || region == Region::World || !plans.is_valid_number(&number) {
        return None;
    }
    let e164 = plans.format(&number, PhoneNumberFormat::E164).into_owned();
    is_e164(&e164).then_some(PhoneNumber {
        e164,
        country: region.as_region_str(),
    })
}

/// `^\+[1-9][0-9]{6,14}$` on ASCII digits.
fn is_e164(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit())
}
