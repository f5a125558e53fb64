//! Descriptions of the values that requests hold, and answers besides plain texts and numbers.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::schema::{formatted, id, text, url, word};
use crate::config::settings::OTP_CODE_LENGTH;
use crate::domain::channel::Channel;
use crate::domain::code::OtpCode;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::id::{Id, Kind};
use crate::domain::identifier::Identifier;
use crate::domain::locale::{LanguageTag, TimeZoneName};
use crate::domain::picture;
use crate::domain::profile::{Bio, PersonName, Username};
use crate::domain::source::{self, SourceOrigin};
use crate::http::True;
use crate::http::fields::recorded::Described;
use crate::http::problem::explanations;

macro_rules! described {
    ($($value:ty => $schema:expr;)*) => {$(
        impl Described for $value {
            fn describe() -> ObjectBuilder {
                $schema
            }
        }
    )*};
}

described! {
    String => text("");
    Date => formatted(KnownFormat::Date);
    Timestamp => text("A day or a moment: `2026-01-31` or `2026-01-31T12:00:00Z`.");
    Identifier => text(
        "An e-mail address (ASCII local part, domain in any form, at most 64 and 254 octets; 422 `invalid_email`) or a \
         phone number in E.164 (blanks and hyphens of any kind, dots, parentheses and what is invisible are \
         dropped; 422 `invalid_phone`).",
    )
    .min_length(Some(3))
    .examples(["jane@example.com", "+1 415 555 0100"]);
    Channel => word(
        "How the code travels; `sms` is `phone`. What the identifier is where it is missing.",
        &Channel::WORDS,
    );
    OtpCode => text("The code: as many digits as are configured, 6 by default, leading zeros included.").pattern(Some(
        format!("^[0-9]{{{},{}}}$", OTP_CODE_LENGTH.bounds.start(), OTP_CODE_LENGTH.bounds.end()),
    ));
    SourceOrigin => url(
        "The page that the person signs in on, http or https; its origin is kept as their source.",
    )
    .max_length(Some(source::MAX_CHARS));
    LanguageTag => text("").max_length(Some(LanguageTag::MAX_CHARS)).examples(["de", "pt-BR"]);
    TimeZoneName => text("").examples(["Europe/Berlin"]);
    Username => text("").max_length(Some(Username::MAX_CHARS));
    PersonName => text("").max_length(Some(PersonName::MAX_CHARS));
    Bio => text("").max_length(Some(Bio::MAX_CHARS));
    picture::Kind => word("", &picture::Kind::MEDIA_TYPES.map(|(name, _)| name));
}

macro_rules! words {
    ($($value:ty => $words:expr;)*) => {$(
        impl PartialSchema for $value {
            fn schema() -> RefOr<Schema> {
                word("", &$words).into()
            }
        }
        impl ToSchema for $value {}
    )*};
}

words! {
    Channel => Channel::ALL.map(Channel::as_str);
    DeliveryStatus => DeliveryStatus::ALL.map(DeliveryStatus::as_str);
    Method => Channel::ALL.map(Channel::registration_method);
    Code => explanations().iter().map(|problem| problem.code).collect::<Vec<_>>();
}

/// How a person came to a source, in the words of [`Channel::registration_method`].
pub enum Method {}

/// The `code` of a problem.
pub enum Code {}

/// `false`, always.
pub enum False {}

fn always(value: bool) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .enum_values(Some([value]))
        .into()
}

impl PartialSchema for False {
    fn schema() -> RefOr<Schema> {
        always(false)
    }
}

impl ToSchema for False {}

impl PartialSchema for True {
    fn schema() -> RefOr<Schema> {
        always(true)
    }
}

impl ToSchema for True {}

impl<K: Kind> PartialSchema for Id<K> {
    fn schema() -> RefOr<Schema> {
        id::<K>("").into()
    }
}

impl<K: Kind> ToSchema for Id<K> {
    fn name() -> Cow<'static, str> {
        K::PREFIX.into()
    }
}
