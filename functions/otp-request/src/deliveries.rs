//! `GET /api/auth/otp/deliveries/{id}/`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::delivery::{Delivery, DeliveryStatus};
use shared::keyring::derive::AddressKeys;
use shared::{Error, Result};

use crate::App;

/// What became of a message, without personal data: a sign-in page shows it while the person waits.
#[derive(Serialize)]
pub(crate) struct Shown {
    status: &'static str,
    channel: Option<&'static str>,
    updated_at: Option<Timestamp>,
    history: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    status: &'static str,
    at: Timestamp,
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Shown>> {
    let id = AddressKeys::new(&app.peppers.snapshot())
        .unseal(&id)
        .ok_or(Error::NotFound)?;
    Ok(Json(Shown::from(app.store.delivery(id).await?)))
}

impl From<Option<Delivery>> for Shown {
    /// An id that we issued and that nothing is noted of yet is queued.
    fn from(delivery: Option<Delivery>) -> Self {
        let Some(delivery) = delivery else {
            return Self {
                status: DeliveryStatus::Queued.as_str(),
                channel: None,
                updated_at: None,
                history: Vec::new(),
            };
        };
        let steps = delivery.history.into_iter().map(|(state, at)| Step {
            status: state.as_str(),
            at,
        });
        Self {
            status: delivery.state.as_str(),
            channel: delivery.channel.map(|channel| channel.as_str()),
            updated_at: Some(delivery.updated),
            history: steps.collect(),
        }
    }
}
