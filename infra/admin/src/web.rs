//! The one HTTP client for everything that is not AWS, as patient as somebody at a terminal.

use std::time::Duration;

use reqwest::{Client, redirect, retry};

/// A client that follows no redirect and repeats nothing.
///
/// # Errors
/// The machine has no usable root certificates.
#[expect(
    clippy::disallowed_methods,
    reason = "the functions' client gives up after half a second without a connection; this one is the operator's"
)]
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(20))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .user_agent(concat!("latchkey/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// What went wrong, without the URL, which the sentence around it names.
pub(crate) fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    let mut sentence = cause.to_string();
    while let Some(next) = cause.source() {
        sentence = format!("{sentence}: {next}");
        cause = next;
    }
    sentence
}
