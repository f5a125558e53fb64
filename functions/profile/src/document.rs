//! The routes, for the API's document.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use shared::domain::identifier::IdentifierKind;
use shared::flows::profile::Profile;
use shared::flows::sent::Sent;
use shared::http::spec::HttpMethod::{Delete, Get, Patch, Post, Put};
use shared::http::spec::schema::word;
use shared::http::spec::{
    RATE, Route, Spec, device_token, idempotency_key, if_match, session_cookie,
};
use shared::http::wrong_session_cookie_header;

use crate::change::{self, Method};
use crate::erasure::Accepted;
use crate::export::Exported;
use crate::identifiers::{proof, wish};
use crate::{activity, sources};

/// Describes the routes of this function.
pub fn document(spec: &mut Spec) {
    let route = Route::new(Get, "/api/profile/", "showProfile").signed_in();
    spec.add(shows_profile(route));
    for (method, id, meaning) in [
        (Put, "replaceProfile", Method::Put),
        (Patch, "changeProfile", Method::Patch),
    ] {
        let route = Route::new(method, "/api/profile/", id)
            .signed_in()
            .takes(if_match())
            .json("ProfileChange", move |fields| change::read(fields, meaning))
            .fails(&["version_conflict", "rate_limited"]);
        spec.add(shows_profile(route));
    }
    addresses(spec);

    let route = Route::new(Get, "/api/profile/sources/", "listSources")
        .signed_in()
        .lists::<sources::SourceEntry>("UserSources");
    spec.add(route);
    let route = Route::new(Get, "/api/profile/activity/", "listActivity")
        .signed_in()
        .lists::<activity::ActivityEntry>("Activities");
    spec.add(route);

    let route = Route::new(Get, "/api/profile/export/", "exportAccount")
        .recently_signed_in()
        .answers::<Exported>(200)
        .says(&["Content-Disposition"])
        .fails(&["rate_limited"]);
    spec.add(route);
    let route = Route::new(Delete, "/api/profile/", "eraseAccount")
        .recently_signed_in()
        .takes(session_cookie())
        .answers::<Accepted>(202)
        .refuses(wrong_session_cookie_header())
        .fails(&["rate_limited", "forbidden"]);
    spec.add(route);
    let route = Route::new(Post, "/api/profile/restore/", "restoreAccount")
        .signed_in()
        .fails(&["rate_limited"]);
    spec.add(shows_profile(route));
}

/// Answers with the profile and its version.
fn shows_profile(route: Route) -> Route {
    route.answers::<Profile>(200).says(&["ETag"])
}

fn addresses(spec: &mut Spec) {
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("idempotency-key"),
        HeaderValue::from_static("two words"),
    )]);
    let route = Route::new(Post, "/api/profile/identifiers/", "requestAddress")
        .recently_signed_in()
        .takes(idempotency_key())
        .takes(device_token())
        .json("AddressRequest", move |fields| {
            wish(fields, &headers, |_| true)
        })
        .answers::<Sent>(200)
        .says(&RATE)
        .fails(&["rate_limited", "delivery_failed"]);
    spec.add(route);

    let route = Route::new(Post, "/api/profile/identifiers/verify/", "verifyAddress")
        .recently_signed_in()
        .takes(device_token())
        .json("AddressProof", |fields| proof(fields, 6))
        .fails(&["otp_invalid", "rate_limited", "identifier_taken"]);
    spec.add(shows_profile(route));

    let kinds = IdentifierKind::ALL.map(IdentifierKind::as_str);
    let route = Route::new(Delete, "/api/profile/identifiers/{kind}/", "removeAddress")
        .recently_signed_in()
        .place("kind", word("", &kinds))
        .fails(&["not_found", "last_identifier", "rate_limited"]);
    spec.add(route);
}
