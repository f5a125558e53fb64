//! The routes, for the API's document.

use shared::http::problem::explanations;
use shared::http::spec::HttpMethod::{Delete, Get, Post};
use shared::http::spec::schema::{list, may, must, object, text, word};
use shared::http::spec::{Ref, Route, Spec, session_cookie};
use shared::http::wrong_session_cookie_header;
use shared::keyring::token_pair::TokenPair;

use crate::published::Discovery;
use crate::sessions::SessionEntry;
use crate::{refresh, verify};

/// Describes the routes of this function that tokens and sessions have.
pub fn document(spec: &mut Spec) {
    let route = Route::new(Post, "/api/auth/token/refresh/", "refreshTokens")
        .takes(session_cookie())
        .json("RefreshToken", refresh::token)
        .may_lack_body()
        .answers::<TokenPair>(200)
        .stored()
        .fails(&["refresh_invalid", "forbidden"]);
    spec.add(route);
    let route = Route::new(Post, "/api/auth/token/revoke/", "revokeToken")
        .takes(session_cookie())
        .json("RefreshToken", refresh::token)
        .may_lack_body()
        .stored()
        .fails(&["forbidden"]);
    spec.add(route);
    let route = Route::new(Post, "/api/auth/token/verify/", "verifyToken")
        .json("AccessToken", verify::token)
        .answers::<verify::Verdict>(200)
        .stored();
    spec.add(route);

    let route = Route::new(Get, "/api/auth/sessions/", "listSessions")
        .signed_in()
        .lists::<SessionEntry>("Sessions");
    spec.add(route);
    spec.add(Route::new(Delete, "/api/auth/sessions/", "endOtherSessions").signed_in());
    let route = Route::new(Delete, "/api/auth/sessions/{id}/", "endSession")
        .signed_in()
        .takes(session_cookie())
        .place("id", text(""))
        .refuses(wrong_session_cookie_header())
        .fails(&["not_found", "forbidden"]);
    spec.add(route);
}

/// Describes what anybody may read.
pub fn published(spec: &mut Spec) {
    let keys = keys(spec);
    let route = Route::new(Get, "/.well-known/jwks.json", "showKeys")
        .shows(200, [("application/json", keys)])
        .stored();
    spec.add(route);
    let route = Route::new(Get, "/.well-known/openid-configuration", "showDiscovery")
        .answers::<Discovery<'_>>(200)
        .stored();
    spec.add(route);

    let page = spec.schema("ProblemPage", text("What a problem means and what to do."));
    let codes: Vec<_> = explanations().iter().map(|problem| problem.code).collect();
    let route = Route::new(Get, "/problems/{code}", "explainProblem")
        .place("code", word("", &codes))
        .shows(200, [("text/plain", page.clone()), ("text/html", page)])
        .fails(&["not_found"]);
    spec.add(route);
}

fn keys(spec: &mut Spec) -> Ref {
    let key = object(
        "A public key; which members it has beside these depends on `kty`.",
        [
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
    );
    let keys = list("Public keys: current, next and previous.", key);
    spec.schema(
        "Keys",
        object("A key set (RFC 7517).", [must("keys", keys)]),
    )
}
