//! Keeps sessions: refreshes, revokes and verifies tokens, lists and ends sessions, publishes the keys; and answers
//! every path that no other function takes.

#[cfg(feature = "document")]
mod document;
mod problems;
mod published;
mod refresh;
mod revoke;
mod sessions;
mod verify;

#[cfg(feature = "document")]
pub use document::{document, published};

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{delete, get, post};
use shared::clock::SharedClock;
use shared::cloud::{Setup, StartError};
use shared::config::{Public, TokenRules, settings};
use shared::flows::auth::Auth;
use shared::http;
use shared::keyring::{KeyringHandle, Reloading};
use shared::lambda::Entry;
use shared::store::Store;
use shared::store::keys::Table;

/// What this function holds: exactly what template.yaml grants it.
struct App {
    public: Public,
    store: Store,
    keyring: KeyringHandle,
    rules: TokenRules,
    auth: Auth,
    clock: SharedClock,
    /// What the operator lets testers know who may attack this service.
    attack_consent: Option<String>,
}

/// The function's state.
#[derive(Clone, FromRef)]
struct AppState {
    app: Arc<App>,
    auth: Auth,
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
    let auth = Auth::new(setup, &store, keyring.clone(), rules.clone());
    let clock = setup.clock.clone();
    let app = App {
        public,
        store,
        keyring,
        rules,
        auth,
        clock,
        attack_consent: reader.optional_text(&settings::ATTACK_CONSENT),
    };
    let app = reader.finish(app)?;
    let public = app.public.clone();
    app.store.warm(Table::Accounts).await;

    let router = Router::new()
        .route("/api/auth/token/refresh/", post(refresh::refresh))
        .route("/api/auth/token/revoke/", post(revoke::revoke))
        .route("/api/auth/token/verify/", post(verify::verify))
        .route(
            "/api/auth/sessions/",
            get(sessions::list).delete(sessions::end_others),
        )
        .route("/api/auth/sessions/{id}/", delete(sessions::end))
        .route("/.well-known/jwks.json", get(published::jwks))
        .route(
            "/.well-known/latchkey-attack-consent",
            get(published::attack_consent),
        )
        .route(
            "/.well-known/openid-configuration",
            get(published::configuration),
        )
        .merge(problems::router())
        .with_state(AppState {
            auth: app.auth.clone(),
            app: Arc::new(app),
        });
    Ok(Entry::http(http::layer(router, &public, setup)))
}
