//! Headers of ours: the idempotency key, the device token, and what is left of the caller's own rate.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::limiter::Room;
use crate::{Error, Result};

/// The header `Idempotency-Key`: 1 to 64 visible ASCII characters.
///
/// # Errors
/// 422 for any other value, and for two of them.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut all = headers.get_all("idempotency-key").iter();
    let Some(first) = all.next() else {
        return Ok(None);
    };
    let key = first.to_str().unwrap_or_default();
    let sound = (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if sound && all.next().is_none() {
        return Ok(Some(key.to_owned()));
    }
    Err(Error::field(
        "/Idempotency-Key",
        "invalid_idempotency_key",
        "One header of 1 to 64 visible ASCII characters.",
    ))
}

/// The header `X-Device-Token`; what is in it is the keyring's to check.
#[must_use]
pub fn device_token(headers: &HeaderMap) -> Option<String> {
    headers
        .get("x-device-token")?
        .to_str()
        .ok()
        .map(str::to_owned)
}

/// What is left of the caller's own rate (draft-ietf-httpapi-ratelimit-headers); never an identifier's.
#[must_use]
pub fn rate_limit_headers(room: Room) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let policy = format!("\"ip\";q={};w={}", room.burst, room.window);
    let limit = format!("\"ip\";r={};t={}", room.remaining, room.reset);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}
