//! What providers report about our messages: verified, then written down; the state of a message only moves forward.
//!
//! A report that cannot be believed is 403, one that cannot be read 400, 413 or 415. Everything else is acknowledged,
//! also what means nothing to us: a provider repeats what is not. Only a store that does not answer is a 5xx, so that
//! the provider reports again.

mod app;
mod body;
mod certificates;
#[cfg(feature = "document")]
mod document;
mod sendgrid;
mod ses;
mod signatures;
mod sns;
mod twilio;

#[cfg(feature = "document")]
pub use document::document;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use shared::cloud::{Setup, StartError};
use shared::http;
use shared::lambda::Entry;

use app::App;

/// Reads what callbacks are verified with, for callers that only want the reader's complaints.
pub fn check_settings(reader: &mut shared::config::Reader, public: &shared::config::Public) {
    let _ = signatures::CallbackSettings::read(reader, public);
}

/// Opens the function.
///
/// # Errors
/// Every complaint about the settings, at once; a provider in use whose keys are missing is one of them.
pub async fn open(setup: &Setup) -> Result<Entry, StartError> {
    let (app, public) = App::open(setup).await?;
    let app = Arc::new(app);
    let router = Router::new()
        .route("/api/webhooks/twilio/", post(twilio::callback))
        .route("/api/webhooks/sendgrid/", post(sendgrid::report))
        .route("/api/webhooks/ses/", post(sns::message))
        .with_state(app.clone());
    let router = http::layer(router, &public, setup);
    Ok(Entry::http(router).with_events(move |event| {
        let app = app.clone();
        Box::pin(async move { sns::event(&app, event).await })
    }))
}
