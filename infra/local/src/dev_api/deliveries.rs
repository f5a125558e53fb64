//! `/_local/deliveries/{outbox id}/status` and `/_local/callbacks/{provider}`: the provider's emulator calls our webhook.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use shared::clock::Clock;

use super::{DevApi, Wrong, object};
use crate::callbacks::{Callback, Outcome};

/// `{"status", "error_code"?, "callback"?}` → `{"status": <the webhook's HTTP status>, "request": {…}}`.
pub(super) async fn report(
    State(dev_api): State<Arc<DevApi>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Wrong> {
    let order = object(&body, &["status", "error_code", "callback"])?;
    let outcome = order
        .get("status")
        .and_then(Value::as_str)
        .ok_or_else(|| Wrong::value("status: it is required"))
        .and_then(|word| Outcome::parse(word).map_err(Wrong::value))?;
    let error_code = match order.get("error_code") {
        None | Some(Value::Null) => None,
        Some(code) => Some(
            code.as_u64()
                .and_then(|code| u32::try_from(code).ok())
                .ok_or_else(|| Wrong::value("error_code: expected a whole number"))?,
        ),
    };
    let state = &dev_api.state;
    let message = id.parse().ok().and_then(|id| state.outbox.get(id));
    let message = message.ok_or_else(|| {
        Wrong(
            StatusCode::NOT_FOUND,
            format!("there is no message {id} in the outbox"),
        )
    })?;
    if order.get("callback") == Some(&Value::Bool(false)) {
        state.outbox.set_status(message.id, outcome.word());
        return Ok(Json(json!({ "status": null, "request": null })));
    }
    let callback = dev_api
        .callbacks
        .make(&message, outcome, error_code, state.clock.now())
        .map_err(Wrong::value)?;
    let status = deliver(&dev_api, &callback)
        .await
        .map_err(|reason| Wrong(StatusCode::BAD_GATEWAY, reason))?;
    state.outbox.set_status(message.id, outcome.word());
    Ok(Json(
        json!({ "status": status, "request": callback.shown() }),
    ))
}

/// What a provider would report, in its own words → as [`report`] answers.
pub(super) async fn callback(
    State(dev_api): State<Arc<DevApi>>,
    Path(provider): Path<String>,
    Json(order): Json<Value>,
) -> Result<Json<Value>, Wrong> {
    let callback = dev_api
        .callbacks
        .of_order(&provider, &order, dev_api.state.clock.now())
        .map_err(Wrong::value)?;
    let status = deliver(&dev_api, &callback)
        .await
        .map_err(|reason| Wrong(StatusCode::BAD_GATEWAY, reason))?;
    Ok(Json(
        json!({ "status": status, "request": callback.shown() }),
    ))
}

/// Posts the callback to this gateway, whatever host its URL names.
async fn deliver(dev_api: &DevApi, callback: &Callback) -> Result<u16, String> {
    let url = url::Url::parse(&callback.url).map_err(|error| error.to_string())?;
    let mut target = format!("http://{}{}", dev_api.endpoints.gateway, url.path());
    if let Some(query) = url.query() {
        target = format!("{target}?{query}");
    }
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let mut request = Request::post(target)
        .body(Full::new(Bytes::from(callback.body.clone())))
        .map_err(|error| error.to_string())?;
    let headers = request.headers_mut();
    let value = |text: &str| HeaderValue::from_str(text).map_err(|error| error.to_string());
    headers.insert(header::HOST, value(&host)?);
    for (name, text) in &callback.headers {
        headers.insert(HeaderName::from_static(name), value(text)?);
    }
    if let Some(secret) = dev_api.callbacks.edge_secret() {
        headers.insert("x-origin-secret", value(&secret)?);
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await;
    response
        .map(|response| response.status().as_u16())
        .map_err(|error| error.to_string())
}
