//! What `#[derive(ToSchema)]` makes, as the document has it: objects get names, everything else stands where it is
//! used.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use utoipa::openapi::schema::{
    Array, ArrayItems, Object, ObjectBuilder, OneOf, OneOfBuilder, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr, Schema};

use super::Spec;
use crate::http::Listing;

/// The schemas that others refer to, by their names.
type Named = BTreeMap<String, RefOr<Schema>>;

impl Spec {
    /// The schema of an answer, under this name; the objects in it get names of their own.
    pub(super) fn answer_schema<T: ToSchema>(&mut self, name: &str) -> Ref {
        self.schema_with::<T>(name, Vec::new())
    }

    /// The schema of one page of these.
    pub(super) fn page_schema<T: ToSchema>(&mut self, name: &str) -> Ref {
        // What a generic struct holds is left to the route that names it.
        self.schema_with::<Listing<T>>(name, vec![(T::name().into_owned(), T::schema())])
    }

    fn schema_with<T: ToSchema>(
        &mut self,
        name: &str,
        mut named: Vec<(String, RefOr<Schema>)>,
    ) -> Ref {
        T::schemas(&mut named);
        let named = named.into_iter().collect();
        let schema = self.tidied(T::schema(), &named);
        self.schema(name, schema)
    }

    fn tidied(&mut self, schema: RefOr<Schema>, named: &Named) -> RefOr<Schema> {
        match schema {
            RefOr::Ref(reference) => self.followed(reference, named),
            RefOr::T(Schema::Object(object)) => {
                RefOr::T(Schema::Object(self.object(object, named)))
            }
            RefOr::T(Schema::Array(array)) => RefOr::T(Schema::Array(self.array(array, named))),
            RefOr::T(Schema::AllOf(all)) => {
                let mut merged = ObjectBuilder::new().description(all.description).build();
                for part in all.items {
                    let part = self.part(part, named);
                    merged.properties.extend(part.properties);
                    merged.required.extend(part.required);
                }
                RefOr::T(Schema::Object(merged))
            }
            RefOr::T(Schema::OneOf(one)) => self.or_null(one, named),
            other @ RefOr::T(_) => other,
        }
    }

    /// A part of an object that is written out in it (`#[serde(flatten)]`); of an optional one every member may be
    /// missing.
    fn part(&mut self, part: RefOr<Schema>, named: &Named) -> Object {
        match part {
            RefOr::Ref(reference) => {
                let target = named.get(name_of(&reference)).cloned();
                self.part(target.unwrap_or_default(), named)
            }
            RefOr::T(Schema::OneOf(one)) => {
                let full = one.items.into_iter().find(|choice| !is_null(choice));
                let mut object = self.part(full.unwrap_or_default(), named);
                object.required.clear();
                object
            }
            part @ RefOr::T(_) => match self.tidied(part, named) {
                RefOr::T(Schema::Object(object)) => object,
                _ => Object::new(),
            },
        }
    }

    /// An object behind a reference becomes a component; of anything else the reference is replaced by what it says.
    fn followed(&mut self, reference: Ref, named: &Named) -> RefOr<Schema> {
        let name = name_of(&reference).to_owned();
        let Some(target) = named.get(&name).cloned() else {
            return RefOr::Ref(reference);
        };
        match self.tidied(target, named) {
            RefOr::T(Schema::Object(mut object)) if object.properties.is_empty() => {
                if !reference.description.is_empty() {
                    object.description = Some(reference.description);
                }
                RefOr::T(Schema::Object(object))
            }
            schema => {
                let _ = self.schema(&name, schema);
                RefOr::Ref(reference)
            }
        }
    }

    fn object(&mut self, mut object: Object, named: &Named) -> Object {
        // How wide a number is in Rust is nobody's business.
        if !is_of(&object.schema_type, &Type::String) {
            object.format = None;
        }
        object.property_names = None;
        let properties = std::mem::take(&mut object.properties);
        for (name, property) in properties {
            let property = self.tidied(property, named);
            // `null` is written out, so the member is there.
            if is_nullable(&property) && !object.required.contains(&name) {
                object.required.push(name.clone());
            }
            object.properties.insert(name, property);
        }
        object
    }

    fn array(&mut self, mut array: Array, named: &Named) -> Array {
        if let ArrayItems::RefOrSchema(items) = array.items {
            array.items = ArrayItems::RefOrSchema(Box::new(self.tidied(*items, named)));
        }
        array
    }

    /// `Option`: the schema or `null`.
    fn or_null(&mut self, one: OneOf, named: &Named) -> RefOr<Schema> {
        let mut choices = Vec::new();
        for item in one.items {
            choices.push(self.tidied(item, named));
        }
        choices.retain(|choice| !is_null(choice));
        let Some(only) = choices.pop() else {
            return RefOr::default();
        };
        match only {
            RefOr::T(Schema::Object(mut object)) => {
                if let SchemaType::Type(kind) = object.schema_type {
                    object.schema_type = [kind, Type::Null].into_iter().collect();
                }
                if let Some(words) = &mut object.enum_values {
                    words.push(serde_json::Value::Null);
                }
                object.description = one.description.or(object.description);
                RefOr::T(Schema::Object(object))
            }
            RefOr::Ref(mut only) => {
                let said = Some(std::mem::take(&mut only.description));
                OneOfBuilder::new()
                    .description(one.description.or(said))
                    .item(only)
                    .item(ObjectBuilder::new().schema_type(Type::Null))
                    .into()
            }
            only @ RefOr::T(_) => OneOfBuilder::new()
                .description(one.description)
                .item(only)
                .item(ObjectBuilder::new().schema_type(Type::Null))
                .into(),
        }
    }
}

fn name_of(reference: &Ref) -> &str {
    let (_, name) = reference.ref_location.rsplit_once('/').unwrap_or_default();
    name
}

fn is_of(types: &SchemaType, kind: &Type) -> bool {
    match types {
        SchemaType::Type(only) => only == kind,
        SchemaType::Array(kinds) => kinds.contains(kind),
        SchemaType::AnyValue => false,
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

fn is_nullable(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::T(Schema::Object(object)) => is_of(&object.schema_type, &Type::Null),
        RefOr::T(Schema::Array(array)) => is_of(&array.schema_type, &Type::Null),
        RefOr::T(Schema::OneOf(one)) => one.items.iter().any(is_null),
        _ => false,
    }
}
