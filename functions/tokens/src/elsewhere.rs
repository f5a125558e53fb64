//! Every path that no route takes: the API's `$default`.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use shared::Error;
use shared::http::Arrival;

/// Paths at which a function begins. The gateway matches `/x` and `/x/{proxy+}` as two routes, and may take `/x/` for
/// neither; it comes here then, and is sent on to the form that has a route.
const BEGINNINGS: [&str; 9] = [
    "/api/auth/otp/request",
    "/api/auth/otp/verify",
    "/api/auth/otp/deliveries",
    "/api/auth/token",
    "/api/auth/sessions",
    "/api/profile",
    "/api/profile/avatar",
    "/api/webhooks",
    "/api/analytics",
];

/// 308 for a known path in the form that the gateway does not route, 404 for all others.
pub(crate) async fn answer(request: Request) -> Response {
    let target = request
        .extensions()
        .get::<Arrival>()
        .map_or("/", |arrival| arrival.target.as_str());
    match routed_form(target) {
        Some(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        None => Error::NotFound.into_response(),
    }
}

/// The form of a function's path that the gateway routes, with the query; it is a path of ours, never another host's.
fn routed_form(target: &str) -> Option<String> {
    let (path, query) = target
        .split_once('?')
        .map_or((target, None), |(p, q)| (p, Some(q)));
    let bare = path.strip_suffix('/')?;
    let known = BEGINNINGS.contains(&bare);
    let query = query.filter(|query| query.bytes().all(|b| b.is_ascii_graphic()));
    known.then(|| match query {
        Some(query) => format!("{bare}?{query}"),
        None => bare.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_functions_own_path_is_sent_on_and_never_in_a_circle() {
        let cases = [
            ("/api/profile/", Some("/api/profile")),
            (
                "/api/auth/otp/verify/?a=1",
                Some("/api/auth/otp/verify?a=1"),
            ),
            ("/api/profile", None),
            ("/api/profile//", None),
            ("//evil.example/", None),
            ("//evil.example/api/profile/", None),
            ("/api/unknown/", None),
            ("/", None),
            ("", None),
        ];
        for (target, expected) in cases {
            assert_eq!(routed_form(target).as_deref(), expected, "{target}");
        }
    }
}
