//! `POST /api/auth/otp/request/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use shared::Result;
use shared::domain::challenge::Purpose;
use shared::domain::channel::Channel;
use shared::domain::identifier::Identifier;
use shared::domain::locale::LanguageTag;
use shared::domain::source::SourceOrigin;
use shared::flows::request_code::{CodeRequest, CodeSent};
use shared::http::{Caller, Fields, JsonBody, channel, device_token, idempotency_key};

use crate::App;

/// What the body says.
pub(crate) struct Form {
    identifier: Identifier,
    channel: Channel,
    source: Option<SourceOrigin>,
    locale: Option<LanguageTag>,
    idempotency_key: Option<String>,
}

pub(crate) async fn request(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<CodeSent> {
    let offers = |channel| app.request_code.offers(channel);
    let form = read(body.fields(), &headers, offers)?;
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
    app.request_code.send(request, &caller).await
}

pub(crate) fn read(
    mut fields: Fields,
    headers: &HeaderMap,
    offers: impl FnOnce(Channel) -> bool,
) -> Result<Form> {
    let identifier = fields.required("identifier", Identifier::parse);
    let channel = channel(&mut fields, identifier.as_ref(), offers);
    let source = fields.optional("source_url", SourceOrigin::parse);
    let locale = fields.optional("locale", LanguageTag::parse);
    let idempotency_key = idempotency_key(headers, &mut fields);
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
