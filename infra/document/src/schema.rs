//! Short words for schemas.

use std::ops::RangeInclusive;

use serde_json::Value;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat,
    SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr, Schema};

type Any = RefOr<Schema>;

/// A member of an object.
pub(crate) struct Member {
    name: &'static str,
    schema: Any,
    required: bool,
}

/// A member that is always there.
pub(crate) fn must(name: &'static str, schema: impl Into<Any>) -> Member {
    Member {
        name,
        schema: schema.into(),
        required: true,
    }
}

/// A member that may be missing.
pub(crate) fn may(name: &'static str, schema: impl Into<Any>) -> Member {
    Member {
        required: false,
        ..must(name, schema)
    }
}

/// An object in an answer; more members may come with later versions.
pub(crate) fn object(description: &str, members: Vec<Member>) -> ObjectBuilder {
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
pub(crate) fn form(description: &str, members: Vec<Member>) -> ObjectBuilder {
    object(description, members).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

/// An object whose members are named by what they count.
pub(crate) fn map(description: &str, of: ObjectBuilder) -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some(description))
        .additional_properties(Some(of))
}

pub(crate) fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
}

/// A text or `null`.
pub(crate) fn text_or_null(description: &str) -> ObjectBuilder {
    or_null(text(description), Type::String)
}

/// What `schema` (of this type) says, or `null`.
pub(crate) fn or_null(schema: ObjectBuilder, kind: Type) -> ObjectBuilder {
    schema.schema_type([kind, Type::Null].into_iter().collect::<SchemaType>())
}

/// One of a few words.
pub(crate) fn word(description: &str, words: &[&str]) -> ObjectBuilder {
    text(description).enum_values(Some(words.iter().copied().map(Value::from)))
}

/// A moment.
pub(crate) fn time(description: &str) -> ObjectBuilder {
    text(description).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

/// A moment or `null`.
pub(crate) fn time_or_null(description: &str) -> ObjectBuilder {
    or_null(time(description), Type::String)
}

/// A day, `2026-01-31`.
pub(crate) fn day(description: &str) -> ObjectBuilder {
    text(description).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
}

/// A URL.
pub(crate) fn url(description: &str) -> ObjectBuilder {
    text(description).format(Some(SchemaFormat::Custom("uri".to_owned())))
}

/// An id with this prefix.
pub(crate) fn id(description: &str, prefix: &str) -> ObjectBuilder {
    text(description).pattern(Some(format!("^{prefix}_[0-9a-f]{{32}}$")))
}

/// A whole number within bounds.
pub(crate) fn whole(description: &str, bounds: RangeInclusive<u64>) -> ObjectBuilder {
    count(description)
        .minimum(Some(*bounds.start()))
        .maximum(Some(*bounds.end()))
}

/// A whole number from zero on.
pub(crate) fn count(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0_u64))
        .description(Some(description))
}

pub(crate) fn flag(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some(description))
}

/// Always `true`, or always `false`.
pub(crate) fn always(value: bool, description: &str) -> ObjectBuilder {
    flag(description).enum_values(Some([value]))
}

pub(crate) fn list(description: &str, of: impl Into<Any>) -> ArrayBuilder {
    ArrayBuilder::new()
        .items(of.into())
        .description(Some(description))
}

/// What `reference` points to, or `null`.
pub(crate) fn ref_or_null(description: &str, reference: Ref) -> OneOfBuilder {
    OneOfBuilder::new()
        .description(Some(description))
        .item(reference)
        .item(ObjectBuilder::new().schema_type(Type::Null))
}

/// One page of a list of these.
pub(crate) fn page(of: Ref, more: Vec<Member>) -> ObjectBuilder {
    let mut members = vec![
        must("results", list("One page of the list.", of)),
        must(
            "next",
            text_or_null("The `cursor` of the next page; `null` on the last."),
        ),
    ];
    members.extend(more);
    object("One page.", members)
}
