//! The routes, for the API's document.

use jiff::Timestamp;
use shared::http::spec::HttpMethod::Get;
use shared::http::spec::{Route, Spec};
use shared::store::statistics::{Active, Registered, RegistrationsRow, SourceRow};

use crate::otp::Report;
use crate::{active, range, users};

/// Describes the routes of this function.
pub fn document(spec: &mut Spec) {
    let now = Timestamp::UNIX_EPOCH;
    let sources = numbers("/api/analytics/sources/", "countSources");
    spec.add(sources.lists::<SourceRow>("SourceNumbersPage"));

    let registrations = numbers("/api/analytics/registrations/", "countRegistrations")
        .query(move |fields| range::read(fields, now))
        .lists::<RegistrationsRow>("DayOfRegistrationsPage");
    spec.add(registrations);

    let active = numbers("/api/analytics/active/", "countActive")
        .query(active::days)
        .answers::<Active>(200);
    spec.add(active);

    let codes = numbers("/api/analytics/otp/", "countCodes")
        .query(move |fields| range::read(fields, now))
        .paged()
        .answers::<Report>(200);
    spec.add(codes);

    let users = numbers("/api/analytics/users/", "listNewUsers")
        .query(move |fields| users::read(fields, now))
        .lists::<Registered>("NewUserPage");
    spec.add(users);
}

/// Needs the role `admin`.
fn numbers(path: &'static str, id: &'static str) -> Route {
    Route::new(Get, path, id).signed_in().fails(&["forbidden"])
}
