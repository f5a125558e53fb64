//! Whether a callback really comes from the provider: pure functions, with keys, configured URL and time passed in.
//!
//! A valid signature proves who wrote the bytes and nothing else: what they say is checked after it, field by field.

pub(crate) mod certificate;
pub(crate) mod form;
pub(crate) mod sendgrid;
mod settings;
pub(crate) mod sns;
pub(crate) mod twilio;

pub(crate) use settings::CallbackSettings;

/// What a callback turns out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict<T> {
    /// Its signature holds, and this is what it says.
    Genuine(T),
    /// Its signature does not hold, or it is too old, or not for us: 403, and nothing is changed. The words are for
    /// our own log.
    Forged(&'static str),
    /// It cannot be read: 400, and nothing is changed.
    Malformed(&'static str),
}

/// Decodes standard base64 with padding, and nothing looser.
fn base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
