//! A person's own account.

mod show;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use shared::cloud::{Setup, StartError};
use shared::config::{Avatars, Public, TokenRules};
use shared::entry::Entry;
use shared::guard::Guard;
use shared::http;
use shared::keyring::Reloading;
use shared::store::Store;

/// What this function holds: exactly what template.yaml grants it.
struct House {
    guard: Guard,
    avatars: Avatars,
}

/// The function's state.
#[derive(Clone)]
struct Shared(Arc<House>);

impl FromRef<Shared> for Guard {
    fn from_ref(shared: &Shared) -> Self {
        shared.0.guard.clone()
    }
}

impl FromRef<Shared> for Arc<House> {
    fn from_ref(shared: &Shared) -> Self {
        shared.0.clone()
    }
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
    let guard = Guard::new(setup, &store, keyring, rules);
    let avatars = Avatars::read(&mut reader);
    let house = reader.finish(House { guard, avatars })?;

    let router = Router::new()
        .route("/api/profile/", get(show::show))
        .with_state(Shared(Arc::new(house)));
    Ok(Entry::http(http::desk(
        router,
        &public,
        setup.clock.clone(),
    )))
}
