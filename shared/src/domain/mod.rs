//! Pure values: no clock, no chance, no wire; values that exist only when they are right.

use std::borrow::Cow;

use crate::FieldError;

pub mod challenge;
pub mod channel;
pub(crate) mod characters;
pub mod claim;
pub mod code;
pub mod delivery;
pub mod event;
pub mod id;
pub mod identifier;
pub(crate) mod json;
pub mod locale;
pub mod network;
pub mod notice;
pub mod picture;
pub mod profile;
pub mod quota;
pub mod session;
pub mod site;
pub mod source;
pub mod token;
pub mod user;

/// Why a text is not the value that it should be.
///
/// It does not know which field the text came from; [`InvalidValue::at`] adds that. Neither word repeats the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct InvalidValue {
    /// For programs, such as `invalid_email` or `too_long`.
    pub code: &'static str,
    /// For people: what is expected, as a sentence.
    pub detail: Cow<'static, str>,
}

impl InvalidValue {
    /// A fault: what is wrong for programs, what is expected for people.
    pub fn new(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }

    /// The same fault, at the field that `pointer` (RFC 6901, for example `/identifier`) names.
    #[must_use]
    pub fn at(self, pointer: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError::new(pointer, self.code, self.detail)
    }
}
