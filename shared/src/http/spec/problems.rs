//! Problems as answers, from the service's own table and with its own words.

use utoipa::openapi::Ref;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};

use super::parameters::{EVERY, of};
use crate::http::problem::{Explanation, explanations};
use crate::http::respond::Problem;
use crate::{Error, FieldError};

const MEDIA_TYPE: &str = "application/problem+json";
const INSTANCE: &str = "01996b3e7d4c7f0a8e21c6f1a2b3c4d5";

/// One of each kind but `invalid_request`, whose fields are the route's own.
fn samples() -> [Error; 18] {
    [
        Error::Malformed("The body is not JSON.".into()),
        Error::UnsupportedMediaType("Send Content-Type: application/json.".into()),
        Error::PayloadTooLarge {
            limit: crate::http::JSON_LIMIT,
        },
        Error::NotFound,
        Error::MethodNotAllowed {
            allow: String::new(),
        },
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
        .unwrap_or_else(|| panic!("{code} is no code of the service's table"))
}

/// The HTTP status of a code.
pub(super) fn status(code: &str) -> u16 {
    explained(code).status.as_u16()
}

fn example(error: &Error, public_url: &str) -> (&'static str, Example) {
    let kind = error.explanation();
    let body = Problem::new(error, kind.status, public_url, INSTANCE);
    let body = serde_json::to_value(body).unwrap_or_default();
    let example = ExampleBuilder::new().summary(kind.title).value(Some(body));
    (kind.code, example.build())
}

/// The response for these codes, all of one status.
pub(super) fn response(codes: &[&'static str], public_url: &str) -> Response {
    let examples: Vec<_> = samples()
        .iter()
        .filter(|error| codes.contains(&error.explanation().code))
        .map(|error| example(error, public_url))
        .collect();
    write(codes, examples)
}

/// The response for wrong fields, with those that this route may find.
pub(super) fn invalid(wrong: Vec<FieldError>, public_url: &str) -> Response {
    let error = Error::Invalid(wrong);
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
    if codes.iter().any(|code| matches!(status(code), 429 | 503)) {
        response = response.header_ref("Retry-After", of("Retry-After"));
    }
    if codes.contains(&"unauthenticated") {
        response = response.header_ref("WWW-Authenticate", of("WWW-Authenticate"));
    }
    response.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_problem_has_a_sample() {
        let mut sampled: Vec<_> = samples().iter().map(|e| e.explanation().code).collect();
        sampled.insert(5, "invalid_request");
        let all: Vec<_> = explanations().iter().map(|e| e.code).collect();
        assert_eq!(sampled, all);
    }
}
