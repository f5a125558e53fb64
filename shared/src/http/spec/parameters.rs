//! Headers and query parameters that several routes share.

use serde_json::Value;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ComponentsBuilder, Object, ObjectBuilder};
use utoipa::openapi::{Ref, Required};

use super::schema::{text, whole};
use crate::http::headers::KEY;
use crate::http::page::{CURSOR, LIMIT, USUAL};

/// A request header that must be there.
#[must_use]
pub fn required_header(name: &str, schema: ObjectBuilder, example: &str) -> Parameter {
    let place = ParameterIn::Header;
    parameter(place, name, Required::True, schema, Some(example.into()))
}

pub(super) fn parameter(
    place: ParameterIn,
    name: &str,
    required: Required,
    schema: impl Into<Object>,
    example: Option<Value>,
) -> Parameter {
    let schema = schema.into();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(schema.description.clone())
        .schema(Some(schema))
        .example(example)
        .build()
}

fn header(name: &str, schema: ObjectBuilder, example: &str) -> Parameter {
    let place = ParameterIn::Header;
    parameter(place, name, Required::False, schema, Some(example.into()))
}

/// `?limit=`
pub(super) fn limit() -> Parameter {
    let schema = whole("How many results at the most.", LIMIT).default(Some(USUAL.into()));
    let place = ParameterIn::Query;
    parameter(place, "limit", Required::False, schema, Some(USUAL.into()))
}

/// `?cursor=`; no example, since only an answer can give one.
pub(super) fn cursor() -> Parameter {
    let schema = text("Opaque.")
        .pattern(Some("^[A-Za-z0-9_-]+$"))
        .min_length(Some(*CURSOR.start()))
        .max_length(Some(*CURSOR.end()));
    let place = ParameterIn::Query;
    let mut cursor = parameter(place, "cursor", Required::False, schema, None);
    cursor.description = Some("Where to go on: the `next` of an earlier answer.".to_owned());
    cursor
}

/// `Idempotency-Key`
#[must_use]
pub fn idempotency_key() -> Parameter {
    let schema = text(
        "Made up by the client for one wish. A repetition with the same key, identifier and channel within the code's \
         life answers again as the first did, with what is left, and sends nothing, until the code is used.",
    )
    .pattern(Some(format!("^[!-~]{{{},{}}}$", KEY.start(), KEY.end())))
    .max_length(Some(*KEY.end()));
    header("Idempotency-Key", schema, "b1946ac9-2f4c")
}

/// `X-Device-Token`
#[must_use]
pub fn device_token() -> Parameter {
    let schema = text(
        "The `device_token` of an earlier sign-in to this account from this address. Its attempts and failures count \
         in a lane of their own, so strangers' failures do not hold this client up. One that does not count is ignored.",
    );
    header("X-Device-Token", schema, "dev_AAAA")
}

/// `X-Session-Cookie`
#[must_use]
pub fn session_cookie() -> Parameter {
    let schema = text(
        "`1` for a page that keeps its refresh token in a cookie which no script can read. The answer then sets the cookie \
         and has no `refresh`; the token is taken from the cookie, and the body may be empty. Pages of this service's own \
         origin, or of a listed one on the same site; any other page gets 403.",
    )
    .enum_values(Some(["1"]));
    header("X-Session-Cookie", schema, "1")
}

/// `If-Match`
#[must_use]
pub fn if_match() -> Parameter {
    let schema = text(
        "The `ETag` of the profile that the change is made to, or `*`. Where the profile has changed meanwhile, \
         nothing is done: 412 `version_conflict`.",
    );
    header("If-Match", schema, "\"7\"")
}

const REQUEST_ID: &str = "X-Request-Id";

/// The headers of answers, as components.
pub(super) fn headers(components: ComponentsBuilder) -> ComponentsBuilder {
    let all = [
        (
            REQUEST_ID,
            text("Names the request, here, in the problem's `instance` and in the log."),
        ),
        (
            "Retry-After",
            whole(
                "Whole seconds after which the same request makes sense again; `retry_after` says the same.",
                1..=86_400,
            ),
        ),
        (
            "RateLimit",
            text(
                "What is left of the caller's own rate: `\"ip\";r=19;t=6` is 19 now, one more in 6 s.",
            ),
        ),
        (
            "RateLimit-Policy",
            text("The caller's own rate: `\"ip\";q=20;w=120` is 20 in 120 s."),
        ),
        (
            "ETag",
            text("The profile's version in quotes, for `If-Match`.").pattern(Some("^\"[0-9]+\"$")),
        ),
        ("WWW-Authenticate", text("How to authenticate: `Bearer`.")),
        (
            "Content-Disposition",
            text("`attachment` and the file's name, where the answer is the file itself."),
        ),
        (
            "Cache-Control",
            text(
                "`no-store` where the answer is personal or holds tokens, `public` where it may be kept.",
            ),
        ),
    ];
    all.into_iter()
        .fold(components, |components, (name, schema)| {
            let schema = schema.build();
            let header = HeaderBuilder::new()
                .description(schema.description.clone())
                .schema(Some(schema));
            components.header(name, header.build())
        })
}

/// The way to point to a header.
pub(super) fn of(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}

/// The headers of every answer.
pub(super) const EVERY: [&str; 2] = [REQUEST_ID, "Cache-Control"];
