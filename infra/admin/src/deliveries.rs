//! `latchkey deliveries …`

use clap::Subcommand;
use serde_json::json;
use shared::domain::id::DeliveryId;
use shared::keyring::derive::AddressKeys;

use crate::connect::App;
use crate::failure::Failure;
use crate::output::{Output, moment};

#[derive(Subcommand)]
pub(crate) enum Deliveries {
    /// The way of a message so far.
    Show {
        /// The delivery id, as the client got it, or without its seal.
        id: String,
    },
}

pub(crate) async fn run(command: Deliveries, app: &App, output: &Output) -> Result<(), Failure> {
    let Deliveries::Show { id } = command;
    let bare = match DeliveryId::parse(&id) {
        Some(bare) => Some(bare),
        None => AddressKeys::new(&app.peppers()?).unseal(&id),
    };
    let bare = bare.ok_or_else(|| {
        Failure::Usage(format!(
            "{id:?} was not issued here: expected dlv_ and 48 hex digits"
        ))
    })?;
    let delivery = app.store.delivery(bare).await?;
    let delivery = delivery
        .ok_or_else(|| Failure::NotFound(format!("nothing is noted of {id} (any more)")))?;
    let history = delivery
        .history
        .iter()
        .map(|(state, at)| format!("{} {}", state.as_str(), at));
    output.object(json!({
        "id": bare,
        "status": delivery.state.as_str(),
        "channel": delivery.channel.map(|channel| channel.as_str()),
        "error_code": delivery.error_code,
        "updated_at": moment(delivery.updated),
        "history": history.collect::<Vec<_>>(),
    }));
    Ok(())
}
