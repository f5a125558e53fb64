//! The API's own description, an OpenAPI 3.1 document that follows from the code. Built with the feature `document`
//! alone, which no function has.
//!
//! Each function crate describes its routes next to its handlers ([`Route`]). What an answer holds comes from the
//! structs that are serialised (`#[derive(ToSchema)]`), what a request may hold from the reader that judges it: the
//! reader is run on a [`Fields`](super::Fields) that writes down what is asked of it. Words and examples for people are
//! [`Prose`], by the operation's name.

mod parameters;
mod problems;
mod prose;
mod route;
pub mod schema;
mod tidy;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
pub use utoipa::openapi::Ref;
use utoipa::openapi::path::{OperationBuilder, Paths};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{RefOr, Schema};

use super::respond::Problem;
pub use parameters::{device_token, idempotency_key, if_match, required_header, session_cookie};
pub use prose::Prose;
pub use route::Route;
pub use utoipa::openapi::path::HttpMethod;
pub use values::{Code, False, Method};

/// The rate headers of answers to code requests and attempts.
pub const RATE: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

/// The name of the security scheme of access tokens.
pub const BEARER: &str = "bearer";

/// The document while it is written.
pub struct Spec {
    paths: Paths,
    components: ComponentsBuilder,
    /// Codes that an operation points to; no component stands in the document that nothing points to.
    codes: BTreeSet<&'static str>,
    prose: BTreeMap<String, Prose>,
    public_url: String,
}

impl Spec {
    /// An empty document for an API at this URL, with what is to be said of each operation.
    #[must_use]
    pub fn new(public_url: &str, prose: BTreeMap<String, Prose>) -> Self {
        let mut spec = Self {
            paths: Paths::new(),
            components: parameters::headers(ComponentsBuilder::new()),
            codes: BTreeSet::new(),
            prose,
            public_url: public_url.to_owned(),
        };
        let _ = spec.answer_schema::<Problem<'_>>("Problem");
        spec
    }

    /// A schema under a name of its own; returns the way to point to it.
    pub fn schema(&mut self, name: &str, schema: impl Into<RefOr<Schema>>) -> Ref {
        self.components = std::mem::take(&mut self.components).schema(name, schema);
        Ref::from_schema_name(name)
    }

    /// Writes a route down.
    ///
    /// # Panics
    /// Where no prose is left for it: an operation that nobody explains, or one that is written twice.
    pub fn add(&mut self, mut route: Route) {
        let prose = self.prose.remove(route.id);
        let prose = prose.unwrap_or_else(|| panic!("there is no prose for {}", route.id));
        let mut operation = OperationBuilder::new()
            .tag(&prose.group)
            .operation_id(Some(route.id))
            .summary(Some(&prose.title))
            .description(Some(&prose.text))
            // Said in so many words: nothing is needed, unless it is said that it is.
            .securities(Some([]));
        if route.signed_in {
            let none: [&str; 0] = [];
            operation = operation.security(SecurityRequirement::new(BEARER, none));
        }
        for parameter in route.all_parameters(&prose) {
            operation = operation.parameter(parameter);
        }
        if let Some(body) = route.request_body(&prose, self) {
            operation = operation.request_body(Some(body));
        }
        let (status, answer) = route.answer(&prose, self);
        operation = operation.response(status.to_string(), answer);
        for (status, codes) in route.problems() {
            let response = match codes[..] {
                ["invalid_request"] => RefOr::T(problems::invalid(
                    route.wrong_fields(&prose),
                    &self.public_url,
                )),
                [only] => {
                    self.codes.insert(only);
                    Ref::from_response_name(only).into()
                }
                _ => RefOr::T(problems::response(&codes, &self.public_url)),
            };
            operation = operation.response(status.to_string(), response);
        }
        self.paths
            .add_path_operation(route.path, vec![route.method], operation.build());
    }

    /// The paths and the components.
    ///
    /// # Panics
    /// Where prose is left over that no route has asked for.
    #[must_use]
    pub fn close(self) -> (Paths, ComponentsBuilder) {
        let left: Vec<_> = self.prose.keys().collect();
        assert!(left.is_empty(), "there are no routes for {left:?}");
        let mut components = self.components;
        for code in self.codes {
            components = components.response(code, problems::response(&[code], &self.public_url));
        }
        (self.paths, components)
    }
}

/// An example as YAML has it, or none.
fn example(value: &Value) -> Option<Value> {
    (!value.is_null()).then(|| value.clone())
}
