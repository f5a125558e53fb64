//! Everything that can end a request other than well; `http::problem` says how each looks from outside.

use std::borrow::Cow;

/// Why a request ends without success.
///
/// The words inside are for the person who sent the request, never a secret, an upstream's text or a table's name.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body is no JSON object, or the request is otherwise unreadable.
    #[error("malformed request: {0}")]
    Malformed(Cow<'static, str>),
    /// The media type, charset or content encoding is not one that this route takes.
    #[error("unsupported media type: {0}")]
    UnsupportedMediaType(Cow<'static, str>),
    /// The body is larger than `limit` bytes.
    #[error("the body is larger than {limit} bytes")]
    PayloadTooLarge {
        /// The most that this route takes, in bytes.
        limit: usize,
    },
    /// There is nothing at this path, or not for this caller.
    #[error("not found")]
    NotFound,
    /// The path exists, but not with this method.
    #[error("method not allowed, only {allow}")]
    MethodNotAllowed {
        /// The value of the `Allow` header.
        allow: String,
    },
    /// One or more fields are wrong; all of them are named at once.
    #[error("invalid request")]
    Invalid(Vec<FieldError>),
    /// The code does not open anything: wrong, expired, used, superseded, exhausted or never asked for.
    #[error("otp invalid")]
    OtpInvalid,
    /// No access token, or one that does not count.
    #[error("unauthenticated")]
    Unauthenticated,
    /// The refresh token does not count (any more).
    #[error("refresh token invalid")]
    RefreshInvalid,
    /// The sign-in is older than this action allows.
    #[error("reauthentication required")]
    ReauthenticationRequired,
    /// The caller is known and may not do this.
    #[error("forbidden")]
    Forbidden,
    /// The request did not come through the edge that this deployment has.
    #[error("past the edge")]
    PastTheEdge,
    /// A page of another site asks for the session cookie.
    #[error("a foreign page")]
    ForeignPage,
    /// A webhook whose signature does not hold.
    #[error("signature invalid")]
    SignatureInvalid,
    /// The address belongs to someone else (said only after it was proven).
    #[error("identifier taken")]
    IdentifierTaken,
    /// The last way to sign in cannot be removed.
    #[error("last identifier")]
    LastIdentifier,
    /// The profile changed since the version that the caller saw.
    #[error("version conflict")]
    VersionConflict,
    /// A limit is reached.
    #[error("rate limited for {retry_after} s")]
    RateLimited {
        /// Whole seconds after which the same request is admitted.
        retry_after: u64,
    },
    /// The provider did not take the message, or nobody knows whether it did.
    #[error("delivery failed, retry after {retry_after} s")]
    DeliveryFailed {
        /// Whole seconds after which a repetition makes sense.
        retry_after: u64,
    },
    /// Something that we need does not answer; nothing was decided.
    #[error("unavailable: {0}")]
    Unavailable(
        /// What did not answer, for our log only.
        String,
    ),
    /// A bug or a corrupt item.
    #[error("internal: {0}")]
    Internal(
        /// What happened, for our log only.
        String,
    ),
}

impl Error {
    /// One wrong field.
    #[must_use]
    pub fn field(
        pointer: &'static str,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// A bug or a corrupt item, with words for our own log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = WrongField))]
pub struct FieldError {
    /// Where: a JSON pointer (RFC 6901), or `/` and a parameter's name.
    pub pointer: Cow<'static, str>,
    /// What, for programs: `required`, `unknown_field`, `read_only`, `invalid_type`, `out_of_range`, `too_long`,
    /// `invalid_characters`, `duplicate`, `invalid_email`, `invalid_phone`, `invalid_channel`, `invalid_otp_code`,
    /// `invalid_url`, `invalid_language`, `invalid_timezone`, `invalid_idempotency_key`, `invalid_cursor`,
    /// `invalid_date`, `invalid_header`, `invalid_content_type`, `one_file`, `broken_picture`, `too_many_pixels`.
    pub code: Cow<'static, str>,
    /// What, for people, and what is expected.
    pub detail: Cow<'static, str>,
}

impl FieldError {
    /// A wrong field: where, what, and what is expected.
    pub fn new(
        pointer: impl Into<Cow<'static, str>>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let detail = detail.into();
        debug_assert!(is_sentence(&detail), "a fragment: {detail:?}");
        Self {
            pointer: pointer.into(),
            code: code.into(),
            detail,
        }
    }
}

/// Whether a text begins and ends as a sentence does. People read it on pages that add nothing of their own.
#[must_use]
pub fn is_sentence(text: &str) -> bool {
    text.starts_with(char::is_uppercase) && text.ends_with('.')
}
