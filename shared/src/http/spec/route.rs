//! One route, as its function describes it.

use std::collections::BTreeMap;

use axum::http::Uri;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, Parameter, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::Object;
use utoipa::openapi::{Ref, Required};

use super::parameters::{self, EVERY, of, parameter};
use super::schema::form;
use super::{Prose, Spec, example, problems};
use crate::http::{Fields, Page};
use crate::{Error, FieldError};

/// Reads a request's fields as its handler does.
type Reader = Box<dyn Fn(Fields) -> Result<(), Error>>;
/// Puts a schema into the document.
type Named = Box<dyn FnOnce(&mut Spec) -> Ref>;

const JSON: &str = "application/json";

/// A route, described next to its handler.
pub struct Route {
    pub(super) method: HttpMethod,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) signed_in: bool,
    /// What can go wrong.
    codes: Vec<&'static str>,
    parameters: Vec<Parameter>,
    /// Parameters of the path, whose words come from the prose.
    places: Vec<(&'static str, Object)>,
    /// The same of the query.
    extra: Vec<(&'static str, Object)>,
    is_paged: bool,
    query: Option<Reader>,
    json: Option<(&'static str, Reader)>,
    contents: Vec<(&'static str, Ref)>,
    may_lack_body: bool,
    /// Wrong fields that no reader finds.
    wrong: Vec<FieldError>,
    status: u16,
    answers: Vec<(&'static str, Named)>,
    headers: Vec<&'static str>,
}

impl Route {
    /// A route and its name for programs.
    #[must_use]
    pub fn new(method: HttpMethod, path: &'static str, id: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            signed_in: false,
            codes: vec!["internal"],
            parameters: Vec::new(),
            places: Vec::new(),
            extra: Vec::new(),
            is_paged: false,
            query: None,
            json: None,
            contents: Vec::new(),
            may_lack_body: false,
            wrong: Vec::new(),
            status: 204,
            answers: Vec::new(),
            headers: EVERY.to_vec(),
        }
    }

    /// May end with these problems.
    #[must_use]
    pub fn fails(mut self, codes: &[&'static str]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// Needs the store.
    #[must_use]
    pub fn stored(self) -> Self {
        self.fails(&["unavailable"])
    }

    /// Needs an access token.
    #[must_use]
    pub fn signed_in(mut self) -> Self {
        self.signed_in = true;
        self.stored().fails(&["unauthenticated"])
    }

    /// Needs an access token of a sign-in in the last ten minutes.
    #[must_use]
    pub fn recently_signed_in(self) -> Self {
        self.signed_in().fails(&["reauthentication_required"])
    }

    /// Takes a header.
    #[must_use]
    pub fn takes(mut self, header: Parameter) -> Self {
        self.parameters.push(header);
        self
    }

    /// A parameter of the path.
    #[must_use]
    pub fn place(mut self, name: &'static str, schema: impl Into<Object>) -> Self {
        self.places.push((name, schema.into()));
        self
    }

    /// A parameter of the query that no reader judges.
    #[must_use]
    pub fn parameter(mut self, name: &'static str, schema: impl Into<Object>) -> Self {
        self.extra.push((name, schema.into()));
        self
    }

    /// A list with `limit` and `cursor`.
    #[must_use]
    pub fn paged(mut self) -> Self {
        self.is_paged = true;
        self.fails(&["invalid_request"])
    }

    /// A query that is read like this.
    #[must_use]
    pub fn query<T>(mut self, read: impl Fn(Fields) -> Result<T, Error> + 'static) -> Self {
        self.query = Some(Box::new(move |fields| read(fields).map(drop)));
        self.fails(&["invalid_request"])
    }

    /// A JSON body of this name that is read like this.
    #[must_use]
    pub fn json<T>(
        mut self,
        name: &'static str,
        read: impl Fn(Fields) -> Result<T, Error> + 'static,
    ) -> Self {
        self.json = Some((name, Box::new(move |fields| read(fields).map(drop))));
        self.fails(&["invalid_request"]).has_body()
    }

    /// A body of one of these media types.
    #[must_use]
    pub fn body(mut self, contents: impl IntoIterator<Item = (&'static str, Ref)>) -> Self {
        self.contents.extend(contents);
        self.has_body()
    }

    /// The body may be left out.
    #[must_use]
    pub fn may_lack_body(mut self) -> Self {
        self.may_lack_body = true;
        self
    }

    fn has_body(self) -> Self {
        self.fails(&[
            "malformed_request",
            "payload_too_large",
            "unsupported_media_type",
        ])
    }

    /// May find these wrong fields too.
    #[must_use]
    pub fn refuses(mut self, error: Error) -> Self {
        if let Error::Invalid(fields) = error {
            self.wrong.extend(fields);
        }
        self.fails(&["invalid_request"])
    }

    /// Answers with a struct, as JSON; without any answer it is 204.
    #[must_use]
    pub fn answers<T: ToSchema + 'static>(self, status: u16) -> Self {
        self.named(status, |spec| spec.answer_schema::<T>(&T::name()))
    }

    /// Answers with one page of a list; the page's name is its own.
    #[must_use]
    pub fn lists<T: ToSchema + 'static>(self, name: &'static str) -> Self {
        self.paged()
            .named(200, move |spec| spec.page_schema::<T>(name))
    }

    fn named(mut self, status: u16, named: impl FnOnce(&mut Spec) -> Ref + 'static) -> Self {
        self.status = status;
        self.answers.push((JSON, Box::new(named)));
        self
    }

    /// Answers in one of these media types.
    #[must_use]
    pub fn shows(
        mut self,
        status: u16,
        contents: impl IntoIterator<Item = (&'static str, Ref)>,
    ) -> Self {
        self.status = status;
        let contents = contents.into_iter();
        self.answers.extend(contents.map(|(media_type, schema)| {
            let named: Named = Box::new(move |_| schema);
            (media_type, named)
        }));
        self
    }

    /// The answer has these headers too.
    #[must_use]
    pub fn says(mut self, headers: &[&'static str]) -> Self {
        self.headers.extend(headers);
        self
    }

    pub(super) fn all_parameters(&self, prose: &Prose) -> Vec<Parameter> {
        let said = |place, name: &str, required, schema: Object| {
            let schema = told(name, schema, prose);
            let given = prose.parameters.get(name).cloned();
            parameter(place, name, required, schema, given)
        };
        let mut all = Vec::new();
        for (name, schema) in &self.places {
            all.push(said(
                ParameterIn::Path,
                name,
                Required::True,
                schema.clone(),
            ));
        }
        for (name, schema) in &self.extra {
            all.push(said(
                ParameterIn::Query,
                name,
                Required::False,
                schema.clone(),
            ));
        }
        if let Some(read) = &self.query {
            let (fields, record) = Fields::recording();
            let _ = read(fields);
            let own = record.take().into_iter();
            let own = own.filter(|taken| !self.is_paged || !PAGE.contains(&taken.name));
            all.extend(own.map(|taken| {
                let required = if taken.required {
                    Required::True
                } else {
                    Required::False
                };
                said(ParameterIn::Query, taken.name, required, taken.schema)
            }));
        }
        if self.is_paged {
            all.extend([parameters::limit(), parameters::cursor()]);
        }
        all.extend(self.parameters.iter().cloned());
        all
    }

    pub(super) fn request_body(&self, prose: &Prose, spec: &mut Spec) -> Option<RequestBody> {
        let mut contents = self.contents.clone();
        if let Some((name, read)) = &self.json {
            let (fields, record) = Fields::recording();
            let _ = read(fields);
            let members = record.take().into_iter().map(|taken| {
                let schema = told(taken.name, taken.schema.clone(), prose);
                taken.member(schema)
            });
            let schema = form(&prose.body, members);
            contents.push((JSON, spec.schema(name, schema)));
        }
        if contents.is_empty() {
            return None;
        }
        let required = if self.may_lack_body {
            Required::False
        } else {
            Required::True
        };
        let body = RequestBodyBuilder::new().required(Some(required));
        let body = contents.into_iter().fold(body, |body, (kind, schema)| {
            let content = ContentBuilder::new()
                .schema(Some(schema))
                .example(example(&prose.request));
            body.content(kind, content.build())
        });
        Some(body.build())
    }

    pub(super) fn answer(&mut self, prose: &Prose, spec: &mut Spec) -> (u16, Response) {
        let mut response = ResponseBuilder::new().description(&prose.answer);
        for (media_type, named) in self.answers.drain(..) {
            let content = ContentBuilder::new()
                .schema(Some(named(spec)))
                .example(example(&prose.example));
            response = response.content(media_type, content.build());
        }
        for name in &self.headers {
            response = response.header_ref(*name, of(name));
        }
        (self.status, response.build())
    }

    /// The codes by their status, each once.
    pub(super) fn problems(&self) -> BTreeMap<u16, Vec<&'static str>> {
        let mut by_status: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for code in &self.codes {
            let codes = by_status.entry(problems::status(code)).or_default();
            if !codes.contains(code) {
                codes.push(*code);
            }
        }
        by_status
    }

    /// What the readers say of the prose's wrong request, and what is wrong beyond them.
    pub(super) fn wrong_fields(&self, prose: &Prose) -> Vec<FieldError> {
        let mut found = Vec::new();
        if let Some((_, read)) = &self.json {
            found.extend(refused(read(Fields::new(prose.wrong.clone()))));
        }
        let mut asked = prose.wrong.clone();
        if self.is_paged {
            asked.entry("limit").or_insert_with(|| "0".into());
        }
        if let Some(read) = &self.query {
            found.extend(refused(read(Fields::query(&asking(&asked)))));
        } else if self.is_paged {
            let mut fields = Fields::query(&asking(&asked));
            let page = Page::take(&mut fields);
            found.extend(refused(fields.finish(|| page)));
        }
        found.extend(self.wrong.iter().cloned());
        found
    }
}

const PAGE: [&str; 2] = ["limit", "cursor"];

/// The schema with the prose's words for the field, where it has any.
fn told(name: &str, mut schema: Object, prose: &Prose) -> Object {
    if let Some(words) = prose.fields.get(name) {
        schema.description = Some(words.clone());
    }
    schema
}

fn refused<T>(outcome: Result<T, Error>) -> Vec<FieldError> {
    match outcome {
        Err(Error::Invalid(fields)) => fields,
        _ => Vec::new(),
    }
}

/// A URL with this query.
fn asking(query: &Map<String, Value>) -> Uri {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in query {
        pairs.append_pair(name, value.as_str().unwrap_or_default());
    }
    format!("/?{}", pairs.finish()).parse().unwrap_or_default()
}
