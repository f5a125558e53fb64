//! The answer to a code request, the same whether or not there is an account.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::request_code::CodeSent;
use crate::domain::channel::Channel;
use crate::http::{True, rate_limit_headers};

/// A code was sent, as far as anybody may know.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = CodeSent))]
pub struct Sent {
    /// Always.
    success: True,
    /// For people.
    message: &'static str,
    /// How the code travels.
    channel: Channel,
    /// Seconds for which the code is valid from now on.
    #[cfg_attr(feature = "document", schema(maximum = 600))]
    expires_in: u64,
    /// Seconds after which another may be asked for.
    resend_in: u64,
    /// Names the message, for following its delivery.
    #[cfg_attr(feature = "document", schema(pattern = "^dlv_[0-9a-f]+$"))]
    delivery_id: String,
}

impl IntoResponse for CodeSent {
    fn into_response(self) -> Response {
        let sent = Sent {
            success: True,
            message: "OTP sent successfully",
            channel: self.channel,
            expires_in: self.expires_in,
            resend_in: self.resend_in,
            delivery_id: self.delivery_id,
        };
        (rate_limit_headers(self.allowance), Json(sent)).into_response()
    }
}
