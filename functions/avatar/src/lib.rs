//! A person's picture: taken by the API up to 4 MiB, or by a form straight to S3 up to 20 MiB, and removed.

mod body;
mod change;
mod decode;
#[cfg(feature = "document")]
mod document;
mod event;
mod remove;
mod upload;
mod upload_form;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::post;
use shared::avatars::AvatarBucket;
use shared::clock::SharedClock;
use shared::cloud::{Setup, StartError};
use shared::config::{Avatars, Public, TokenRules, settings};
use shared::domain::quota::Rate;
use shared::flows::auth::Auth;
use shared::flows::rate_limit::{Limiter, Rule};
use shared::http;
use shared::keyring::Reloading;
use shared::lambda::Entry;
use shared::store::Store;
use shared::store::keys::Table;

pub use body::MAX_BYTES;
#[cfg(feature = "document")]
pub use document::document;

/// How often a person may send a picture: sixty at once, then six a minute. By a form it is half of that, since
/// the form counts and so does each file that comes by it.
pub const PICTURES: Rule = Rule {
    name: "avatar",
    rate: Rate {
        interval: Duration::from_secs(10),
        burst: 60,
    },
};

/// What this function holds: exactly what template.yaml grants it.
struct App {
    auth: Auth,
    store: Store,
    bucket: AvatarBucket,
    limiter: Limiter,
    decoder: decode::Decoder,
    base_url: String,
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
    let keyring = Reloading::open(setup, &mut reader);
    let app = App {
        auth: Auth::new(setup, &store, keyring, rules),
        bucket: AvatarBucket::open(setup, &mut reader),
        limiter: Limiter::new(store.clone()),
        decoder: decode::Decoder::default(),
        base_url: Avatars::read(&mut reader).base_url,
        activity: reader.time(&settings::ACTIVITY_DAYS),
        clock: setup.clock.clone(),
        store,
    };
    let app = Arc::new(reader.finish(app)?);
    app.store.warm(Table::Accounts).await;

    let router = Router::new()
        .route(
            "/api/profile/avatar/",
            post(upload::upload).delete(remove::remove),
        )
        .route(
            "/api/profile/avatar/upload/",
            post(upload_form::upload_form),
        )
        .with_state(AppState {
            auth: app.auth.clone(),
            app: app.clone(),
        });
    let router = http::layer(router, &public, setup);
    Ok(Entry::http(router).with_events(move |event| Box::pin(event::take(app.clone(), event))))
}
