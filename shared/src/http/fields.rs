//! Takes fields out of a request one by one and remembers all that are wrong.

#[cfg_attr(feature = "document", path = "fields/recorded.rs")]
#[cfg_attr(not(feature = "document"), path = "fields/unrecorded.rs")]
pub(crate) mod recorded;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use axum::http::Uri;
use serde_json::{Map, Value};

use self::recorded::{Described, Record};
use crate::domain::InvalidValue;
use crate::{Error, FieldError};

/// The most wrong fields that an answer lists; a body may name thousands.
const MOST_ERRORS: usize = 100;

/// The fields of one request; what nobody took by [`Fields::finish`] is unknown, and wrong.
#[derive(Debug)]
pub struct Fields {
    entries: Map<String, Value>,
    source: Source,
    errors: Vec<FieldError>,
    faulty: BTreeSet<String>,
    record: Record,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Body,
    Query,
}

#[cfg(feature = "document")]
impl Fields {
    /// Empty fields, and the record of what a reader asks of them.
    pub(crate) fn recording() -> (Self, Record) {
        let record = Record::recording();
        let mut fields = Self::from_source(serde_json::Map::new(), Source::Body);
        fields.record = record.clone();
        (fields, record)
    }
}

impl Fields {
    /// The fields of a body's object.
    #[must_use]
    pub fn new(entries: Map<String, Value>) -> Self {
        Self::from_source(entries, Source::Body)
    }

    /// The fields of a query string. Names that nobody takes are ignored there: links gather extra parameters on their
    /// way.
    #[must_use]
    pub fn query(uri: &Uri) -> Self {
        let mut entries = Map::new();
        let mut twice = Vec::new();
        for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        {
            if entries
                .insert(name.clone().into_owned(), value.into_owned().into())
                .is_some()
            {
                twice.push(name.into_owned());
            }
        }
        let mut fields = Self::from_source(entries, Source::Query);
        for name in twice {
            fields.fault(&name, "duplicate", "The parameter stands twice.");
        }
        fields
    }

    /// A text with a NUL in it is wrong wherever it stands: no store and no mail keeps it as it is. One that is a field
    /// itself is for that field's own rule to refuse, and for [`Self::text`] where the rule lets it through.
    fn from_source(entries: Map<String, Value>, source: Source) -> Self {
        let mut fields = Self {
            entries: Map::new(),
            source,
            errors: Vec::new(),
            faulty: BTreeSet::new(),
            record: Record::default(),
        };
        for (name, value) in &entries {
            if let Some(below) = nul_in(value).filter(|below| !below.is_empty()) {
                fields.faulty.insert(name.clone());
                fields.errors.push(FieldError::new(
                    format!("{}{below}", pointer(name)),
                    "invalid_characters",
                    NO_NUL,
                ));
            }
        }
        fields.entries = entries;
        fields
    }

