//! `POST /api/profile/identifiers/`, `POST /api/profile/identifiers/verify/`,
//! `DELETE /api/profile/identifiers/{email|phone}/`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::challenge::Purpose;
use shared::domain::channel::Channel;
use shared::domain::code::OtpCode;
use shared::domain::identifier::{Identifier, IdentifierKind};
use shared::domain::user::User;
use shared::flows::auth::{RecentSignIn, SignedIn};
use shared::flows::notices::Notifier;
use shared::flows::request_code::CodeRequest;
use shared::flows::verify_code::Attempt;
use shared::http::{Caller, Fields, JsonBody, device_token, idempotency_key, rate_limit_headers};
use shared::store::identifiers::{By, Linked, Unlinked};
use shared::store::pending_notices::Notice;
use shared::{Error, Result, telemetry};

use crate::App;
use crate::view::profile;

/// The answer to the wish for another address: whether it is free is not said.
#[derive(Serialize)]
struct Sent {
    success: bool,
    message: &'static str,
    channel: &'static str,
    expires_in: u64,
    resend_in: u64,
    delivery_id: String,
}

/// Sends a code to the address that is to be the account's.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    RecentSignIn(SignedIn { user, .. }): RecentSignIn,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response> {
    let mut fields = body.fields();
    let idempotency_key = idempotency_key(&headers, &mut fields);
    let identifier = fields.required("identifier", Identifier::parse);
    let channel = channel(&mut fields, identifier.as_ref(), &app);
    let (identifier, channel) = fields.finish(|| Some((identifier?, channel?)))?;
    let request = CodeRequest {
        purpose: Purpose::Link,
        identifier: &identifier,
        channel,
        owner: Some(owner(&user, identifier.kind())),
        asker: Some(user.id),
        source: None,
        locale: Some(user.profile.language.clone()),
        idempotency_key,
        device_token: device_token(&headers),
    };
    let issued = app.request_code.send(request, &caller).await?;
    let sent = Sent {
        success: true,
        message: "OTP sent successfully",
        channel: issued.channel.as_str(),
        expires_in: issued.expires_in,
        resend_in: issued.resend_in,
        delivery_id: issued.delivery_id,
    };
    Ok((rate_limit_headers(issued.allowance), Json(sent)).into_response())
}

/// Takes the code and gives the address to the account.
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    RecentSignIn(SignedIn { user, claims, now }): RecentSignIn,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response> {
    let mut fields = body.fields();
    let identifier = fields.required("identifier", Identifier::parse);
    let code = fields.required("otp_code", |text| {
        OtpCode::parse(text, app.verify_code.digits())
    });
    let _ = channel(&mut fields, identifier.as_ref(), &app);
    let (identifier, code) = fields.finish(|| Some((identifier?, code?)))?;
    let owner = owner(&user, identifier.kind());
    let device_token = device_token(&headers);
    let attempt = Attempt {
        purpose: Purpose::Link,
        identifier: &identifier,
        owner: Some(&owner),
        code: &code,
        device_token: device_token.as_deref(),
    };
    let proven = app.verify_code.verify(attempt, &caller).await?;
    let event = if user.address(identifier.kind()).is_some() {
        "identifier_changed"
    } else {
        "identifier_added"
    };
    let by = By {
        session: claims.sid,
        request: &caller.request_id,
        activity: app.line(event, identifier.kind().as_str().to_owned(), &caller, now),
        now,
    };
    match app
        .store
        .link(
            &user,
            &identifier,
            &proven.paid.live,
            proven.lane,
            proven.owner,
            &by,
        )
        .await?
    {
        Linked::To(user, notice) => {
            app.after(&user, Some(identifier.kind()), notice, now).await;
            Ok(profile(&user, &app.avatars))
        }
        Linked::Taken => Err(Error::IdentifierTaken),
        Linked::CodeOver => Err(Error::OtpInvalid),
        Linked::Refused => Err(Error::Unauthenticated),
    }
}

/// Takes an address from the account.
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    RecentSignIn(SignedIn { user, claims, now }): RecentSignIn,
    Path(kind): Path<String>,
    caller: Caller,
) -> Result<StatusCode> {
    let kind = [IdentifierKind::Email, IdentifierKind::Phone]
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or(Error::NotFound)?;
    let by = By {
        session: claims.sid,
        request: &caller.request_id,
        activity: app.line("identifier_removed", kind.as_str().to_owned(), &caller, now),
        now,
    };
    match app.store.unlink(user, kind, &by).await? {
        Unlinked::To(user, notice) => {
            app.after(&user, None, notice, now).await;
            Ok(StatusCode::NO_CONTENT)
        }
        Unlinked::Last => Err(Error::LastIdentifier),
        Unlinked::Refused => Err(Error::Unauthenticated),
    }
}

impl App {
    /// What follows a change: the notice, and the other address opened where failures had closed it. What fails here
    /// is noted; the notice stays until it was sent.
    async fn after(
        &self,
        user: &User,
        proven: Option<IdentifierKind>,
        notice: Option<Notice>,
        now: Timestamp,
    ) {
        let told = async {
            match &notice {
                Some(notice) => {
                    let peppers = &self.keyring.snapshot().peppers;
                    let notifier = Notifier {
                        store: &self.store,
                        outbound: self.request_code.outbound(),
                        peppers,
                    };
                    notifier.send(notice, now).await
                }
                None => Ok(()),
            }
        };
        let opened = async {
            let other = match proven {
                Some(IdentifierKind::Email) => user.phone_number().map(Identifier::Phone),
                Some(IdentifierKind::Phone) => user.email_address().map(Identifier::Email),
                None => None,
            };
            match other {
                Some(other) => self.store.open_closed(&other, self.failure_cap).await,
                None => Ok(()),
            }
        };
        let (told, opened) = futures_util::join!(told, opened);
        for (what, outcome) in [("notice_not_sent", told), ("not_opened", opened)] {
            if let Err(error) = outcome {
                telemetry::note(what, error);
            }
        }
    }
}

/// The channel of the body, checked against the identifier; the identifier's own where none is given.
fn channel(fields: &mut Fields, identifier: Option<&Identifier>, app: &App) -> Option<Channel> {
    let given = fields.optional("channel", Channel::parse);
    let kind = identifier?.kind();
    let channel = given.unwrap_or_else(|| Channel::for_kind(kind));
    let wrong = if !channel.fits(kind) {
        "This channel does not fit the identifier."
    } else if !app.request_code.offers(channel) {
        "This channel is not available here."
    } else {
        return Some(channel);
    };
    fields.fault("channel", "invalid_channel", wrong);
    None
}

/// Whom a code is for and which version of the address it replaces, as a hash: the code's item must not lead to the
/// account. A change of the address makes it another owner, so a code that was asked for before opens nothing.
fn owner(user: &User, kind: IdentifierKind) -> String {
    shared::keyring::derive::link_owner(user.id, user.address_version(kind))
}
