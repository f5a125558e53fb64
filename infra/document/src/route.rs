//! One line of a chapter's table, as an operation.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Ref, Required};

use crate::BEARER;
use crate::book::Book;
use crate::parameters::{self, EVERY, of};
use crate::problems::{self, Wrong};

/// A route that is being described.
pub(crate) struct Route {
    method: HttpMethod,
    path: &'static str,
    operation: OperationBuilder,
    /// What can go wrong.
    codes: Vec<&'static str>,
    /// The wrong fields of the example.
    wrong: Vec<Wrong>,
}

/// A route: its group, its name for programs, a title and a paragraph.
pub(crate) fn route(
    method: HttpMethod,
    path: &'static str,
    [group, id, title, paragraph]: [&str; 4],
) -> Route {
    Route {
        method,
        path,
        operation: OperationBuilder::new()
            .tag(group)
            .operation_id(Some(id))
            .summary(Some(title))
            .description(Some(paragraph))
            // Said in so many words: nothing is needed, unless it is said that it is.
            .securities(Some([])),
        codes: vec!["internal"],
        wrong: Vec::new(),
    }
}

impl Route {
    /// May end with these problems.
    pub(crate) fn fails(mut self, codes: &[&'static str]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// Needs the store.
    pub(crate) fn stored(self) -> Self {
        self.fails(&["unavailable"])
    }

    /// Needs an access token.
    pub(crate) fn signed_in(mut self) -> Self {
        let none: [&str; 0] = [];
        self.operation = self
            .operation
            .security(SecurityRequirement::new(BEARER, none));
        self.stored().fails(&["unauthenticated"])
    }

    /// Needs an access token of a sign-in in the last ten minutes.
    pub(crate) fn recently_signed_in(self) -> Self {
        self.signed_in().fails(&["reauthentication_required"])
    }

    pub(crate) fn takes(mut self, parameter: Parameter) -> Self {
        self.operation = self.operation.parameter(parameter);
        self
    }

    /// Fields that may be wrong.
    pub(crate) fn refuses(mut self, wrong: &[Wrong]) -> Self {
        self.wrong.extend(wrong);
        self.fails(&["invalid_request"])
    }

    /// A list with `limit` and `cursor`.
    pub(crate) fn paged(self) -> Self {
        self.takes(parameters::limit())
            .takes(parameters::cursor())
            .refuses(&[(
                "/limit",
                "out_of_range",
                "Expected a whole number from 1 to 100.",
            )])
    }

    /// A JSON body.
    pub(crate) fn json(self, schema: Ref, example: Value, wrong: &[Wrong]) -> Self {
        self.body(&[("application/json", schema, Some(example))])
            .refuses(wrong)
    }

    /// A body of one of these media types.
    pub(crate) fn body(mut self, contents: &[(&str, Ref, Option<Value>)]) -> Self {
        let mut body = RequestBodyBuilder::new().required(Some(Required::True));
        for (media_type, schema, example) in contents {
            let content = ContentBuilder::new()
                .schema(Some(schema.clone()))
                .example(example.clone());
            body = body.content(*media_type, content.build());
        }
        self.operation = self.operation.request_body(Some(body.build()));
        self.fails(&[
            "malformed_request",
            "payload_too_large",
            "unsupported_media_type",
        ])
    }

    /// Answers with JSON.
    pub(crate) fn answers(
        self,
        (status, description): (u16, &str),
        schema: Ref,
        example: Value,
        headers: &[&str],
    ) -> Self {
        let content = ("application/json", Some(schema), Some(example));
        self.responds((status, description), &[content], headers)
    }

    /// Answers without a body.
    pub(crate) fn answers_empty(self, status: u16, description: &str) -> Self {
        self.responds((status, description), &[], &[])
    }

    /// Answers with one of these media types.
    pub(crate) fn responds(
        mut self,
        (status, description): (u16, &str),
        contents: &[(&str, Option<Ref>, Option<Value>)],
        headers: &[&str],
    ) -> Self {
        let mut response = ResponseBuilder::new().description(description);
        for (media_type, schema, example) in contents {
            let content = ContentBuilder::new()
                .schema(schema.clone())
                .example(example.clone());
            response = response.content(*media_type, content.build());
        }
        for name in EVERY.iter().chain(headers) {
            response = response.header_ref(*name, of(name));
        }
        self.operation = self
            .operation
            .response(status.to_string(), response.build());
        self
    }

    /// Writes it into the book. A problem that stands alone on its status is a reference; several on one status are
    /// told together, and so are wrong fields, which are the route's own.
    pub(crate) fn write(self, book: &mut Book) {
        let mut by_status: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
        for code in self.codes {
            let codes = by_status
                .entry(problems::status(code).as_u16())
                .or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let mut operation = self.operation;
        for (status, codes) in by_status {
            let status = status.to_string();
            operation = match codes[..] {
                ["invalid_request"] => {
                    operation.response(status, problems::invalid(&self.wrong, book.public_url()))
                }
                [only] => {
                    book.needs(only);
                    operation.response(status, Ref::from_response_name(only))
                }
                _ => operation.response(status, problems::response(&codes, book.public_url())),
            };
        }
        book.operation(self.method, self.path, operation.build());
    }
}
