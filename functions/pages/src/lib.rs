//! The pages: sign-in, account and admin, and the files that they need. It reads no table and no secret; what the pages
//! show, they ask the API for.

mod answer;
mod assets;
pub mod files;
mod language;
mod render;
mod return_to;
mod theme;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use shared::cloud::{Setup, StartError};
use shared::config::{Avatars, Edge, Pages, Public, Reader, TextLimits, settings};
use shared::lambda::Entry;
use shared::{Error, http};

use answer::Policy;
use assets::Assets;
use render::{Page, Renderer};

/// What this function holds: the pages, ready but for their language.
struct App {
    assets: Assets,
    renderer: Renderer,
    policy: Policy,
}

/// Opens the function.
///
/// # Errors
/// Every complaint about the settings, at once.
#[expect(clippy::unused_async, reason = "every function is opened alike")]
pub async fn open(setup: &Setup) -> Result<Entry, StartError> {
    let mut reader = setup.reader();
    let mut public = Public::read(&mut reader);
    let looks = Pages::read(&mut reader);
    let avatars = Avatars::read(&mut reader);
    let channels = channels(&mut reader);
    let is_local = reader.text(&settings::STAGE) == "local";
    let (looks, avatars) = reader.finish((looks, avatars))?;
    // These are files for everybody, and what tells an edge from others is a secret that this function has no need of.
    public.edge = Edge::Off;
    if !public.has_pages {
        return Ok(Entry::http(http::layer(Router::new(), &public, setup)));
    }
    let assets =
        Assets::new(&files::all(looks.accent)).expect("tests build them of the same files");
    let app = App {
        policy: Policy::new(&avatars.base_url, looks.logo.as_ref()),
        renderer: Renderer::new(&public, looks, channels, is_local, setup.clock.clone()),
        assets,
    };
    let router = Router::new()
        .route("/", get(sign_in))
        .route("/account", get(account))
        .route("/admin", get(admin))
        .route("/assets/{*name}", get(asset))
        .with_state(Arc::new(app));
    Ok(Entry::http(http::layer(router, &public, setup)))
}

/// The ways of a code that the service offers, as the sign-in element takes them.
fn channels(reader: &mut Reader) -> &'static str {
    let senders = [
        &settings::TWILIO_FROM,
        &settings::TWILIO_MESSAGING_SERVICE_SID,
        &settings::TWILIO_VERIFY_SERVICE_SID,
    ];
    let has_sender = senders.map(|setting| reader.optional_text(setting).is_some());
    let has_whatsapp = reader
        .optional_text(&settings::TWILIO_WHATSAPP_FROM)
        .is_some();
    let countries = TextLimits::read(reader).countries;
    let has_numbers = countries.is_none_or(|countries| !countries.is_empty());
    match (
        has_numbers && has_sender.contains(&true),
        has_numbers && has_whatsapp,
    ) {
        (true, true) => "email sms whatsapp",
        (true, false) => "email sms",
        (false, true) => "email whatsapp",
        (false, false) => "email",
    }
}

async fn sign_in(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Error> {
    app.page(Page::SignIn, &headers)
}

async fn account(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Error> {
    app.page(Page::Account, &headers)
}

async fn admin(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Error> {
    app.page(Page::Admin, &headers)
}

/// A file, by the name that its content has now or had before.
async fn asset(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let (asset, is_current) = app.assets.find(&name).ok_or(Error::NotFound)?;
    Ok(answer::asset(asset, is_current, &headers))
}

impl App {
    fn page(&self, page: Page, headers: &HeaderMap) -> Result<Response, Error> {
        let language = page.language(headers);
        let html = self
            .renderer
            .render(page, language, &self.assets)
            .map_err(|error| Error::internal(format!("a page is wrong: {error}")))?;
        Ok(answer::page(&html, page, language, &self.policy, headers))
    }
}
