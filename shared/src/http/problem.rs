//! Everything that can go wrong, as it looks from outside: one table (RFC 9457).
//!
//! docs/PROBLEMS.md and the pages under `/problems/` are rendered from [`explanations`].

use std::borrow::Cow;

use axum::http::StatusCode;

use crate::{Error, FieldError};

/// One kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The member `code`, and the last part of `type`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// The member `title`.
    pub title: &'static str,
    /// What it means and what to do, one paragraph.
    pub explanation: &'static str,
}

macro_rules! problems {
    ($($name:ident = $code:literal, $status:ident, $title:literal, $explanation:literal;)*) => {
        $(const $name: Explanation = Explanation {
            code: $code,
            status: StatusCode::$status,
            title: $title,
            explanation: $explanation,
        };)*
        static ALL: &[Explanation] = &[$($name),*];
    };
}

problems! {
    MALFORMED = "malformed_request", BAD_REQUEST, "The request cannot be read",
        "The body is not one JSON object: it is empty, cut short, not UTF-8, not JSON, names a key twice, nests deeper than 32 levels, or is a list or a bare value. A webhook's body may also lack what its sender always sends. Mend the request; repeating it unchanged will not help.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The media type is not supported",
        "A JSON route takes Content-Type: application/json, in UTF-8 and without a Content-Encoding. A picture is judged by its content: JPEG, PNG, WebP or GIF.";
    PAYLOAD_TOO_LARGE = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large",
        "A JSON route takes at most 16 KB. A picture may have 4 MiB; larger ones, up to 20 MiB, go through the upload form of POST /api/profile/avatar/upload/.";
    NOT_FOUND = "not_found", NOT_FOUND, "There is nothing here",
        "No route has this path, or the thing that it names does not exist, or it is not yours. Paths are case-sensitive and are not normalised: no doubled slashes, no dots, no percent-escapes.";
    METHOD_NOT_ALLOWED = "method_not_allowed", METHOD_NOT_ALLOWED, "The path does not take this method",
        "The path exists, but not with this method. The header Allow lists those that it takes.";
    INVALID = "invalid_request", UNPROCESSABLE_ENTITY, "Some fields are wrong",
        "The request could be read, but some of its fields are missing, unknown, read-only, of the wrong type or out of range. The member errors lists all of them at once, each with a JSON pointer, a code and what is expected. Nothing was done.";
    OTP_INVALID = "otp_invalid", UNAUTHORIZED, "The code is not valid",
        "The code does not open anything. It may be mistyped, expired, used already, replaced by a newer one, tried too often, or meant for another address; which of these is not said, so that nobody can find out by trying. Ask for a new code.";
    UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED, "A sign-in is needed",
        "The route needs the header Authorization: Bearer with an access token that counts. The token may be missing, expired, not ours, or of a session that has ended. Refresh it; if that fails too, sign in again.";
    REFRESH_INVALID = "refresh_invalid", UNAUTHORIZED, "The refresh token is not valid",
        "The refresh token does not count any more: it expired, was used already, or its session has ended. Sign in again.";
    REAUTHENTICATION_REQUIRED = "reauthentication_required", UNAUTHORIZED, "A fresh sign-in is needed",
        "This changes who can get into the account, so the sign-in must not be older than ten minutes. Sign in again with a new code and repeat the request.";
    FORBIDDEN = "forbidden", FORBIDDEN, "Not allowed",
        "We know who you are, and you may not do this: the account is suspended, or the route needs a role that the account does not have. Or the request came past the CDN that stands in front of this service: send it to the public URL. Or a page of another site asked for the session cookie.";
    SIGNATURE_INVALID = "signature_invalid", FORBIDDEN, "The signature is not valid",
        "A webhook's signature does not hold: it was made with another key, for another URL or body, or too long ago. Nothing was changed.";
    IDENTIFIER_TAKEN = "identifier_taken", CONFLICT, "The address belongs to another account",
        "You proved this address, and another account signs in with it already. Sign in there, or remove it from there first.";
    LAST_IDENTIFIER = "last_identifier", CONFLICT, "The last address cannot be removed",
        "Without it nobody could sign in to the account. Add another address first, or erase the account.";
    VERSION_CONFLICT = "version_conflict", PRECONDITION_FAILED, "The profile has changed meanwhile",
        "The header If-Match names a version that is not the current one. Read the profile again and repeat the change on it.";
    RATE_LIMITED = "rate_limited", TOO_MANY_REQUESTS, "Too many requests",
        "A limit is reached. Wait as many seconds as retry_after and the header Retry-After say; the same request is admitted then.";
    DELIVERY_FAILED = "delivery_failed", SERVICE_UNAVAILABLE, "The message could not be sent",
        "The mail or text provider did not take the message, or did not say whether it did. Try again after retry_after seconds, or use another channel. If a code arrives after all, it is valid.";
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "Temporarily unavailable",
        "Something that the service needs does not answer. Try again after retry_after seconds.";
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "Something went wrong on our side",
        "The service failed in a way that it should not. The member instance names the request; tell it to the operator.";
}

