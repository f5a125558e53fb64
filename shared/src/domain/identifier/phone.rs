//! Phone numbers in E.164, valid by the number plans.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region, RegionStr};

use crate::domain::InvalidValue;
use crate::domain::characters::{is_blank, is_dash, is_invisible};

/// A phone number in E.164: `+`, the country code and the national number, 7 to 15 ASCII digits, valid by the number
/// plan of a country.
///
/// The number plans are read once, at the first number that looks right: about 6 ms of a whole core and 4 MB. Mail
/// never pays for them, nor does [`PhoneNumber::restore`].
#[derive(Clone)]
pub struct PhoneNumber {
    e164: String,
    country: OnceLock<RegionStr>,
}

impl PhoneNumber {
    /// Reads what a person typed or pasted: with country code; blanks, dots, hyphens and parentheses do not count, nor
    /// does the zero of `+44 (0)20`. Contacts apps write no-break spaces and hyphens, and wrap numbers in direction
    /// marks, so any blank and dash of Unicode is one, and what is invisible does not count either.
    ///
    /// # Errors
    /// `invalid_phone` for anything else: extensions, letters, `tel:`, digits of other scripts, numbers that no plan
    /// knows, numbers that cost extra, and networks that belong to no country (satellites, +882, +883, +979).
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        canonical(text).ok_or_else(|| {
            InvalidValue::new(
                "invalid_phone",
                "Expected a phone number with country code, such as +14155550100, that is neither premium rate nor satellite.",
            )
        })
    }

    /// Takes back what [`Self::as_str`] gave to a table, without asking the number plans, which change: who signed in
    /// by a number yesterday still has it. `None` when the text has not the shape of E.164. Never for what a person
    /// typed.
    #[must_use]
    pub fn restore(text: &str) -> Option<Self> {
        is_e164(text).then(|| Self {
            e164: text.to_owned(),
            country: OnceLock::new(),
        })
    }

    /// The canonical spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.e164
    }

    /// The country that the number plan gives the number to, in ISO 3166-1 alpha-2: `+12423591234` is `BS`.
    /// `ZZ` for a restored number that the plans do not know any more.
    #[must_use]
    pub fn country(&self) -> &str {
        self.country.get_or_init(|| {
            let number = PHONE_NUMBER_UTIL.parse(&self.e164, None).ok();
            let region = number.and_then(|number| PHONE_NUMBER_UTIL.get_region_for_number(&number));
            region.unwrap_or(Region::ZZ).as_region_str()
        })
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

impl PartialEq for PhoneNumber {
    fn eq(&self, other: &Self) -> bool {
        self.e164 == other.e164
    }
}

impl Eq for PhoneNumber {}

impl Hash for PhoneNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.e164.hash(state);
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

fn canonical(text: &str) -> Option<PhoneNumber> {
    let bare = text.replace(is_separator, "");
    // The library is generous: it folds full-width digits, reads letters and extensions, stops at a NUL. So it is only
    // asked about what has the shape already.
    if !is_e164(&bare) {
        return None;
    }
    let plans = &*PHONE_NUMBER_UTIL;
    let number = plans.parse(todays_form(&bare).as_ref(), None).ok()?;
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
        country: region.as_region_str().into(),
    })
}

/// The number of today for one of before a change of plan that left no doubt: phones still show the old forms, and the
/// library refuses them. Mexico dropped the 1 before mobile numbers in 2019, Benin put 01 before all numbers in 2024.
fn todays_form(bare: &str) -> Cow<'_, str> {
    match (bare.strip_prefix("+521"), bare.strip_prefix("+229")) {
        (Some(national), _) if national.len() == 10 => format!("+52{national}").into(),
        (_, Some(national)) if national.len() == 8 => format!("+22901{national}").into(),
        _ => bare.into(),
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | '(' | ')') || is_blank(c) || is_dash(c) || is_invisible(c)
}

