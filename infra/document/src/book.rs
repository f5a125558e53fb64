//! Gathers what the chapters write.

use std::collections::BTreeSet;

use utoipa::openapi::path::{HttpMethod, Operation, Paths};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};

use crate::{parameters, problems};

/// The document while it is written.
pub(crate) struct Book {
    paths: Paths,
    components: ComponentsBuilder,
    /// Codes that an operation points to; no component stands in the document that nothing points to.
    codes: BTreeSet<&'static str>,
    public_url: String,
}

impl Book {
    pub(crate) fn new(public_url: &str) -> Self {
        let components = ComponentsBuilder::new()
            .schema("Problem", problems::schema())
            .schema("WrongField", problems::wrong_field());
        Self {
            paths: Paths::new(),
            components: parameters::headers(components),
            codes: BTreeSet::new(),
            public_url: public_url.to_owned(),
        }
    }

    /// A named schema; returns the way to point to it.
    pub(crate) fn schema(&mut self, name: &str, schema: impl Into<RefOr<Schema>>) -> Ref {
        self.components = std::mem::take(&mut self.components).schema(name, schema);
        Ref::from_schema_name(name)
    }

    /// The URL in examples.
    pub(crate) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Notes that an operation points to this problem's response.
    pub(crate) fn needs(&mut self, code: &'static str) {
        self.codes.insert(code);
    }

    pub(crate) fn operation(&mut self, method: HttpMethod, path: &str, operation: Operation) {
        self.paths.add_path_operation(path, vec![method], operation);
    }

    pub(crate) fn close(self) -> (Paths, ComponentsBuilder) {
        let mut components = self.components;
        for code in self.codes {
            components = components.response(code, problems::response(&[code], &self.public_url));
        }
        (self.paths, components)
    }
}