/// Every kind of problem, in the order of docs/PROBLEMS.md.
#[must_use]
pub fn explanations() -> &'static [Explanation] {
    ALL
}

/// Seconds to wait after something did not answer; the outage of a store is seldom longer, and a client that comes
/// back sooner would only add to the load.
const UNAVAILABLE_RETRY: u64 = 1;

impl Error {
    /// What kind of problem this is.
    #[must_use]
    pub fn explanation(&self) -> &'static Explanation {
        match self {
            Self::Malformed(_) => &MALFORMED,
            Self::UnsupportedMediaType(_) => &UNSUPPORTED_MEDIA_TYPE,
            Self::PayloadTooLarge { .. } => &PAYLOAD_TOO_LARGE,
            Self::NotFound => &NOT_FOUND,
            Self::MethodNotAllowed { .. } => &METHOD_NOT_ALLOWED,
            Self::Invalid(_) => &INVALID,
            Self::OtpInvalid => &OTP_INVALID,
            Self::Unauthenticated => &UNAUTHENTICATED,
            Self::RefreshInvalid => &REFRESH_INVALID,
            Self::ReauthenticationRequired => &REAUTHENTICATION_REQUIRED,
            Self::Forbidden | Self::PastTheEdge | Self::ForeignPage => &FORBIDDEN,
            Self::SignatureInvalid => &SIGNATURE_INVALID,
            Self::IdentifierTaken => &IDENTIFIER_TAKEN,
            Self::LastIdentifier => &LAST_IDENTIFIER,
            Self::VersionConflict => &VERSION_CONFLICT,
            Self::RateLimited { .. } => &RATE_LIMITED,
            Self::DeliveryFailed { .. } => &DELIVERY_FAILED,
            Self::Unavailable(_) => &UNAVAILABLE,
            Self::Internal(_) => &INTERNAL,
        }
    }

    /// The member `detail`: a sentence for the client. What is for our own log stays out.
    #[must_use]
    pub fn detail(&self) -> Cow<'_, str> {
        match self {
            Self::Malformed(words) | Self::UnsupportedMediaType(words) => words.as_ref().into(),
            Self::PayloadTooLarge { limit } => {
                format!("The body may have at most {limit} bytes.").into()
            }
            Self::NotFound => "There is nothing at this path.".into(),
            Self::MethodNotAllowed { .. } => {
                "The header Allow lists the methods of this path.".into()
            }
            Self::Invalid(_) => "The member errors lists all wrong fields.".into(),
            Self::OtpInvalid => "The code is wrong or no longer valid. Ask for a new one.".into(),
            Self::Unauthenticated => "Send a valid access token as Authorization: Bearer.".into(),
            Self::RefreshInvalid => "The refresh token is not valid. Sign in again.".into(),
            Self::ReauthenticationRequired => {
                "Sign in again, then repeat the request within ten minutes.".into()
            }
            Self::Forbidden => "This account may not do this.".into(),
            Self::PastTheEdge => "Send the request to the public URL of this service.".into(),
            Self::ForeignPage => {
                "This page may not use the session cookie. Expected a page of the service itself, or one of its site whose \
                 origin is in CORS_ORIGINS."
                    .into()
            }
            Self::SignatureInvalid => "The signature does not hold.".into(),
            Self::IdentifierTaken => "Another account signs in with this address.".into(),
            Self::LastIdentifier => "The account has no other address that codes get to. Add another one before you remove this one.".into(),
            Self::VersionConflict => "Read the profile again and repeat the change.".into(),
            Self::RateLimited { retry_after } => format!("Try again in {retry_after} s.").into(),
            Self::DeliveryFailed { .. } => {
                "The message could not be sent. Try again, or use another channel.".into()
            }
            Self::Unavailable(_) => "Try again in a moment.".into(),
            Self::Internal(_) => "The failure was noted under the id in instance.".into(),
        }
    }

    /// Whole seconds after which a repetition makes sense, at least one.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after } | Self::DeliveryFailed { retry_after } => {
                Some((*retry_after).max(1))
            }
            Self::Unavailable(_) => Some(UNAVAILABLE_RETRY),
            _ => None,
        }
    }

    /// The wrong fields.
    pub(super) fn fields(&self) -> Option<&[FieldError]> {
        match self {
            Self::Invalid(fields) => Some(fields),
            _ => None,
        }
    }

    /// What happened, for our own log.
    pub(super) fn cause(&self) -> Option<&str> {
        match self {
            Self::Unavailable(cause) | Self::Internal(cause) => Some(cause),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_contracts() {
        let table: Vec<_> = explanations()
            .iter()
            .map(|e| format!("{} {}", e.code, e.status.as_u16()))
            .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        malformed_request 400
        unsupported_media_type 415
        payload_too_large 413
        not_found 404
        method_not_allowed 405
        invalid_request 422
        otp_invalid 401
        unauthenticated 401
        refresh_invalid 401
        reauthentication_required 401
        forbidden 403
        signature_invalid 403
        identifier_taken 409
        last_identifier 409
        version_conflict 412
        rate_limited 429
        delivery_failed 503
        unavailable 503
        internal 500
        ");
    }

    #[test]
    fn what_is_for_our_log_is_not_said() {
        for error in [
            Error::Unavailable("table Accounts".into()),
            Error::Internal("jane@example.com".into()),
        ] {
            assert!(!error.detail().contains("Accounts") && !error.detail().contains("jane"));
            assert!(error.cause().is_some());
        }
    }

    #[test]
    fn a_detail_is_a_sentence() {
        for error in [
            Error::PayloadTooLarge { limit: 1 },
            Error::NotFound,
            Error::MethodNotAllowed {
                allow: String::new(),
            },
            Error::Invalid(Vec::new()),
            Error::OtpInvalid,
            Error::Unauthenticated,
            Error::RefreshInvalid,
            Error::ReauthenticationRequired,
            Error::Forbidden,
            Error::PastTheEdge,
            Error::ForeignPage,
            Error::SignatureInvalid,
            Error::IdentifierTaken,
            Error::LastIdentifier,
            Error::VersionConflict,
            Error::RateLimited { retry_after: 9 },
            Error::DeliveryFailed { retry_after: 9 },
            Error::Unavailable(String::new()),
            Error::Internal(String::new()),
        ] {
            let detail = error.detail();
            assert!(crate::error::is_sentence(&detail), "{detail:?}");
        }
    }

    #[test]
    fn a_wait_is_never_zero() {
        assert_eq!(Error::RateLimited { retry_after: 0 }.retry_after(), Some(1));
        assert_eq!(Error::RateLimited { retry_after: 9 }.retry_after(), Some(9));
        assert_eq!(Error::Unavailable(String::new()).retry_after(), Some(1));
    }
}
