//! Sends one-time codes, and tells what became of them.

mod deliveries;
#[cfg(feature = "document")]
mod document;
mod request;

#[cfg(feature = "document")]
pub use document::document;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use shared::cloud::{Setup, StartError};
use shared::config::Public;
use shared::flows::request_code::RequestCode;
use shared::http;
use shared::keyring::{Peppers, Reloading};
use shared::lambda::Entry;
use shared::store::Store;
use shared::store::keys::Table;

/// What this function holds: exactly what template.yaml grants it.
struct App {
    store: Store,
    peppers: Reloading<Peppers>,
    request_code: RequestCode,
}

/// Opens the function.
///
/// # Errors
/// Every complaint about the settings, at once.
pub async fn open(setup: &Setup) -> Result<Entry, StartError> {
    let mut reader = setup.reader();
    let public = Public::read(&mut reader);
    let store = Store::open(setup, &mut reader);
    let peppers = Reloading::open(setup, &mut reader);
    let request_code = RequestCode::open(setup, &mut reader, &public, &store, peppers.clone())?;
    let app = reader.finish(App {
        store,
        peppers,
        request_code,
    })?;
    app.store.warm(Table::Ephemeral).await;

    let router = Router::new()
        .route("/api/auth/otp/request/", post(request::request))
        .route("/api/auth/otp/deliveries/{id}/", get(deliveries::show))
        .with_state(Arc::new(app));
    Ok(Entry::http(http::layer(router, &public, setup)))
}
