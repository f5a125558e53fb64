//! A person's own account.

mod activity;
mod change;
#[cfg(feature = "document")]
mod document;
mod erasure;
mod export;
mod identifiers;
mod if_match;
mod show;
mod sources;
mod view;

#[cfg(feature = "document")]
pub use document::document;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{delete, get, post};
use shared::avatars::AvatarBucket;
use shared::clock::SharedClock;
use shared::cloud::{Setup, StartError};
use shared::config::{Avatars, OtpRules, Public, TokenRules, settings};
use shared::flows::auth::Auth;
use shared::flows::rate_limit::Limiter;
use shared::flows::request_code::RequestCode;
use shared::flows::verify_code::VerifyCode;
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
    request_code: RequestCode,
    verify_code: VerifyCode,
    /// What an account may ask for.
    limiter: Limiter,
    bucket: AvatarBucket,
    avatars: Avatars,
    /// Failures in a row that close an address.
    failure_cap: u32,
    /// Between the wish to be erased and the erasure.
    grace: Duration,
    /// How long a line of activity is kept.
    activity: Duration,
    clock: SharedClock,
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
    let store = Store::open(setup, &mut reader);
    let rules = TokenRules::read(&mut reader, &public);
    let keyring: KeyringHandle = Reloading::open(setup, &mut reader);
    let peppers = Reloading::open(setup, &mut reader);
    let app = App {
        auth: Auth::new(setup, &store, keyring.clone(), rules),
        request_code: RequestCode::open(setup, &mut reader, &public, &store, peppers.clone())?,
        verify_code: VerifyCode::open(setup, &mut reader, &store, peppers),
        limiter: Limiter::new(store.clone()),
        bucket: AvatarBucket::open(setup, &mut reader),
        avatars: Avatars::read(&mut reader),
        failure_cap: OtpRules::read(&mut reader).failure_cap,
        grace: reader.time(&settings::ERASE_GRACE_DAYS),
        activity: reader.time(&settings::ACTIVITY_DAYS),
        clock: setup.clock.clone(),
        store,
        keyring,
    };
    let app = reader.finish(app)?;
    app.store.warm(Table::Accounts).await;

    let router = Router::new()
        .route(
            "/api/profile/",
            get(show::show)
                .put(change::replace)
                .patch(change::patch)
                .delete(erasure::ask),
        )
        .route("/api/profile/sources/", get(sources::list))
        .route("/api/profile/activity/", get(activity::list))
        .route("/api/profile/identifiers/", post(identifiers::ask))
        .route(
            "/api/profile/identifiers/verify/",
            post(identifiers::verify),
        )
        .route(
            "/api/profile/identifiers/{kind}/",
            delete(identifiers::remove),
        )
        .route("/api/profile/export/", get(export::export))
        .route("/api/profile/restore/", post(erasure::restore))
        .with_state(AppState {
            auth: app.auth.clone(),
            app: Arc::new(app),
        });
    Ok(Entry::http(http::layer(router, &public, setup)))
}
