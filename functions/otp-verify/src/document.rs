//! The route, for the API's document.

use shared::http::spec::HttpMethod::Post;
use shared::http::spec::{RATE, Route, Spec, device_token, session_cookie};

use crate::verify::{Welcome, read};

/// Describes the route of this function.
pub fn document(spec: &mut Spec) {
    let route = Route::new(Post, "/api/auth/otp/verify/", "verifyCode")
        .takes(device_token())
        .takes(session_cookie())
        .json("CodeAttempt", |fields| read(fields, 6))
        .answers::<Welcome>(200)
        .says(&RATE)
        .stored()
        .fails(&["otp_invalid", "forbidden", "rate_limited"]);
    spec.add(route);
}
