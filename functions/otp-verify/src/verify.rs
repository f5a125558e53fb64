//! `POST /api/auth/otp/verify/`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::challenge::Purpose;
use shared::domain::channel::Channel;
use shared::domain::claim::Claim;
use shared::domain::code::OtpCode;
use shared::domain::id::{ActivityId, SessionId, UserId};
use shared::domain::identifier::Identifier;
use shared::domain::locale::LanguageTag;
use shared::domain::quota::after;
use shared::domain::session::NewSession;
use shared::domain::source::SourceOrigin;
use shared::domain::token::RefreshToken;
use shared::domain::user::User;
use shared::flows::replaced_session;
use shared::flows::verify_code::{Attempt, Proven};
use shared::http::{
    Caller, Fields, JsonBody, SessionCookie, True, channel, device_token, rate_limit_headers,
};
use shared::keyring::token_pair::{SessionFacts, TokenPair, issue};
use shared::keyring::{DeviceToken, Keyring};
use shared::store::activity::Activity;
use shared::store::redeem::{Redeem, Redeemed};
use shared::{Error, Result, entropy, telemetry};

use crate::App;

/// What the body says.
pub(crate) struct Form {
    identifier: Identifier,
    code: OtpCode,
    source: Option<SourceOrigin>,
}

/// A session was opened.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = SignedIn))]
pub(crate) struct Welcome {
    /// Always.
    success: True,
    /// For people.
    message: &'static str,
    /// To be kept, and sent back as `X-Device-Token` with later codes.
    device_token: String,
    /// The person who signed in.
    user: Person,
    /// The tokens of the session.
    tokens: TokenPair,
}

/// The person who signed in.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = SignedInUser))]
struct Person {
    /// The account.
    id: UserId,
    /// The proven e-mail address.
    email: Option<String>,
    /// The proven phone number, E.164.
    phone_number: Option<String>,
    /// First and last name, empty without them.
    full_name: String,
    /// Whether this sign-in opened the account.
    is_new_user: bool,
    /// An account exists only with a proven address.
    is_verified: True,
}

pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    cookie: Option<SessionCookie>,
    body: JsonBody,
) -> Result<Response> {
    let form = read(body.fields(), app.verify_code.digits())?;
    let device_token = device_token(&headers);
    let attempt = Attempt {
        purpose: Purpose::SignIn,
        identifier: &form.identifier,
        owner: None,
        code: &form.code,
        device_token: device_token.as_deref(),
    };
    let proven = app.verify_code.verify(attempt, &caller).await?;
    let allowance = proven.allowance;
    let before = cookie.as_ref().and_then(SessionCookie::token);
    let mut welcome = app.open_session(form, proven, before, &caller).await?;
    let kept = cookie.map(|cookie| cookie.carry(&mut welcome.tokens));
    let mut response = (rate_limit_headers(allowance), Json(welcome)).into_response();
    response.headers_mut().extend(kept.into_iter().flatten());
    Ok(response)
}

pub(crate) fn read(mut fields: Fields, digits: u8) -> Result<Form> {
    let identifier = fields.required("identifier", Identifier::parse);
    let code = fields.required("otp_code", |text| OtpCode::parse(text, digits));
    let source = fields.optional("source_url", SourceOrigin::parse);
    let _ = channel(&mut fields, identifier.as_ref(), |_| true);
    fields.finish(|| {
        Some(Form {
            identifier: identifier?,
            code: code?,
            source,
        })
    })
}

