//! Strict decoding of `application/x-www-form-urlencoded`.
//!
//! The usual decoders repair what is not UTF-8 with U+FFFD; a signature over the repaired text would then count for
//! bytes that nobody signed.

use super::Verdict;

/// The most fields that are looked at; Twilio sends about a dozen.
pub(crate) const FIELDS: usize = 200;

/// Field names and values in the order of the body, untrimmed, duplicates kept.
pub(crate) type Form = Vec<(String, String)>;

/// Decodes a body; never [`Verdict::Genuine`] for more than [`FIELDS`] fields.
#[must_use]
pub(crate) fn decode(body: &[u8]) -> Verdict<Form> {
    let mut form = Form::new();
    for field in body
        .split(|byte| *byte == b'&')
        .filter(|field| !field.is_empty())
    {
        if form.len() == FIELDS {
            return Verdict::Malformed("The form has too many fields.");
        }
        let mut halves = field.splitn(2, |byte| *byte == b'=');
        let (name, value) = (
            halves.next().unwrap_or_default(),
            halves.next().unwrap_or_default(),
        );
        match (text(name), text(value)) {
            (Some(name), Some(value)) => form.push((name, value)),
            _ => return Verdict::Forged("a form field is not percent-encoded UTF-8"),
        }
    }
    Verdict::Genuine(form)
}

/// A name or a value: `+` is a space, `%` and two hex digits a byte, the whole of it UTF-8.
fn text(encoded: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let [high, low, tail @ ..] = rest else {
                    return None;
                };
                bytes.push(hex(*high)? << 4 | hex(*low)?);
                rest = tail;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_encoded_is_read_back(form in prop::collection::vec((".*", ".*"), 0..20)) {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
            // A field with an empty name and an empty value is `=`, which is a field all the same.
            prop_assert_eq!(decode(body.as_bytes()), Verdict::Genuine(form));
        }

        #[test]
        fn no_body_makes_it_panic(body: Vec<u8>) {
            let _ = decode(&body);
        }
    }

    #[test]
    fn what_is_not_utf8_is_not_repaired() {
        for body in ["a=%FF", "%C3=1", "a=%", "a=%4", "a=%zz", "a=%ED%A0%80"] {
            assert!(
                matches!(decode(body.as_bytes()), Verdict::Forged(_)),
                "{body}"
            );
        }
        assert!(matches!(decode(b"a=\xff"), Verdict::Forged(_)));
    }

    #[test]
    fn fields_are_counted_before_they_are_read() {
        let body = |fields: usize| "a=1&".repeat(fields);
        assert!(
            matches!(decode(body(200).as_bytes()), Verdict::Genuine(form) if form.len() == 200)
        );
        assert!(matches!(
            decode(body(100_000).as_bytes()),
            Verdict::Malformed(_)
        ));
    }
}
