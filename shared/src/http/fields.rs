//! Takes fields out of a request one by one and remembers all that are wrong.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use axum::http::Uri;
use serde_json::{Map, Value};

use crate::domain::Fault;
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Body,
    Query,
}

impl Fields {
    /// The fields of a body's object. A text with a NUL in it is wrong wherever it stands (no store and no mail keeps it
    /// as it is).
    #[must_use]
    pub fn new(entries: Map<String, Value>) -> Self {
        let mut fields = Self {
            entries,
            source: Source::Body,
            errors: Vec::new(),
            faulty: BTreeSet::new(),
        };
        for (name, value) in &fields.entries {
            if let Some(below) = nul_in(value) {
                let pointer = format!("{}{below}", pointer(name));
                fields.errors.push(FieldError::new(
                    pointer,
                    "invalid_characters",
                    "A NUL character is not allowed.",
                ));
                fields.faulty.insert(name.clone());
            }
        }
        fields
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
        let mut fields = Self::new(Map::new());
        fields.source = Source::Query;
        fields.entries = entries;
        for name in twice {
            fields.fault(&name, "duplicate", "The parameter stands twice.");
        }
        let nul: Vec<String> = fields
            .entries
            .iter()
            .filter(|(_, value)| nul_in(value).is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for name in nul {
            fields.fault(
                &name,
                "invalid_characters",
                "A NUL character is not allowed.",
            );
        }
        fields
    }

    /// A text that must be there.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        if self.is_missing(name) {
            return None;
        }
        self.optional(name, parse)
    }

    /// A text that may be missing; `null` is not missing but wrong.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let value = self.take(name)?;
        self.text(name, &value, parse)
    }

    /// A text that may be missing (`None`) or `null` (`Some(None)`).
    pub fn nullable<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<Option<T>> {
        match self.take(name)? {
            Value::Null => Some(None),
            value => self.text(name, &value, parse).map(Some),
        }
    }

    /// A whole number within `bounds` that may be missing.
    pub fn whole(&mut self, name: &'static str, bounds: RangeInclusive<u64>) -> Option<u64> {
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
        if self.is_missing(name) {
            return None;
        }
        self.whole(name, bounds)
    }

    /// `true` or `false`, that may be missing.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
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
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let Value::String(text) = value else {
            self.fault(name, "invalid_type", "Expected a text.");
            return None;
        };
        parse(text)
            .map_err(|fault| self.fault(name, fault.code, fault.detail))
            .ok()
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        let Value::Object(entries) = value else {
            panic!("an object is expected")
        };
        Fields::new(entries)
    }

    fn short(text: &str) -> Result<String, Fault> {
        if text.len() <= 5 {
            Ok(text.to_owned())
        } else {
            Err(Fault {
                code: "too_long",
                detail: "Expected at most 5 characters.".into(),
            })
        }
    }

    fn codes(error: Error) -> Vec<String> {
        let Error::Invalid(errors) = error else {
            panic!("422 is expected, found {error}")
        };
        errors
            .iter()
            .map(|e| format!("{} {}", e.pointer, e.code))
            .collect()
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let mut fields = fields(json!({
            "long": "123456", "typed": 1, "null": null, "id": "usr_1", "n": 11, "a/b~": 1, "nul": "x\0",
            "list": [{"x": "\0"}],
        }));
        fields.read_only(&["id"]);
        let _ = fields.required("long", short);
        let _ = fields.required("typed", short);
        let _ = fields.optional("null", short);
        let _ = fields.required("missing", short);
        let _ = fields.optional("nul", short);
        let _ = fields.whole("n", 1..=10);
        let error = fields.finish(|| Some(())).unwrap_err();
        insta::assert_snapshot!(codes(error).join("\n"), @r"
        /list/0/x invalid_characters
        /nul invalid_characters
        /id read_only
        /long too_long
        /typed invalid_type
        /null invalid_type
        /missing required
        /n out_of_range
        /a~1b~0 unknown_field
        ");
    }

    #[test]
    fn what_is_right_comes_out() {
        let mut fields = fields(json!({"a": "x", "b": null, "n": 3, "f": true}));
        let (a, b, c) = (
            fields.required("a", short),
            fields.nullable("b", short),
            fields.nullable("c", short),
        );
        let (n, f) = (fields.whole("n", 1..=3), fields.flag("f"));
        let built = fields.finish(|| Some((a?, b, c, n?, f?))).unwrap();
        assert_eq!(built, ("x".to_owned(), Some(None), None, 3, true));
    }

    #[test]
    fn a_number_is_no_text_and_a_fraction_no_whole_number() {
        for (value, code) in [
            (json!("3"), "invalid_type"),
            (json!(1.5), "invalid_type"),
            (json!(-1), "out_of_range"),
            (json!(1e30), "out_of_range"),
            (json!(true), "invalid_type"),
        ] {
            let mut fields = fields(json!({ "n": value }));
            let _ = fields.whole("n", 0..=10);
            assert_eq!(
                codes(fields.finish(|| Some(())).unwrap_err()),
                [format!("/n {code}")]
            );
        }
    }

    #[test]
    fn a_query_is_read_as_text() {
        let uri: Uri = "/x?limit=7&name=J%C3%BC&extra=1&flag=true".parse().unwrap();
        let mut fields = Fields::query(&uri);
        let (limit, name, flag) = (
            fields.whole("limit", 1..=100),
            fields.required("name", short),
            fields.flag("flag"),
        );
        let built = fields.finish(|| Some((limit?, name?, flag?))).unwrap();
        assert_eq!(built, (7, "Jü".to_owned(), true));
    }

    #[test]
    fn a_parameter_that_stands_twice_or_holds_a_nul_is_wrong() {
        let uri: Uri = "/x?limit=7&limit=8&name=%00&n=%2B7".parse().unwrap();
        let mut fields = Fields::query(&uri);
        let _ = fields.whole("limit", 1..=100);
        let _ = fields.required("name", short);
        let _ = fields.whole("n", 1..=100);
        let error = fields.finish(|| Some(())).unwrap_err();
        assert_eq!(
            codes(error),
            [
                "/limit duplicate",
                "/name invalid_characters",
                "/n invalid_type"
            ]
        );
    }

    #[test]
    fn the_list_of_errors_is_bounded() {
        let many = (0..2_000).map(|n| (format!("f{n}"), Value::Null)).collect();
        let error = Fields::new(many).finish(|| Some(())).unwrap_err();
        assert_eq!(codes(error).len(), MOST_ERRORS);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_never_panics_and_what_it_hands_out_is_right(a in any_value(), b in any_value(), extra: bool) {
            let mut object = json!({"a": a, "b": b});
            if extra {
                object["c"] = true.into();
            }
            let mut fields = fields(object);
            let (text, number) = (fields.required("a", short), fields.whole("b", 1..=9));
            let (had_text, had_number) = (text.is_some(), number.is_some());
            let built = fields.finish(|| Some((text?, number?)));
            match built {
                Ok((text, number)) => prop_assert!(!extra && text.len() <= 5 && (1..=9).contains(&number)),
                Err(error) => {
                    let wrong = codes(error);
                    prop_assert_eq!(wrong.iter().any(|w| w.starts_with("/a ")), !had_text && !a_has_deep_nul(&wrong));
                    prop_assert!(had_number || wrong.iter().any(|w| w.starts_with("/b")));
                }
            }
        }

        #[test]
        fn no_query_makes_it_panic(query in "[ -~]{0,60}") {
            if let Ok(uri) = format!("/x?{query}").parse::<Uri>() {
                let mut fields = Fields::query(&uri);
                let _ = fields.whole("limit", 1..=100);
                let _ = fields.finish(|| Some(()));
            }
        }
    }

    fn a_has_deep_nul(wrong: &[String]) -> bool {
        wrong.iter().any(|w| w.starts_with("/a/"))
    }
}