impl App {
    /// Uses the code up and opens the session, all in one; the tokens are made before anybody can wait for them.
    ///
    /// `before`: the refresh token that the browser had in its cookie; its session ends.
    async fn open_session(
        &self,
        form: Form,
        proven: Proven,
        before: Option<&str>,
        caller: &Caller,
    ) -> Result<Welcome> {
        let now = self.clock.now();
        let keyring = self.keyring.snapshot();
        let Form {
            identifier, source, ..
        } = form;
        let source = source
            .map(|origin| origin.as_str().to_owned())
            .or_else(|| proven.code.source.clone());
        let via = proven.code.via;
        let secret: [u8; 16] = entropy::bytes();
        let newcomer = newcomer(&identifier, proven.code.language.clone(), now);
        let session = self.new_session(newcomer.id, via, &secret, &keyring, caller, now);
        let (id, end) = (session.id, session.end);
        let before = before.and_then(|text| RefreshToken::open(&keyring.peppers, text));
        let replaces = before.map(|token| (token.user, token.session));
        let redeem = Redeem {
            identifier: &identifier,
            live: &proven.code.live,
            place: proven.code.place,
            lane: proven.lane,
            newcomer,
            session,
            source: source.as_deref(),
            method: via.registration_method(),
            activity: self.activity(via, caller, now),
            sessions_per_user: self.rules.sessions_per_user,
            replaces,
            now,
        };
        let (user, is_new, claim) = match self.store.redeem(redeem, proven.owner).await {
            Ok(Redeemed::Accepted {
                user,
                is_new,
                claim,
            }) => (user, is_new, claim),
            Ok(Redeemed::Suspended) => return Err(Error::Forbidden),
            lost => {
                self.verify_code
                    .give_back(&identifier, &proven.receipt)
                    .await;
                return Err(lost.err().unwrap_or(Error::OtpInvalid));
            }
        };
        telemetry::metric("otp_verified", &[("channel", via.as_str())]);
        self.end_replaced(replaces, user.id, caller, now);

        let refresh = RefreshToken::issue(keyring.peppers.current(), user.id, id, 0, secret);
        let amr = ["otp", via.amr()].map(str::to_owned);
        let facts = SessionFacts {
            signed_in: now,
            amr: &amr,
            roles: &user.roles,
            end,
        };
        let tokens = issue(&keyring, &self.rules, &facts, &refresh, now)?;
        Ok(Welcome {
            success: True,
            message: "Authentication successful",
            device_token: known_device(&keyring, claim, &identifier),
            user: Person::new(&user, is_new),
            tokens,
        })
    }

    /// Ends the session that the browser had, where it was somebody else's; their own ended with the sign-in.
    fn end_replaced(
        &self,
        replaced: Option<(UserId, SessionId)>,
        now_of: UserId,
        caller: &Caller,
        now: Timestamp,
    ) {
        if let Some((user, session)) = replaced.filter(|(user, _)| *user != now_of) {
            let request = &caller.request_id;
            replaced_session::end_in_background(&self.store, user, session, request, now);
        }
    }

    /// The session that a code by this channel opens.
    fn new_session(
        &self,
        user: UserId,
        via: Channel,
        secret: &[u8; 16],
        keyring: &Keyring,
        caller: &Caller,
        now: Timestamp,
    ) -> NewSession {
        NewSession {
            user,
            id: SessionId::new(now, entropy::bytes()),
            random_hash: RefreshToken::secret_hash(secret),
            pepper: keyring.peppers.current().version(),
            created: now,
            end: after(now, self.rules.absolute),
            amr: ["otp", via.amr()],
            ip: caller.ip.clone(),
            user_agent: caller.user_agent.clone(),
        }
    }

    fn activity<'a>(&self, via: Channel, caller: &'a Caller, now: Timestamp) -> Activity<'a> {
        Activity {
            id: ActivityId::new(now, entropy::bytes()),
            event: "signed_in",
            at: now,
            ip: &caller.ip,
            user_agent: &caller.user_agent,
            detail: via.registration_method().to_owned(),
            keep: self.activity,
        }
    }
}

fn newcomer(identifier: &Identifier, language: Option<String>, now: Timestamp) -> User {
    let mut user = User::new(UserId::new(now, entropy::bytes()), now);
    match identifier {
        Identifier::Email(address) => user.email = Some(address.as_str().to_owned()),
        Identifier::Phone(number) => user.phone = Some(number.as_str().to_owned()),
    }
    if let Some(language) = language.and_then(|tag| LanguageTag::parse(&tag).ok()) {
        user.profile.language = language;
    }
    user
}

fn known_device(keyring: &Keyring, claim: Claim, identifier: &Identifier) -> String {
    DeviceToken::issue(keyring.peppers.current(), claim, identifier.as_str())
}

impl Person {
    fn new(user: &User, is_new_user: bool) -> Self {
        Self {
            id: user.id,
            email: user.email.clone(),
            phone_number: user.phone.clone(),
            full_name: user.profile.full_name(),
            is_new_user,
            is_verified: True,
        }
    }
}
