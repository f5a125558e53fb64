//! Emulators of the services that have no engine of their own: they speak the real wire formats and keep what they were
//! given.

pub(crate) mod eventbridge;
pub(crate) mod mime;
pub(crate) mod secrets;
pub(crate) mod sendgrid;
pub(crate) mod ses;
pub(crate) mod sns;
pub(crate) mod twilio;

/// What the emulators of Twilio and SendGrid expect of their callers.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) twilio_account: String,
    pub(crate) twilio_token: String,
    pub(crate) sendgrid_key: String,
}

/// Fresh lower-case hex digits, as many as `2 * N`.
pub(crate) fn hex<const N: usize>() -> String {
    hex::encode(shared::entropy::bytes::<N>())
}

/// A fresh id in the form of a UUID, as AWS gives them out.
pub(crate) fn request_id() -> String {
    let hex = hex::<16>();
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}
