//! Reads JSON strictly: one object, no key twice at any depth, bounded nesting, no NUL in a key.
//!
//! `serde_json::Value` keeps the last of two equal keys in silence, and derived structs take a list in place of an
//! object; neither may be used for input.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Map, Value};

/// Why a text is no JSON object, and where; it repeats nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoObject {
    /// The end of a sentence, such as "it is not valid JSON".
    pub(crate) why: &'static str,
    /// From 1; 0 where it is about the whole text.
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Reads one JSON object of at most `deepest` levels, itself the first.
pub(crate) fn object(text: &str, deepest: usize) -> Result<Map<String, Value>, NoObject> {
    let mut reader = Deserializer::from_str(text);
    let value = reader
        .deserialize_any(Strict { level: 1, deepest })
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| NoObject {
            // Only our own words are repeated; serde_json's may quote the text.
            why: [DUPLICATE, TOO_DEEP, NUL_KEY]
                .into_iter()
                .find(|why| error.to_string().starts_with(why))
                .unwrap_or("it is not valid JSON"),
            line: error.line(),
            column: error.column(),
        })?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(NoObject {
            why: "it is not an object",
            line: 0,
            column: 0,
        }),
    }
}

const DUPLICATE: &str = "a key stands twice in one object";
const TOO_DEEP: &str = "it nests too deep";
const NUL_KEY: &str = "a key holds a NUL";

/// Builds a [`Value`] and refuses what the module's rules forbid; `level` is that of the value it reads.
#[derive(Clone, Copy)]
struct Strict {
    level: usize,
    deepest: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.level > self.deepest {
            return Err(E::custom(TOO_DEEP));
        }
        Ok(Self {
            level: self.level + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut seen = HashSet::new();
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key.contains('\0') {
                return Err(A::Error::custom(NUL_KEY));
            }
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(DUPLICATE));
            }
            object.insert(key, entries.next_value_seed(deeper)?);
        }
        Ok(object.into())
    }
}
