//! The routes, for the API's document.

use axum::http::{HeaderMap, HeaderValue};
use shared::flows::sent::Sent;
use shared::http::spec::HttpMethod::{Get, Post};
use shared::http::spec::schema::text;
use shared::http::spec::{RATE, Route, Spec, device_token, idempotency_key};

use crate::deliveries::Shown;
use crate::request;

/// Describes the routes of this function.
pub fn document(spec: &mut Spec) {
    let headers = HeaderMap::from_iter([(
        axum::http::HeaderName::from_static("idempotency-key"),
        HeaderValue::from_static("two words"),
    )]);
    let route = Route::new(Post, "/api/auth/otp/request/", "requestCode")
        .takes(idempotency_key())
        .takes(device_token())
        .json("CodeRequest", move |fields| {
            request::read(fields, &headers, |_| true)
        })
        .answers::<Sent>(200)
        .says(&RATE)
        .stored()
        .fails(&["rate_limited", "delivery_failed"]);
    spec.add(route);

    let path = "/api/auth/otp/deliveries/{delivery_id}/";
    let route = Route::new(Get, path, "showDelivery")
        .place("delivery_id", text(""))
        .answers::<Shown>(200)
        .stored()
        .fails(&["not_found"]);
    spec.add(route);
}
