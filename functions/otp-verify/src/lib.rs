//! Takes one-time codes and opens sessions.

#[cfg(feature = "document")]
mod document;
mod verify;

#[cfg(feature = "document")]
pub use document::document;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use shared::clock::SharedClock;
use shared::cloud::{Setup, StartError};
use shared::config::{Public, TokenRules, settings};
use shared::flows::verify_code::VerifyCode;
use shared::http;
use shared::keyring::{KeyringHandle, Peppers, Reloading};
use shared::lambda::Entry;
use shared::store::Store;
use shared::store::keys::Table;

/// What this function holds: exactly what template.yaml grants it.
struct App {
    store: Store,
    verify_code: VerifyCode,
    keyring: KeyringHandle,
    rules: TokenRules,
    /// How long a line of activity is kept.
    activity: Duration,
    clock: SharedClock,
}

/// Opens the function.
///
/// # Errors
/// Every complaint about the settings, at once.
pub async fn open(setup: &Setup) -> Result<Entry, StartError> {
    let mut reader = setup.reader();
    let public = Public::read(&mut reader);
    let store = Store::open(setup, &mut reader);
    let peppers = Reloading::<Peppers>::open(setup, &mut reader);
    let app = App {
        verify_code: VerifyCode::open(setup, &mut reader, &store, peppers),
        keyring: Reloading::open(setup, &mut reader),
        rules: TokenRules::read(&mut reader, &public),
        activity: reader.time(&settings::ACTIVITY_DAYS),
        clock: setup.clock.clone(),
        store,
    };
    let app = reader.finish(app)?;
    app.store.warm(Table::Accounts).await;

    let router = Router::new()
        .route("/api/auth/otp/verify/", post(verify::verify))
        .with_state(Arc::new(app));
    Ok(Entry::http(http::layer(router, &public, setup)))
}
