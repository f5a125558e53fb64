//! `POST /api/profile/identifiers/`, `POST /api/profile/identifiers/verify/`,
//! `DELETE /api/profile/identifiers/{email|phone}/`

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use shared::domain::challenge::Purpose;
use shared::domain::channel::Channel;
use shared::domain::code::OtpCode;
use shared::domain::identifier::{Identifier, IdentifierKind};
use shared::domain::notice::Notice;
use shared::domain::user::User;
use shared::flows::auth::{RecentSignIn, SignedIn};
use shared::flows::notices::Notifier;
use shared::flows::rate_limit::limited;
use shared::flows::request_code::{CodeRequest, CodeSent};
use shared::flows::verify_code::Attempt;
use shared::http::{Caller, Fields, JsonBody, channel, device_token, idempotency_key};
use shared::keyring::Keyring;
use shared::keyring::derive::AddressKeys;
use shared::store::identifiers::{By, Linked, Proof, Unlinked};
use shared::{Error, Result, telemetry};

use crate::App;
use crate::view::profile;

/// Sends a code to the address that is to be the account's.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    RecentSignIn(SignedIn { user, .. }): RecentSignIn,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<CodeSent> {
    let offers = |channel| app.request_code.offers(channel);
    let (identifier, channel, idempotency_key) = wish(body.fields(), &headers, offers)?;
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
    app.request_code.send(request, &caller).await
}

/// Takes the code and gives the address to the account.
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    RecentSignIn(SignedIn { user, claims, now }): RecentSignIn,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response> {
    let (identifier, code) = proof(body.fields(), app.verify_code.digits())?;
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
    let proof = Proof {
        identifier: &identifier,
        owner: &owner,
        live: &proven.code.live,
        place: proven.code.place,
        lane: proven.lane,
    };
    let owner = proven.owner.map(|claimed| claimed.claim.user);
    let linked = app.store.link(&user, &proof, owner, &by).await;
    if matches!(linked, Ok(Linked::CodeOver | Linked::Limited(_)) | Err(_)) {
        app.verify_code
            .give_back(&identifier, &proven.receipt)
            .await;
    }
    match linked? {
        Linked::To(user, notices) => {
            Box::pin(app.after(&user, Some(identifier.kind()), &notices, now)).await;
            Ok(profile(&user, &app.avatars))
        }
        Linked::Taken => Err(Error::IdentifierTaken),
        Linked::Limited(retry_after) => Err(limited("changes", retry_after)),
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
    if user.address(kind).is_some() && !app.is_reachable(user.address(kind.other()), now).await? {
        return Err(Error::LastIdentifier);
    }
    match Box::pin(app.store.unlink(user, kind, &by)).await? {
        Unlinked::To(user, notices) => {
            Box::pin(app.after(&user, None, &notices, now)).await;
            Ok(StatusCode::NO_CONTENT)
        }
        Unlinked::Last => Err(Error::LastIdentifier),
        Unlinked::Limited(retry_after) => Err(limited("changes", retry_after)),
        Unlinked::Refused => Err(Error::Unauthenticated),
    }
}

impl App {
    /// Whether codes get to this address, so that one can sign in with it alone.
    async fn is_reachable(&self, address: Option<&str>, now: Timestamp) -> Result<bool> {
        let Some(address) = address.and_then(Identifier::restore) else {
            return Ok(false);
        };
        let suppressions = {
            let peppers = &self.keyring.snapshot().peppers;
            AddressKeys::new(peppers).suppressions(&address)
        };
        let suppressed = self.store.is_suppressed(address.kind(), &suppressions, now);
        let suppressed = suppressed.await?;
        let outbound = self.request_code.outbound();
        Ok(outbound.offers(Channel::for_kind(address.kind()))
            && outbound.withheld(&address, suppressed).is_none())
    }

    /// What follows a change: the notices, and the other address opened where failures had closed it. What fails here
    /// is noted; a notice stays until it was sent.
    async fn after(
        &self,
        user: &User,
        proven: Option<IdentifierKind>,
        notices: &[Notice],
        now: Timestamp,
    ) {
        let keyring = self.keyring.snapshot();
        let notifier = self.notifier(&keyring);
        let told = notifier.send(notices, now);
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

impl App {
    /// What sends notices.
    pub(crate) fn notifier<'a>(&'a self, keyring: &'a Keyring) -> Notifier<'a> {
        Notifier {
            store: &self.store,
            outbound: self.request_code.outbound(),
            peppers: &keyring.peppers,
        }
    }
}

/// The address that is to be the account's, and how the code is to travel there.
pub(crate) fn wish(
    mut fields: Fields,
    headers: &HeaderMap,
    offers: impl FnOnce(Channel) -> bool,
) -> Result<(Identifier, Channel, Option<String>)> {
    let idempotency_key = idempotency_key(headers, &mut fields);
    let identifier = fields.required("identifier", Identifier::parse);
    let channel = channel(&mut fields, identifier.as_ref(), offers);
    fields.finish(|| Some((identifier?, channel?, idempotency_key)))
}

/// The address, and the code that came there.
pub(crate) fn proof(mut fields: Fields, digits: u8) -> Result<(Identifier, OtpCode)> {
    let identifier = fields.required("identifier", Identifier::parse);
    let code = fields.required("otp_code", |text| OtpCode::parse(text, digits));
    let _ = channel(&mut fields, identifier.as_ref(), |_| true);
    fields.finish(|| Some((identifier?, code?)))
}

/// Whom a code is for and which version of the address it replaces, as a hash: the code's item must not lead to the
/// account. A change of the address makes it another owner, so a code that was asked for before opens nothing.
fn owner(user: &User, kind: IdentifierKind) -> String {
    shared::keyring::derive::link_owner(user.id, user.address_version(kind))
}
