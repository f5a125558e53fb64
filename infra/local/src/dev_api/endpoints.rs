//! `/_local/endpoints`: where the engines are, so that `aws --endpoint-url` and the operator's command line find them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::DevApi;
use crate::emulators::secrets::SECRET_ID;
use crate::engines::s3::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use crate::settings::{BUCKET, EVENT_BUS, REGION};

/// The URLs by service, the names of tables, bucket, secret and bus, and the settings that people chose; secret ones
/// stand in the secret.
pub(super) async fn show(State(dev_api): State<Arc<DevApi>>) -> Json<Value> {
    let mut all = dev_api.endpoints.urls();
    all.insert("api".to_owned(), dev_api.endpoints.public_url().into());
    let public_url = dev_api.gateway.public_url.clone();
    let pictures = format!("{}/_local/avatars", dev_api.endpoints.public_url());
    all.insert("avatar_base_url".to_owned(), pictures.into());
    all.insert("public_url".to_owned(), public_url.into());
    all.insert("region".to_owned(), REGION.into());
    all.insert("tables".to_owned(), json!(dev_api.tables.names()));
    all.insert("access_key_id".to_owned(), ACCESS_KEY_ID.into());
    all.insert("secret_access_key".to_owned(), SECRET_ACCESS_KEY.into());
    all.insert("bucket".to_owned(), BUCKET.into());
    all.insert("secret_id".to_owned(), SECRET_ID.into());
    all.insert("event_bus".to_owned(), EVENT_BUS.into());
    all.insert(
        "settings".to_owned(),
        Value::Object(dev_api.settings.clone()),
    );
    Json(Value::Object(all))
}
