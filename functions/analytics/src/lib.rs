//! Numbers for admins: who comes from where, how many are active, what becomes of codes.
//!
//! Everything is read from counters that the function `events` keeps; nothing here reads a table through.

mod active;
mod admin;
#[cfg(feature = "document")]
mod document;
mod otp;
mod range;
mod registrations;
mod sources;
mod users;

#[cfg(feature = "document")]
pub use document::document;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use shared::clock::SharedClock;
use shared::cloud::{Setup, StartError};
use shared::config::{Public, TokenRules};
use shared::flows::auth::Auth;
use shared::http;
use shared::keyring::{KeyringHandle, Reloading};
use shared::lambda::Entry;
use shared::store::Store;
use shared::store::keys::Table;

/// What this function holds: exactly what template.yaml grants it.
struct App {
    store: Store,
    keyring: KeyringHandle,
    auth: Auth,
    clock: SharedClock,
}

/// Opens the function.
///
/// # Errors
/// Every complaint about the settings, at once.
pub async fn open(setup: &Setup) -> Result<Entry, StartError> {
    let mut reader = setup.reader();
    let public = Public::read(&mut reader);
    let rules = TokenRules::read(&mut reader, &public);
    let store = Store::open(setup, &mut reader);
    let keyring: KeyringHandle = Reloading::open(setup, &mut reader);
    let auth = Auth::new(setup, &store, keyring.clone(), rules);
    let clock = setup.clock.clone();
    let app = reader.finish(App {
        store,
        keyring,
        auth,
        clock,
    })?;
    app.store.warm(Table::Accounts).await;

    let router = Router::new()
        .route("/api/analytics/sources/", get(sources::list))
        .route("/api/analytics/registrations/", get(registrations::list))
        .route("/api/analytics/active/", get(active::show))
        .route("/api/analytics/otp/", get(otp::list))
        .route("/api/analytics/users/", get(users::list))
        .with_state(Arc::new(app));
    Ok(Entry::http(http::layer(router, &public, setup)))
}
