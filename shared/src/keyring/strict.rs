//! Reading a token's parts so that no two readings of one text exist: one spelling, no duplicates, no depth.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The deepest nesting that a header or a claim set may have.
const MAX_DEPTH: u32 = 16;

/// The bytes of a base64url text without padding (RFC 7515 section 2), in the one spelling that they have: other
/// alphabets, white space, padding and stray bits at the end are refused.
pub(super) fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A JSON object with each name once, its values read no deeper than a claim set needs.
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// A value of the shapes that headers and claims have.
pub(super) enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// An integer, written as one: `1e3` and `1.0` are none.
    Whole(i64),
    /// A list of texts.
    Texts(Vec<Cow<'a, str>>),
    /// Anything else.
    Other,
}

impl<'a> Object<'a> {
    /// Reads `bytes`, which hold one object and nothing else; `None` for any other text.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        (depth(bytes) <= MAX_DEPTH)
            .then(|| serde_json::from_slice(bytes).ok())
            .flatten()
    }

    /// The member called `name`.
    pub(super) fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// The member called `name`, if it is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The member called `name`, if it is an integer.
    pub(super) fn whole(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Whole(number) => Some(*number),
            _ => None,
        }
    }

    /// The names of all members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }
}

/// How deep brackets nest outside of texts; what is no JSON gets some number, and is refused by the parser.
fn depth(bytes: &[u8]) -> u32 {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_u32, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members: Vec<(Cow<'de, str>, Value<'de>)> = Vec::with_capacity(12);
                while let Some(Text(name)) = map.next_key()? {
                    if members.iter().any(|(n, _)| *n == name) {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                    members.push((name, map.next_value()?));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Value<'de>, E> {
                Ok(Value::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Value<'de>, E> {
                Ok(Value::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Value<'de>, E> {
                Ok(Value::Whole(number))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'de>, E> {
                Ok(i64::try_from(number).map_or(Value::Other, Value::Whole))
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Value<'de>, E> {
                Ok(Value::Other)
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Value<'de>, E> {
                Ok(Value::Other)
            }
            fn visit_unit<E: Error>(self) -> Result<Value<'de>, E> {
                Ok(Value::Other)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
                let (mut texts, mut only_texts) = (Vec::new(), true);
                while let Some(item) = list.next_element()? {
                    match item {
                        Value::Text(text) => texts.push(text),
                        _ => only_texts = false,
                    }
                }
                Ok(if only_texts {
                    Value::Texts(texts)
                } else {
                    Value::Other
                })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Value::Other)
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_object_and_nothing_else() {
        for wrong in [
            "",
            "[]",
            "\"x\"",
            "1",
            "null",
            "{",
            "{} {}",
            "{\"a\":1,}",
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            "{\"a\":\u{1}}",
            "\u{feff}{}",
        ] {
            assert!(Object::parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
        assert!(Object::parse(b" {\"a\" : {\"b\": [1]}} ").is_some());
        assert!(Object::parse(b"{\"a\": \"\xff\"}").is_none());
    }

    #[test]
    fn only_integers_are_whole() {
        let object =
            Object::parse(br#"{"a":1,"b":1.0,"c":1e3,"d":"1","e":18446744073709551615,"f":-1}"#)
                .unwrap();
        let whole = ["a", "b", "c", "d", "e", "f", "g"].map(|name| object.whole(name));
        assert_eq!(whole, [Some(1), None, None, None, None, Some(-1), None]);
    }

    #[test]
    fn depth_is_bounded_and_texts_do_not_count() {
        let nested = |n: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(n), "]".repeat(n));
        assert!(Object::parse(nested(15).as_bytes()).is_some());
        assert!(Object::parse(nested(16).as_bytes()).is_none());
        assert!(Object::parse(nested(1_000_000).as_bytes()).is_none());
        assert!(Object::parse(format!(r#"{{"a":"\"{}"}}"#, "[".repeat(99)).as_bytes()).is_some());
    }

    proptest! {
        #[test]
        fn bytes_have_one_spelling(bytes: Vec<u8>, text in "[A-Za-z0-9_-]{0,40}") {
            prop_assert_eq!(base64url(&URL_SAFE_NO_PAD.encode(&bytes)), Some(bytes));
            if let Some(read) = base64url(&text) {
                prop_assert_eq!(URL_SAFE_NO_PAD.encode(read), text);
            }
        }
    }
}
