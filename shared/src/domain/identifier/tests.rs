//! The rows of `tests/vectors/identifiers.json`, and its properties.

use proptest::prelude::*;

use super::*;

#[derive(serde::Deserialize)]
struct Vectors {
    email: Vec<Row>,
    phone: Vec<Row>,
}

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    input: String,
    canonical: Option<String>,
    why: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../tests/vectors/identifiers.json")).unwrap()
}

fn canon(text: &str) -> Option<String> {
    Identifier::parse(text)
        .ok()
        .map(|identifier| identifier.as_str().to_owned())
}

#[test]
fn every_vector_gets_its_canonical_form() {
    let Vectors { email, phone } = vectors();
    assert_eq!((email.len(), phone.len()), (38, 19));
    let wrong: Vec<String> = email
        .iter()
        .chain(&phone)
        .filter(|row| canon(&row.input) != row.canonical)
        .map(|row| {
            format!(
                "{} {:?}: {} → {:?}",
                row.id,
                row.input,
                row.why,
                canon(&row.input)
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_types_alone_agree_with_the_vectors() {
    let Vectors { email, phone } = vectors();
    for row in email {
        let parsed = EmailAddress::parse(&row.input);
        assert_eq!(
            parsed.as_ref().ok().map(EmailAddress::as_str),
            row.canonical.as_deref(),
            "{}",
            row.id
        );
        assert!(parsed.is_ok() || parsed.unwrap_err().code == "invalid_email");
    }
    for row in phone {
        let parsed = PhoneNumber::parse(&row.input);
        assert_eq!(
            parsed.as_ref().ok().map(PhoneNumber::as_str),
            row.canonical.as_deref(),
            "{}",
            row.id
        );
        assert!(parsed.is_ok() || parsed.unwrap_err().code == "invalid_phone");
    }
}

#[test]
fn a_refusal_names_what_was_meant() {
    for (text, code) in [
        ("+1415", "invalid_phone"),
        (" (415) 555 0100", "invalid_phone"),
        ("＋１４１５５５５０１００", "invalid_phone"),
        ("\u{202A}+1415\u{202C}", "invalid_phone"),
        ("\u{A0}+1415", "invalid_phone"),
        ("\u{FEFF}٤١٥", "invalid_phone"),
        ("☎ 415", "invalid_phone"),
        ("tel:+14155550100", "invalid_phone"),
        ("\u{200B}", "invalid_email"),
        ("jane.doe84", "invalid_email"),
        ("user", "invalid_email"),
        ("+14155550100@", "invalid_email"),
        ("", "invalid_email"),
    ] {
        assert_eq!(Identifier::parse(text).unwrap_err().code, code, "{text}");
    }
}

#[test]
fn debug_shows_no_address() {
    let email = Identifier::parse("jane.doe@mail.example.com").unwrap();
    let phone = Identifier::parse("+14155550123").unwrap();
    assert_eq!(format!("{email:?} {phone:?}"), "j•••@m•••.com +1•••23");
}

/// Texts that come near to an address, so that the properties are not only about refusals.
fn near_addresses() -> impl Strategy<Value = String> {
    let local = "[a-zA-Z0-9.+_%'{}-]{1,70}";
    let domain = r"[a-zA-Z0-9äßΩаж．。-]{1,30}(\.[a-zA-Z0-9é-]{1,8}){0,4}";
    prop_oneof![
        (local, domain).prop_map(|(local, domain)| format!("{local}@{domain}")),
        r"[ \t]{0,2}[a-z]{1,5}@[a-z]{1,9}\.(com|de|xn--p1ai)[ \t]{0,2}",
        r"\+[1-9][0-9 ().-]{6,20}",
        r"\+(1415555|44740012|49151234|390612|33612)[0-9]{4,7}",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn canonical_forms_are_fixed_points_in_small_ascii(text in near_addresses()) {
        if let Some(canonical) = canon(&text) {
            prop_assert_eq!(canon(&canonical), Some(canonical.clone()));
            prop_assert_eq!(Identifier::restore(&canonical), Identifier::parse(&text).ok());
            prop_assert!(canonical.len() <= 254);
            prop_assert!(canonical.bytes().all(|b| b.is_ascii_graphic()), "{canonical}");
        }
    }

    #[test]
    fn case_and_outer_blanks_do_not_make_another_person(text in r"[a-z]{1,9}(\+[a-z]{1,5})?@[a-z]{1,9}\.[a-z]{2,5}") {
        let shouted = format!("\t {} ", text.to_ascii_uppercase());
        prop_assert_eq!(canon(&shouted), Some(text));
    }

    #[test]
    fn separators_do_not_make_another_phone(
        gaps in prop::collection::vec("[ \t().\u{A0}\u{AD}\u{200B}-\u{200F}\u{2000}-\u{2015}\u{202A}-\u{202F}\u{2060}\u{2212}\u{3000}\u{FEFF}-]{0,2}", 11)
    ) {
        let typed: String = "+14155550100".chars().zip(gaps.iter().map(String::as_str).chain([""]))
            .flat_map(|(c, gap)| [c.to_string(), gap.to_owned()])
            .collect();
        prop_assert_eq!(canon(&typed), Some("+14155550100".to_owned()), "{}", typed);
    }
}
