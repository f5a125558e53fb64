//! `GET /api/auth/otp/deliveries/{id}/`

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;
use shared::domain::channel::Channel;
use shared::domain::delivery::{Delivery, DeliveryStatus};
use shared::keyring::Peppers;
use shared::keyring::derive::AddressKeys;
use shared::{Error, Result};

use crate::App;

/// Where a message is.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = Delivery))]
pub(crate) struct Shown {
    /// `queued` < `sent` < `delivered`, `failed`, `bounced` < `read`, `complained`.
    status: DeliveryStatus,
    /// How it travels; `null` while nothing is known.
    channel: Option<Channel>,
    /// Since when; `null` while nothing is known.
    updated_at: Option<Timestamp>,
    /// Every state, oldest first.
    history: Vec<Step>,
}

/// One state and its moment.
#[derive(Serialize)]
#[cfg_attr(feature = "document", derive(utoipa::ToSchema), schema(as = DeliveryStep))]
struct Step {
    /// The state.
    status: DeliveryStatus,
    /// Since when.
    at: Timestamp,
}

/// What became of a message, without personal data: a sign-in page shows it while the person waits.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Shown>> {
    let knows = |peppers: &Peppers| AddressKeys::new(peppers).can_judge(&id);
    let peppers = app.peppers.that_knows(knows).await;
    let id = AddressKeys::new(&peppers)
        .unseal(&id)
        .ok_or(Error::NotFound)?;
    Ok(Json(Shown::from(app.store.delivery(id).await?)))
}

impl From<Option<Delivery>> for Shown {
    /// An id that we issued and that nothing is noted of yet is queued.
    fn from(delivery: Option<Delivery>) -> Self {
        let Some(delivery) = delivery else {
            return Self {
                status: DeliveryStatus::Queued,
                channel: None,
                updated_at: None,
                history: Vec::new(),
            };
        };
        let steps = delivery
            .history
            .into_iter()
            .map(|(state, at)| Step { status: state, at });
        Self {
            status: delivery.state,
            channel: delivery.channel,
            updated_at: Some(delivery.updated),
            history: steps.collect(),
        }
    }
}
