//! The routes, for the API's document.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use shared::domain::id::UserKind;
use shared::domain::identifier::IdentifierKind;
use shared::flows::sent::Sent;
use shared::http::spec::HttpMethod::{Delete, Get, Patch, Post, Put};
use shared::http::spec::schema::{anything, count, id, list, may, object, time, url, word};
use shared::http::spec::{RATE, Ref, Route, Spec, device_token, idempotency_key, if_match};
use shared::store::export::parts;

use crate::change::{self, Method};
use crate::erasure::Accepted;
use crate::identifiers::{proof, wish};
use crate::view::Profile;
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
            .fails(&["version_conflict"]);
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

    let export = export(spec);
    let route = Route::new(Get, "/api/profile/export/", "exportAccount")
        .recently_signed_in()
        .shows(200, [("application/json", export)])
        .says(&["Content-Disposition"]);
    spec.add(route);
    let route = Route::new(Delete, "/api/profile/", "eraseAccount")
        .recently_signed_in()
        .answers::<Accepted>(202);
    spec.add(route);
    let route = Route::new(Post, "/api/profile/restore/", "restoreAccount").signed_in();
    spec.add(shows_profile(route));
}

/// Answers with the profile and its version.
fn shows_profile(route: Route) -> Route {
    route.answers::<Profile<'_>>(200).says(&["ETag"])
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
        .fails(&["not_found", "last_identifier"]);
    spec.add(route);
}

/// An export is as the tables hold it, so only its parts are named; or it is a link.
fn export(spec: &mut Spec) -> Ref {
    let mut members = vec![
        may("id", id::<UserKind>("The account.")),
        may("exported_at", time("When.")),
        may("account", object("The account itself.", [])),
        may("url", url("Where a large export is to be had.")),
        may("expires_in", count("Seconds for which the link is good.")),
    ];
    let part = || list("One part, as the tables hold it.", anything());
    members.extend(parts().map(|name| may(name, part())));
    let export = object(
        "Everything that is held on a person, or a link to it.",
        members,
    );
    spec.schema("Export", export)
}
