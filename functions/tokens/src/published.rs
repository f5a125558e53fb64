//! What anybody may read: the public keys, and the document that says where they are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::App;

/// How long others keep the keys. A key is published as `next` for longer than this before it signs, and as `previous`
/// for longer than its last token lives, so a client that caches them that long misses no key.
const KEYS: &str = "public, max-age=3600";

/// `GET /.well-known/jwks.json`: the public half of every key of the ring (RFC 7517).
pub(crate) async fn jwks(State(app): State<Arc<App>>) -> Response {
    let keys = app.keyring.snapshot().signing.jwks();
    ([(CACHE_CONTROL, KEYS)], Json(keys)).into_response()
}

/// `GET /.well-known/latchkey-attack-consent`: the token by which an operator consents to `attack`, where one is set.
pub(crate) async fn attack_consent(State(app): State<Arc<App>>) -> shared::Result<String> {
    app.attack_consent.clone().ok_or(shared::Error::NotFound)
}

/// OpenID Connect Discovery 1.0 section 3, as far as it applies.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema))]
pub(crate) struct Discovery<'a> {
    /// The claim `iss`.
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    issuer: &'a str,
    /// The key set.
    #[cfg_attr(feature = "document", schema(format = "uri"))]
    jwks_uri: String,
    /// `token`.
    #[cfg_attr(feature = "document", schema(value_type = Vec<String>))]
    response_types_supported: [&'static str; 1],
    /// `public`.
    #[cfg_attr(feature = "document", schema(value_type = Vec<String>))]
    subject_types_supported: [&'static str; 1],
    /// The algorithms of the published keys.
    id_token_signing_alg_values_supported: Vec<&'static str>,
    /// The claims of an access token.
    #[cfg_attr(feature = "document", schema(value_type = Vec<String>))]
    claims_supported: [&'static str; 11],
}

/// `GET /.well-known/openid-configuration`: what a JWT authorizer asks for to find the keys (OpenID Connect Discovery
/// 1.0 section 3). It names no authorization or token endpoint: ours take JSON, and OAuth's clients would not know it.
pub(crate) async fn configuration(State(app): State<Arc<App>>) -> Response {
    let document = Discovery {
        issuer: &app.rules.issuer,
        jwks_uri: format!("{}/.well-known/jwks.json", app.public.url),
        response_types_supported: ["token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: app.keyring.snapshot().signing.algorithms(),
        claims_supported: [
            "iss",
            "aud",
            "sub",
            "sid",
            "jti",
            "iat",
            "exp",
            "auth_time",
            "amr",
            "roles",
            "client_id",
        ],
    };
    ([(CACHE_CONTROL, KEYS)], Json(document)).into_response()
}
