//! The API's own description: an OpenAPI 3.1 document.
//!
//! What routes there are, what they take and what they answer follows from the functions' own code
//! ([`shared::http::spec`]); this crate adds the words for people, in prose/*.yaml. docs/openapi.json is the rendered
//! document; a test fails when the two differ.

mod prose;

use shared::http::spec::{BEARER, Spec};
use utoipa::openapi::security::{Http, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Server};

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

/// The prose of each group, in the order in which they are read.
const GROUPS: [&str; 7] = [
    include_str!("../prose/codes.yaml"),
    include_str!("../prose/tokens.yaml"),
    include_str!("../prose/profile.yaml"),
    include_str!("../prose/picture.yaml"),
    include_str!("../prose/analytics.yaml"),
    include_str!("../prose/webhooks.yaml"),
    include_str!("../prose/published.yaml"),
];

/// The routes of each function, in the same order.
const ROUTES: [fn(&mut Spec); 8] = [
    otp_request::document,
    otp_verify::document,
    tokens::document,
    profile::document,
    avatar::document,
    analytics::document,
    webhooks::document,
    tokens::published,
];

/// The document, for an API at `public_url` (without a slash at its end).
#[must_use]
pub fn document(public_url: &str) -> OpenApi {
    let groups = GROUPS.map(|text| prose::read(text, public_url));
    let tags: Vec<_> = groups
        .iter()
        .map(|group| {
            TagBuilder::new()
                .name(&group.group)
                .description(Some(&group.about))
                .build()
        })
        .collect();
    let prose = groups.into_iter().flat_map(prose::Group::routes);
    let mut spec = Spec::new(public_url, prose.collect());
    for describe in ROUTES {
        describe(&mut spec);
    }
    let (paths, components) = spec.close();
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
