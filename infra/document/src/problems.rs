//! Problems as answers, from the service's own table and with its own words.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use shared::http::problem::{Explanation, explanations};
use shared::{Error, FieldError};
use utoipa::openapi::Ref;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::ObjectBuilder;

use crate::parameters::{EVERY, of};
use crate::schema::{always, list, may, must, object, text, url, whole, word};

const MEDIA_TYPE: &str = "application/problem+json";
const INSTANCE: &str = "01996b3e7d4c7f0a8e21c6f1a2b3c4d5";

/// A wrong field in an example: pointer, code, detail.
pub(crate) type Wrong = (&'static str, &'static str, &'static str);

/// One of each kind.
fn samples() -> [Error; 19] {
    [
        Error::Malformed("The body is not JSON.".into()),
        Error::UnsupportedMediaType("Send Content-Type: application/json.".into()),
        Error::PayloadTooLarge {
            limit: shared::http::JSON_LIMIT,
        },
        Error::NotFound,
        Error::MethodNotAllowed {
            allow: String::new(),
        },
        Error::Invalid(vec![FieldError::new(
            "/cursor",
            "invalid_cursor",
            "Expected the next of an earlier answer to the same list.",
        )]),
        Error::OtpInvalid,
        Error::Unauthenticated,
        Error::RefreshInvalid,
        Error::ReauthenticationRequired,
        Error::Forbidden,
        Error::SignatureInvalid,
        Error::IdentifierTaken,
        Error::LastIdentifier,
        Error::VersionConflict,
        Error::RateLimited { retry_after: 30 },
        Error::DeliveryFailed { retry_after: 5 },
        Error::Unavailable(String::new()),
        Error::Internal(String::new()),
    ]
}

/// The explanation of a code.
///
/// # Panics
/// For a code that is not in the service's table, which the first test finds.
fn explained(code: &str) -> &'static Explanation {
    explanations()
        .iter()
        .find(|explanation| explanation.code == code)
        .expect("chapters name codes of the service's table only")
}

/// The HTTP status of a code.
pub(crate) fn status(code: &str) -> StatusCode {
    explained(code).status
}

/// The body of a problem, as the service writes it.
fn body(error: &Error, public_url: &str) -> Value {
    let kind = error.explanation();
    let mut body = Map::from_iter([
        (
            "type".to_owned(),
            json!(format!("{public_url}/problems/{}", kind.code)),
        ),
        ("title".to_owned(), kind.title.into()),
        ("status".to_owned(), kind.status.as_u16().into()),
        ("detail".to_owned(), error.detail().into()),
        ("instance".to_owned(), INSTANCE.into()),
        ("success".to_owned(), false.into()),
        ("code".to_owned(), kind.code.into()),
    ]);
    if let Error::Invalid(errors) = error {
        body.insert("errors".to_owned(), json!(errors));
    }
    if let Some(seconds) = error.retry_after() {
        body.insert("retry_after".to_owned(), seconds.into());
    }
    body.into()
}

fn example(error: &Error, public_url: &str) -> (&'static str, Example) {
    let kind = error.explanation();
    let example = ExampleBuilder::new()
        .summary(kind.title)
        .value(Some(body(error, public_url)));
    (kind.code, example.build())
}

/// The response for these codes, all of one status.
pub(crate) fn response(codes: &[&'static str], public_url: &str) -> Response {
    let examples: Vec<_> = samples()
        .iter()
        .filter(|error| codes.contains(&error.explanation().code))
        .map(|error| example(error, public_url))
        .collect();
    write(codes, examples)
}

/// The response for wrong fields, with those that this route may find.
pub(crate) fn invalid(wrong: &[Wrong], public_url: &str) -> Response {
    let fields = wrong
        .iter()
        .map(|(pointer, code, detail)| FieldError::new(*pointer, *code, *detail));
    let error = Error::Invalid(fields.collect());
    write(&["invalid_request"], vec![example(&error, public_url)])
}

fn write(codes: &[&'static str], examples: Vec<(&'static str, Example)>) -> Response {
    let words: Vec<_> = codes
        .iter()
        .map(|code| format!("`{code}`: {}", explained(code).explanation))
        .collect();
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(examples);
    let mut response = ResponseBuilder::new()
        .description(words.join("\n\n"))
        .content(MEDIA_TYPE, content.build());
    for name in EVERY {
        response = response.header_ref(name, of(name));
    }
    if codes
        .iter()
        .any(|code| matches!(status(code).as_u16(), 429 | 503))
    {
        response = response.header_ref("Retry-After", of("Retry-After"));
    }
    if codes.contains(&"unauthenticated") {
        response = response.header_ref("WWW-Authenticate", of("WWW-Authenticate"));
    }
    response.build()
}

/// The schema of every problem.
pub(crate) fn schema() -> ObjectBuilder {
    let codes: Vec<_> = explanations().iter().map(|e| e.code).collect();
    object(
        "What went wrong (RFC 9457).",
        vec![
            must(
                "type",
                url("Names the kind of problem; the URL answers with an explanation."),
            ),
            must("title", text("The kind of problem, in a few words.")),
            must("status", whole("The HTTP status.", 400..=599)),
            must("detail", text("What is wrong here, and what to do.")),
            must("instance", text("The request's id, as in `X-Request-Id`.")),
            must(
                "success",
                always(false, "For clients that look at one member only."),
            ),
            must("code", word("The kind of problem, for programs.", &codes)),
            may(
                "errors",
                list(
                    "All wrong fields, with `invalid_request` only.",
                    Ref::from_schema_name("WrongField"),
                )
                .max_items(Some(100)),
            ),
            may(
                "retry_after",
                whole(
                    "Whole seconds to wait, with `rate_limited`, `delivery_failed` and `unavailable`.",
                    1..=86_400,
                ),
            ),
        ],
    )
}

/// The schema of one wrong field.
pub(crate) fn wrong_field() -> ObjectBuilder {
    object(
        "One wrong field.",
        vec![
            must(
                "pointer",
                text("Where: a JSON pointer (RFC 6901), or `/` and a parameter's name."),
            ),
            must(
                "code",
                text(
                    "What, for programs: `required`, `unknown_field`, `read_only`, `invalid_type`, `out_of_range`, \
                     `too_long`, `invalid_characters`, `duplicate`, `invalid_email`, `invalid_phone`, \
                     `invalid_channel`, `invalid_otp_code`, `invalid_url`, `invalid_language`, `invalid_timezone`, \
                     `invalid_idempotency_key`, `invalid_cursor`, `invalid_date`, `invalid_content_type`, \
                     `one_file`, `broken_picture`, `too_many_pixels`.",
                ),
            ),
            must("detail", text("What, for people, and what is expected.")),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_problem_has_a_sample() {
        let sampled: Vec<_> = samples().iter().map(|e| e.explanation().code).collect();
        let all: Vec<_> = explanations().iter().map(|e| e.code).collect();
        assert_eq!(sampled, all);
    }
}
