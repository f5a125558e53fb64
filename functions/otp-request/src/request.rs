//! `POST /api/auth/otp/request/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::Result;
use shared::domain::challenge::Purpose;
use shared::domain::channel::Channel;
use shared::domain::identifier::Identifier;
use shared::domain::locale::LanguageTag;
use shared::domain::source::SourceOrigin;
use shared::flows::request_code::{CodeRequest, CodeSent};
use shared::http::{Caller, JsonBody, device_token, idempotency_key, rate_limit_headers};

use crate::App;

/// What the body says.
struct Form {
    identifier: Identifier,
    channel: Channel,
    source: Option<SourceOrigin>,
    locale: Option<LanguageTag>,
    idempotency_key: Option<String>,
}

/// The answer to a code request, whether or not an account exists.
#[derive(Serialize)]
struct Sent {
    success: bool,
    message: &'static str,
    channel: &'static str,
    expires_in: u64,
    resend_in: u64,
    delivery_id: String,
}

pub(crate) async fn request(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response> {
    let form = read(body, &headers, &app)?;
    let request = CodeRequest {
        purpose: Purpose::SignIn,
        identifier: &form.identifier,
        channel: form.channel,
        owner: None,
        asker: None,
        source: form.source,
        locale: form.locale,
        idempotency_key: form.idempotency_key,
        device_token: device_token(&headers),
    };
    let sent = app.request_code.send(request, &caller).await?;
    Ok((rate_limit_headers(sent.allowance), Json(Sent::from(sent))).into_response())
}

fn read(body: JsonBody, headers: &HeaderMap, app: &App) -> Result<Form> {
    let mut fields = body.fields();
    let identifier = fields.required("identifier", Identifier::parse);
    let channel = fields.optional("channel", Channel::parse);
    let source = fields.optional("source_url", SourceOrigin::parse);
    let locale = fields.optional("locale", LanguageTag::parse);
    let idempotency_key = idempotency_key(headers, &mut fields);
    let channel = identifier.as_ref().map(|identifier| {
        let channel = channel.unwrap_or_else(|| Channel::for_kind(identifier.kind()));
        if !channel.fits(identifier.kind()) {
            fields.fault(
                "channel",
                "invalid_channel",
                "This channel does not fit the identifier.",
            );
        } else if !app.request_code.offers(channel) {
            fields.fault(
                "channel",
                "invalid_channel",
                "This channel is not available here.",
            );
        }
        channel
    });
    fields.finish(|| {
        Some(Form {
            identifier: identifier?,
            channel: channel?,
            source,
            locale,
            idempotency_key,
        })
    })
}

impl From<CodeSent> for Sent {
    fn from(sent: CodeSent) -> Self {
        Self {
            success: true,
            message: "OTP sent successfully",
            channel: sent.channel.as_str(),
            expires_in: sent.expires_in,
            resend_in: sent.resend_in,
            delivery_id: sent.delivery_id,
        }
    }
}
