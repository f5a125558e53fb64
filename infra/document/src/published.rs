//! What anybody may read.

use serde_json::{Value, json};
use shared::http::problem::explanations;
use utoipa::openapi::path::HttpMethod::Get;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::book::Book;
use crate::parameters::path;
use crate::route::route;
use crate::schema::{list, may, must, object, text, url, word};

pub(crate) const GROUP: &str = "Published";

pub(crate) fn write(book: &mut Book) {
    let words = |description| list(description, ObjectBuilder::new().schema_type(Type::String));
    let keys = book.schema(
        "Keys",
        object(
            "A key set (RFC 7517).",
            vec![must(
                "keys",
                list("Public keys: current, next and previous.", key()),
            )],
        ),
    );
    let discovery = book.schema(
        "Discovery",
        object(
            "OpenID Connect Discovery 1.0 section 3, as far as it applies.",
            vec![
                must("issuer", url("The claim `iss`.")),
                must("jwks_uri", url("The key set.")),
                must("response_types_supported", words("`token`.")),
                must("subject_types_supported", words("`public`.")),
                must(
                    "id_token_signing_alg_values_supported",
                    words("The algorithms of the published keys."),
                ),
                must("claims_supported", words("The claims of an access token.")),
            ],
        ),
    );

    route(
        Get,
        "/.well-known/jwks.json",
        [
            GROUP,
            "showKeys",
            "The public keys",
            "For checking access tokens elsewhere. The next and previous keys stand here long enough that whoever keeps \
             the set for an hour misses none.",
        ],
    )
    .answers(
        (200, "The keys."),
        keys,
        json!({"keys": [{"kty": "RSA", "kid": "2026-01", "alg": "RS256", "use": "sig", "n": "0vx7", "e": "AQAB"}]}),
        &[],
    )
    .stored()
    .write(book);

    let base = book.public_url().to_owned();
    route(
        Get,
        "/.well-known/openid-configuration",
        [
            GROUP,
            "showDiscovery",
            "Discovery",
            "What a JWT authorizer asks for to find the keys. It names no authorization or token endpoint.",
        ],
    )
    .answers(
        (200, "The document."),
        discovery,
        json!({
            "issuer": base,
            "jwks_uri": format!("{base}/.well-known/jwks.json"),
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": [
                "iss", "aud", "sub", "sid", "jti", "iat", "exp", "auth_time", "amr", "roles", "client_id",
            ],
        }),
        &[],
    )
    .stored()
    .write(book);

    let page = book.schema("ProblemPage", text("What a problem means and what to do."));
    let codes: Vec<_> = explanations().iter().map(|problem| problem.code).collect();
    route(
        Get,
        "/problems/{code}",
        [
            GROUP,
            "explainProblem",
            "Explain a problem",
            "What the `type` of a problem points to: a page for a browser, plain text for everything else.",
        ],
    )
    .takes(path("code", word("The problem's `code`.", &codes), "rate_limited"))
    .responds(
        (200, "The explanation."),
        &[
            ("text/plain", Some(page.clone()), None::<Value>),
            ("text/html", Some(page), None),
        ],
        &[],
    )
    .fails(&["not_found"])
    .write(book);
}

fn key() -> ObjectBuilder {
    object(
        "A public key; which members it has beside these depends on `kty`.",
        vec![
            must("kty", word("The kind.", &["RSA", "EC", "OKP"])),
            must("kid", text("Its name, as in a token's header.")),
            may("alg", text("`RS256`, `ES256` or `EdDSA`.")),
            may("use", text("`sig`.")),
            may("n", text("The modulus (RSA).")),
            may("e", text("The exponent (RSA).")),
            may("crv", text("The curve (EC, OKP).")),
            may("x", text("The point (EC, OKP).")),
            may("y", text("The point (EC).")),
        ],
    )
}
