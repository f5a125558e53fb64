//! Reads the JSON object in a body; what is wrong with it is said without its words.

use serde_json::{Map, Value};

use crate::Error;
use crate::domain::json;

/// The deepest nesting that is read; the object at the top is the first level.
const DEPTH: usize = 32;

/// Reads one JSON object, strictly.
///
/// # Errors
/// [`Error::Malformed`] with the place of what is wrong, never with the words of the body.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, Error> {
    let malformed = |words: &'static str| Error::Malformed(words.into());
    if bytes.is_empty() {
        return Err(malformed("The body is empty; a JSON object is expected."));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("The body is not UTF-8."))?;
    if text.starts_with('\u{feff}') {
        return Err(malformed("The body begins with a byte order mark."));
    }
    json::object(text, DEPTH).map_err(|error| match error.line {
        0 => malformed("The body is JSON, but not an object."),
        line => Error::Malformed(
            format!(
                "The body cannot be read: {} (line {line}, column {}).",
                error.why, error.column
            )
            .into(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::empty("")]
    #[case::blank("  ")]
    #[case::truncated(r#"{"a": 1"#)]
    #[case::trailing(r#"{"a": 1} x"#)]
    #[case::two_objects("{}{}")]
    #[case::comment(r#"{"a": 1 /* one */}"#)]
    #[case::trailing_comma(r#"{"a": 1,}"#)]
    #[case::single_quotes("{'a': 1}")]
    #[case::not_a_number(r#"{"a": NaN}"#)]
    #[case::infinity(r#"{"a": Infinity}"#)]
    #[case::beyond_a_double(r#"{"a": 1e400}"#)]
    #[case::leading_zero(r#"{"a": 01}"#)]
    #[case::byte_order_mark("\u{feff}{}")]
    #[case::lone_surrogate(r#"{"a": "\ud800"}"#)]
    #[case::raw_control("{\"a\": \"\u{1}\"}")]
    #[case::list(r#"["a@example.com", "email"]"#)]
    #[case::string(r#""a""#)]
    #[case::null("null")]
    #[case::duplicate(r#"{"a": 1, "a": 2}"#)]
    #[case::duplicate_escaped(r#"{"identifier": 1, "\u0069dentifier": 2}"#)]
    #[case::duplicate_below(r#"{"a": [{"b": 1, "b": 1}]}"#)]
    #[case::nul_in_a_key(r#"{"a\u0000": 1}"#)]
    fn what_is_no_strict_object_is_malformed(#[case] body: &str) {
        assert!(matches!(object(body.as_bytes()), Err(Error::Malformed(_))));
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_malformed() {
        assert!(matches!(
            object(b"{\"a\": \"\xff\"}"),
            Err(Error::Malformed(_))
        ));
    }

    #[rstest]
    #[case(31, true)]
    #[case(32, false)]
    #[case(100_000, false)]
    fn the_32nd_level_is_the_last(#[case] lists: usize, #[case] fits: bool) {
        let body = format!(r#"{{"a": {}{}}}"#, "[".repeat(lists), "]".repeat(lists));
        assert_eq!(object(body.as_bytes()).is_ok(), fits);
        let body = format!(
            r"{}1{}",
            r#"{"a":"#.repeat(lists + 1),
            "}".repeat(lists + 1)
        );
        assert_eq!(object(body.as_bytes()).is_ok(), fits);
    }

    #[test]
    fn the_words_of_the_body_are_not_repeated() {
        let Err(Error::Malformed(words)) = object(br#"{"otp_code": "123456" oops}"#) else {
            panic!("it was read");
        };
        insta::assert_snapshot!(words, @"The body cannot be read: it is not valid JSON (line 1, column 23).");
    }

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "[^\0]{0,12}".prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn it_agrees_with_serde_json_on_objects(entries in prop::collection::btree_map("[^\0]{0,8}", leaf(), 0..8)) {
            let value = Value::Object(entries.into_iter().collect());
            let read = object(value.to_string().as_bytes());
            prop_assert_eq!(Value::Object(read.unwrap()), value);
        }

        #[test]
        fn it_never_panics_and_takes_no_more_than_serde_json(bytes: Vec<u8>) {
            if object(&bytes).is_ok() {
                prop_assert!(serde_json::from_slice::<Value>(&bytes).is_ok());
            }
        }

        #[test]
        fn nor_on_what_looks_like_json(text in r#"[\{\}\[\]",:0-9a\\u ]{0,40}"#) {
            if object(text.as_bytes()).is_ok() {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
            }
        }
    }
}
