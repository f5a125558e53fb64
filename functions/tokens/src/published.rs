//! What anybody may read: the public keys, the discovery document, the explanation of each problem.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use shared::http::problem::{Explanation, explanations};
use shared::{Error, Result};

use crate::House;

/// How long others keep the keys. A key is published as `next` for longer than this before it signs, and as `previous`
/// for longer than its last token lives, so whoever keeps them so long misses no key.
const KEYS: &str = "public, max-age=3600";
const PAGES: &str = "public, max-age=86400";

/// `GET /.well-known/jwks.json`: the public half of every key of the ring (RFC 7517).
pub(crate) async fn jwks(State(house): State<Arc<House>>) -> Response {
    let keys = house.keyring.snapshot().signing.jwks();
    ([(CACHE_CONTROL, KEYS)], Json(keys)).into_response()
}

/// `GET /.well-known/openid-configuration`: what a JWT authorizer asks for to find the keys (OpenID Connect Discovery
/// 1.0 section 3). There is no authorization endpoint to name: signing in is `POST /api/auth/otp/…`.
pub(crate) async fn configuration(State(house): State<Arc<House>>) -> Response {
    let url = &house.public.url;
    let document = json!({
        "issuer": house.rules.issuer,
        "jwks_uri": format!("{url}/.well-known/jwks.json"),
        "token_endpoint": format!("{url}/api/auth/token/refresh/"),
        "revocation_endpoint": format!("{url}/api/auth/token/revoke/"),
        "introspection_endpoint": format!("{url}/api/auth/token/verify/"),
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["refresh_token"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": house.keyring.snapshot().signing.algorithms(),
        "claims_supported": [
            "iss", "aud", "sub", "sid", "jti", "iat", "exp", "auth_time", "amr", "roles", "client_id",
        ],
    });
    ([(CACHE_CONTROL, KEYS)], Json(document)).into_response()
}

/// `GET /problems/{code}`: what a problem's `type` explains.
pub(crate) async fn problem(Path(code): Path<String>) -> Result<Response> {
    let found = explanations().iter().find(|one| one.code == code);
    Ok(page(found.ok_or(Error::NotFound)?))
}

/// `GET /problems`: all of them.
pub(crate) async fn problems(State(house): State<Arc<House>>) -> Response {
    let entry = |one: &Explanation| -> Value {
        json!({
            "type": format!("{}/problems/{}", house.public.url, one.code),
            "code": one.code,
            "status": one.status.as_u16(),
            "title": one.title,
        })
    };
    let all: Vec<_> = explanations().iter().map(entry).collect();
    ([(CACHE_CONTROL, PAGES)], Json(json!({"problems": all}))).into_response()
}

/// A page of our own words only, so nothing in it needs escaping.
fn page(one: &Explanation) -> Response {
    let Explanation {
        code,
        status,
        title,
        explanation,
    } = one;
    let status = status.as_u16();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} ({code})</title>\n\
         <h1>{title}</h1>\n<p><code>{code}</code>, HTTP status {status}</p>\n<p>{explanation}</p>\n</html>\n"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, PAGES),
    ];
    (headers, html).into_response()
}
