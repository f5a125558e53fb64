//! Short words for schemas of what has no struct here: other people's callbacks, forms, files.

use std::ops::RangeInclusive;

use serde_json::Value;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type,
};
use utoipa::openapi::{RefOr, schema::SchemaType};

use crate::domain::id::Kind;

type Any = RefOr<Schema>;

/// A member of an object.
pub struct Member {
    name: &'static str,
    schema: Any,
    required: bool,
}

/// A member that is always there.
pub fn must(name: &'static str, schema: impl Into<Any>) -> Member {
    Member {
        name,
        schema: schema.into(),
        required: true,
    }
}

/// A member that may be missing.
pub fn may(name: &'static str, schema: impl Into<Any>) -> Member {
    Member {
        required: false,
        ..must(name, schema)
    }
}

/// An object; more members than these may come.
#[must_use]
pub fn object(description: &str, members: impl IntoIterator<Item = Member>) -> ObjectBuilder {
    let mut object = ObjectBuilder::new().description(Some(description));
    for member in members {
        object = object.property(member.name, member.schema);
        if member.required {
            object = object.required(member.name);
        }
    }
    object
}

/// An object in a request: an unknown member is an error.
pub(super) fn form(description: &str, members: impl IntoIterator<Item = Member>) -> ObjectBuilder {
    object(description, members).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

/// A text.
#[must_use]
pub fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description((!description.is_empty()).then_some(description))
}

/// One of a few words.
#[must_use]
pub fn word(description: &str, words: &[&str]) -> ObjectBuilder {
    text(description).enum_values(Some(words.iter().copied().map(Value::from)))
}

/// A text in a known form.
pub(super) fn formatted(format: KnownFormat) -> ObjectBuilder {
    text("").format(Some(SchemaFormat::KnownFormat(format)))
}

/// A URL.
#[must_use]
pub fn url(description: &str) -> ObjectBuilder {
    text(description).format(Some(SchemaFormat::Custom("uri".to_owned())))
}

/// An id of this kind.
#[must_use]
pub fn id<K: Kind>(description: &str) -> ObjectBuilder {
    let pattern = format!("^{}[0-9a-f]{{32}}$", K::PREFIX);
    text(description).pattern(Some(pattern))
}

/// A moment.
#[must_use]
pub fn time(description: &str) -> ObjectBuilder {
    text(description).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

/// A file's bytes.
#[must_use]
pub fn binary(description: &str) -> ObjectBuilder {
    formatted(KnownFormat::Binary).description(Some(description))
}

/// A whole number from zero on.
#[must_use]
pub fn count(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0_u64))
        .description((!description.is_empty()).then_some(description))
}

/// A whole number within bounds.
pub(crate) fn whole(description: &str, bounds: RangeInclusive<u64>) -> ObjectBuilder {
    count(description)
        .minimum(Some(*bounds.start()))
        .maximum(Some(*bounds.end()))
}

/// A list.
pub fn list(description: &str, of: impl Into<Any>) -> ArrayBuilder {
    ArrayBuilder::new()
        .items(of.into())
        .description(Some(description))
}

/// Anything at all.
#[must_use]
pub fn anything() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue)
}
