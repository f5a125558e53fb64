//! Items as DynamoDB holds them: short makers of values, and typed reading that names a corrupt item.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::Error;

/// An item, as the SDK hands it over.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A text value.
pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number.
pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A binary value.
pub(crate) fn b(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// A list of texts.
pub(crate) fn texts<T: Into<String>>(list: impl IntoIterator<Item = T>) -> AttributeValue {
    AttributeValue::L(list.into_iter().map(s).collect())
}

/// A moment, in milliseconds since 1970.
pub(crate) fn at(moment: Timestamp) -> AttributeValue {
    n(moment.as_millisecond())
}

/// The `ttl` attribute: whole seconds since 1970, as DynamoDB asks for.
pub(crate) fn ttl(moment: Timestamp) -> AttributeValue {
    n(moment.as_second())
}

/// The key of an item.
pub(super) fn key_of(item: &Item) -> Item {
    ["pk", "sk"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())))
        .collect()
}

/// A map of names or values for an expression.
pub(crate) fn map<V, const N: usize>(pairs: [(&str, V); N]) -> HashMap<String, V> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Typed reading of an item.
pub(crate) trait Read {
    /// The attribute, if it is there.
    fn attribute(&self, name: &str) -> Option<&AttributeValue>;

    /// A text, if it is there.
    fn text(&self, name: &str) -> Option<&str> {
        self.attribute(name)?.as_s().ok().map(String::as_str)
    }

    /// A number, if it is there.
    fn number(&self, name: &str) -> Option<i64> {
        self.attribute(name)?.as_n().ok()?.parse().ok()
    }

    /// A count; 0 where it is not there.
    fn count(&self, name: &str) -> u32 {
        self.number(name)
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(0)
    }

    /// Bytes of a known length, if they are there.
    fn bytes<const N: usize>(&self, name: &str) -> Option<[u8; N]> {
        self.attribute(name)?.as_b().ok()?.as_ref().try_into().ok()
    }

    /// A moment, if it is there.
    fn moment(&self, name: &str) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.number(name)?).ok()
    }

    /// A list of texts; empty where it is not there.
    fn list(&self, name: &str) -> Vec<String> {
        let Some(Ok(list)) = self.attribute(name).map(AttributeValue::as_l) else {
            return Vec::new();
        };
        list.iter()
            .filter_map(|value| value.as_s().ok().cloned())
            .collect()
    }

    /// The error for an item that lacks a required attribute.
    fn corrupt(&self, noun: &str, attribute: &str) -> Error {
        Error::internal(format_args!("a {noun} item has no sound `{attribute}`"))
    }
}

impl Read for Item {
    fn attribute(&self, name: &str) -> Option<&AttributeValue> {
        self.get(name)
    }
}