    /// A text that must be there.
    pub fn required<T: Described>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        self.record.text::<T>(name, true);
        if self.is_missing(name) {
            return None;
        }
        self.given(name, parse)
    }

    /// A text that must be there and means nothing but itself, such as a token: what is wrong with it is for its
    /// reader.
    pub fn opaque(&mut self, name: &'static str) -> Option<String> {
        self.record.text::<String>(name, true);
        if self.is_missing(name) {
            return None;
        }
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => {
                self.fault(name, "invalid_type", "Expected a text.");
                None
            }
        }
    }

    /// A text that may be missing; `null` is not missing but wrong.
    pub fn optional<T: Described>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        self.record.text::<T>(name, false);
        self.given(name, parse)
    }

    fn given<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        let value = self.take(name)?;
        self.text(name, &value, parse)
    }

    /// A text that may be missing (`None`) or `null` (`Some(None)`).
    pub fn nullable<T: Described>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Option<Option<T>> {
        self.record.nullable::<T>(name);
        match self.take(name)? {
            Value::Null => Some(None),
            value => self.text(name, &value, parse).map(Some),
        }
    }

    /// A whole number within `bounds` that may be missing.
    pub fn whole(&mut self, name: &'static str, bounds: RangeInclusive<u64>) -> Option<u64> {
        self.record.whole(name, &bounds, None);
        self.given_whole(name, bounds)
    }

    /// A whole number within `bounds`; `usual` where it is missing.
    pub fn whole_or(
        &mut self,
        name: &'static str,
        bounds: RangeInclusive<u64>,
        usual: u64,
    ) -> Option<u64> {
        self.record.whole(name, &bounds, Some(usual));
        if self.entries.contains_key(name) {
            self.given_whole(name, bounds)
        } else {
            Some(usual)
        }
    }

    fn given_whole(&mut self, name: &'static str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let value = self.take(name)?;
        let number = match (&value, self.source) {
            (Value::Number(number), Source::Body) => number.as_u64().map(Ok).or_else(|| {
                // A whole number below zero or beyond 64 bits is out of range, a fraction of the wrong type.
                let whole = number.is_i64() || number.as_f64().is_some_and(|n| n.fract() == 0.0);
                whole.then_some(Err(()))
            }),
            (Value::String(text), Source::Query) => {
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                digits.then(|| text.parse().map_err(|_| ()))
            }
            _ => None,
        };
        match number {
            Some(Ok(number)) if bounds.contains(&number) => Some(number),
            Some(_) => {
                let (low, high) = bounds.into_inner();
                self.fault(
                    name,
                    "out_of_range",
                    format!("Expected a whole number from {low} to {high}."),
                );
                None
            }
            None => {
                self.fault(name, "invalid_type", "Expected a whole number.");
                None
            }
        }
    }

    /// A whole number within `bounds` that must be there.
    pub fn required_whole(
        &mut self,
        name: &'static str,
        bounds: RangeInclusive<u64>,
    ) -> Option<u64> {
        self.record.required_whole(name, &bounds);
        if self.is_missing(name) {
            return None;
        }
        self.given_whole(name, bounds)
    }

    /// `true` or `false`, that may be missing.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.record.flag(name);
        let value = self.take(name)?;
        let flag = match (&value, self.source) {
            (Value::Bool(flag), Source::Body) => Some(*flag),
            (Value::String(text), Source::Query) => text.parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.fault(name, "invalid_type", "Expected true or false.");
        }
        flag
    }

    /// Refuses fields that a reader sees but nobody writes.
    pub fn read_only(&mut self, names: &[&'static str]) {
        for name in names {
            if self.entries.remove(*name).is_some() {
                self.fault(name, "read_only", "This field cannot be set.");
            }
        }
    }

    /// Refuses a field that this request must not have, in words that say why.
    pub fn refuse(&mut self, name: &'static str, code: &'static str, detail: &'static str) {
        if self.entries.remove(name).is_some() {
            self.fault(name, code, detail);
        }
    }

    /// Says that a field is wrong for a reason that its own text does not show, such as another field.
    pub fn fault(
        &mut self,
        name: &str,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) {
        if self.faulty.insert(name.to_owned()) {
            self.errors
                .push(FieldError::new(pointer(name), code, detail));
        }
    }

    /// The request, if nothing was wrong with it: `fields.finish(|| Some(Ask { identifier: identifier?, channel }))`.
    ///
    /// # Errors
    /// 422 with all wrong fields at once, those that nobody took included.
    pub fn finish<T>(mut self, build: impl FnOnce() -> Option<T>) -> Result<T, Error> {
        if self.source == Source::Body {
            for name in std::mem::take(&mut self.entries).keys() {
                self.fault(name, "unknown_field", "There is no such field.");
            }
        }
        if !self.errors.is_empty() {
            self.errors.truncate(MOST_ERRORS);
            return Err(Error::Invalid(self.errors));
        }
        build().ok_or_else(|| Error::internal("a field is missing that no rule asked for"))
    }

    fn is_missing(&mut self, name: &'static str) -> bool {
        let missing = !self.entries.contains_key(name);
        if missing {
            self.fault(name, "required", "This field is required.");
        }
        missing
    }

    /// The value of a field that is there and not known to be wrong.
    fn take(&mut self, name: &str) -> Option<Value> {
        let value = self.entries.remove(name)?;
        (!self.faulty.contains(name)).then_some(value)
    }

    fn text<T>(
        &mut self,
        name: &'static str,
        value: &Value,
        parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        let Value::String(text) = value else {
            self.fault(name, "invalid_type", "Expected a text.");
            return None;
        };
        match parse(text) {
            Ok(_) if text.contains('\0') => {
                self.fault(name, "invalid_characters", NO_NUL);
                None
            }
            Ok(value) => Some(value),
            Err(fault) => {
                self.fault(name, fault.code, fault.detail);
                None
            }
        }
    }
}

const NO_NUL: &str = "A NUL character is not allowed.";

/// JSON pointer to a member of the top object (RFC 6901 section 3).
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The pointer, from `value` on, to the first text in it that holds a NUL.
fn nul_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(n, item)| nul_in(item).map(|below| format!("/{n}{below}"))),
        Value::Object(entries) => entries
            .iter()
            .find_map(|(name, item)| nul_in(item).map(|below| format!("{}{below}", pointer(name)))),
        _ => None,
    }
}