/// `^\+[1-9][0-9]{6,14}$` on ASCII digits.
fn is_e164(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text).unwrap_or_else(|_| panic!("{text} is a number"))
    }

    #[test]
    fn the_country_and_prefix_come_from_the_number_plan() {
        for (number, country, prefix, masked) in [
            ("+14155550100", "US", "+1415", "+1•••00"),
            ("+12423591234", "BS", "+1242", "+1•••34"),
            ("+447400123456", "GB", "+44740", "+44•••56"),
            ("+390612345678", "IT", "+39061", "+39•••78"),
            ("+242061234567", "CG", "+242061", "+242•••67"),
            ("+77011234567", "KZ", "+7701", "+7•••67"),
        ] {
            let phone = parse(number);
            assert_eq!((phone.country(), phone.prefix()), (country, prefix));
            assert_eq!(phone.masked(), masked);
        }
    }

    /// The table in `code_end` against the library, code by code.
    #[test]
    fn every_country_code_ends_where_the_number_plans_say() {
        let mut codes = 0;
        for code in PHONE_NUMBER_UTIL.get_supported_calling_codes() {
            let phone = PhoneNumber::restore(&format!("+{code}2345678")).unwrap();
            assert_eq!(phone.as_str()[1..phone.code_end()], code.to_string());
            codes += 1;
        }
        assert!(codes > 200, "{codes}");
    }

    #[test]
    fn a_restored_number_knows_its_country_too() {
        let restored = PhoneNumber::restore("+12423591234").unwrap();
        assert_eq!(restored.country(), "BS");
        assert_eq!(restored, parse("+12423591234"));
    }

    /// THREATS B09.
    #[test]
    fn costly_and_stateless_ranges_are_refused() {
        for number in [
            "+19005550100",
            "+4490912345678",
            "+491901234567",
            "+33899123456",
            "+447012345678",
            "+448431234567",
            "+80012345678",
            "+80812345678",
            "+870773111632",
            "+878101234567890",
            "+881612345678",
            "+8821234567890",
            "+882160001234",
            "+8835100123456",
            "+88812345678",
            "+979123456789",
        ] {
            assert!(PhoneNumber::parse(number).is_err(), "{number}");
        }
    }

    /// THREATS D08 and D09.
    #[test]
    fn one_number_has_one_spelling() {
        for spelling in [
            "+44 (0)7400 123456",
            "+44-7400.123 456",
            "\t+447400123456 ",
            "+4407400123456",
            "+44\t7400123456",
            // As macOS and iOS copy it out of Contacts, Windows out of People, and Word out of a letter.
            "\u{202A}+44\u{A0}7400\u{A0}123456\u{202C}",
            "\u{2068}+44 7400 123456\u{2069}",
            "\u{200E}+44\u{2011}7400\u{2011}123456\u{200E}",
            "\u{FEFF}+44\u{202F}7400\u{2009}123\u{200B}456\u{2060}",
            "+44\u{3000}7400\u{2013}123\u{2212}456",
            "+44\u{AD}7400\u{AD}123456",
        ] {
            assert_eq!(parse(spelling).as_str(), "+447400123456", "{spelling}");
        }
        for wrong in [
            "447400123456",
            "00447400123456",
            "++447400123456",
            "+44\n7400123456",
            "+44\u{2028}7400123456",
            "+44\u{85}7400123456",
            "\u{202E}654321 0047+44",
            "+44/7400123456",
            "+44 7400 123456 x5",
            "+44 7400 123456#5",
            "whatsapp:+447400123456",
            "+44٧٤٠٠١٢٣٤٥٦",
            "+۴۴۷۴۰۰۱۲۳۴۵۶",
            "+1-800-FLOWERS",
            "+447400123456\r",
            "+447400123456,+447400123457",
            "+1234567890123456",
        ] {
            assert!(PhoneNumber::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    /// docs/adr/0013-small-decisions.md
    #[test]
    fn old_and_local_forms_are_the_number_of_today() {
        for (typed, number) in [
            // Mexico's mobile prefix of before 2019.
            ("+52 1 55 1234 5678", Some("+525512345678")),
            ("+52 55 1234 5678", Some("+525512345678")),
            // Argentina: the local 15 is the 9 of the international form; without both it is a landline.
            ("+54 9 11 2345 6789", Some("+5491123456789")),
            ("+54 11 15 2345 6789", Some("+5491123456789")),
            ("+54 11 2345 6789", Some("+541123456789")),
            // Benin, before and after November 2024.
            ("+229 90 01 12 34", Some("+2290190011234")),
            ("+229 01 90 01 12 34", Some("+2290190011234")),
            ("+52 1 55 1234 567", None),
            ("+229 90 01 12 3", None),
        ] {
            let parsed = PhoneNumber::parse(typed).ok();
            assert_eq!(parsed.as_ref().map(PhoneNumber::as_str), number, "{typed}");
        }
    }

    #[test]
    fn restoring_asks_for_the_shape_only() {
        assert_eq!(
            PhoneNumber::restore("+14155550100"),
            Some(parse("+14155550100"))
        );
        assert_eq!(
            PhoneNumber::restore("+99912345678").unwrap().country(),
            "ZZ"
        );
        for wrong in [
            "",
            "+",
            "14155550100",
            "+1 415",
            "+0123456789",
            "+1234567890123456",
        ] {
            assert_eq!(PhoneNumber::restore(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_e164_is_a_fixed_point_or_refused(text in r"\+(1|39|44|49|52|54)[0-9]{7,11}") {
            if let Ok(phone) = PhoneNumber::parse(&text) {
                let again = PhoneNumber::parse(phone.as_str()).unwrap();
                prop_assert_eq!(again.as_str(), phone.as_str());
                prop_assert_eq!(again.country(), phone.country());
                prop_assert!(phone.prefix().len() == phone.code_end() + 3);
            }
        }
    }
}
