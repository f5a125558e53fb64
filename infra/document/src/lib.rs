//! The API's own description: an OpenAPI 3.1 document, made of Rust tables.
//!
//! One file for each function, in the order in which a client meets them; [`route`] turns a table's line into an
//! operation, [`problems`] knows what each error looks like from the service's own code. docs/openapi.json is the
//! rendered document; a test fails when the two differ.

mod analytics;
mod avatar;
mod book;
mod otp;
mod parameters;
mod problems;
mod profile;
mod published;
mod route;
mod schema;
mod sessions;
mod tokens;
mod webhooks;

use utoipa::openapi::security::{Http, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Server};

use book::Book;

/// The name of the security scheme.
const BEARER: &str = "bearer";

const ABOUT: &str = "\
Sign-in without passwords: a one-time code by e-mail, SMS or WhatsApp opens a session; the rest is the person's own \
profile, and numbers for admins.

**Paths** end with a slash; the same path without it is served alike. An unknown path is 404 `not_found`, a known one \
with another method 405 `method_not_allowed` with `Allow`. HEAD is answered as GET without a body.

**JSON** in and out, UTF-8, at most 16 KB in, one object at the top, no unknown fields. Times are RFC 3339 in UTC, \
durations whole seconds, ids a prefix and 32 hex digits.

**Errors** are `application/problem+json` (RFC 9457). Programs look at `code`; people read `detail`; `instance` is the \
request's id, which the header `X-Request-Id` says of every answer. What is wrong with a body is said of all fields at \
once. Whether an account exists is never said. The gateway before the service answers by itself, as `{\"message\": …}`, \
what never reaches it: headers beyond 10 KB, a body beyond 10 MB, a function that does not answer.

**Limits** answer 429 `rate_limited` with the true wait in `Retry-After`. What is left of the caller's own rate stands \
in `RateLimit` and `RateLimit-Policy`.";

/// The groups, in the order in which they are read.
const GROUPS: [(&str, &str); 7] = [
    (
        otp::GROUP,
        "Ask for a code, follow its delivery, redeem it.",
    ),
    (
        tokens::GROUP,
        "Refresh, revoke and check tokens; see and end sessions.",
    ),
    (
        profile::GROUP,
        "The signed-in person's own account and addresses.",
    ),
    (avatar::GROUP, "Send and remove the picture."),
    (analytics::GROUP, "Numbers, for the role `admin`."),
    (
        webhooks::GROUP,
        "What providers report about messages; for them alone.",
    ),
    (
        published::GROUP,
        "Public keys, discovery, explanations of problems.",
    ),
];

/// The document, for an API at `public_url` (without a slash at its end).
#[must_use]
pub fn document(public_url: &str) -> OpenApi {
    let mut book = Book::new(public_url);
    for chapter in [
        otp::write,
        tokens::write,
        sessions::write,
        profile::write,
        avatar::write,
        analytics::write,
        webhooks::write,
        published::write,
    ] {
        chapter(&mut book);
    }
    let tags = GROUPS.map(|(name, description)| {
        TagBuilder::new()
            .name(name)
            .description(Some(description))
            .build()
    });
    let (paths, components) = book.close();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Latchkey")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                )),
        )
        .servers(Some([Server::new(public_url)]))
        .tags(Some(tags))
        .paths(paths)
        .components(Some(
            components
                .security_scheme(BEARER, SecurityScheme::Http(bearer()))
                .build(),
        ))
        .build()
}

fn bearer() -> Http {
    HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "The access token of a sign-in (`tokens.access`), valid for 15 minutes unless configured otherwise. It \
             stops working at once when its session ends.",
        ))
        .build()
}
