//! Headers of ours: the idempotency key, the device token, and what is left of the caller's own rate.

use std::ops::RangeInclusive;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::Fields;
use crate::domain::quota::Allowance;

/// How long an idempotency key may be.
pub(crate) const KEY: RangeInclusive<usize> = 1..=64;

/// The header `Idempotency-Key`: 1 to 64 visible ASCII characters. Any other value, and two of them, are a wrong field.
pub fn idempotency_key(headers: &HeaderMap, fields: &mut Fields) -> Option<String> {
    let mut all = headers.get_all("idempotency-key").iter();
    let first = all.next()?;
    let key = first.to_str().unwrap_or_default();
    let sound = KEY.contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if sound && all.next().is_none() {
        return Some(key.to_owned());
    }
    fields.fault(
        "Idempotency-Key",
        "invalid_idempotency_key",
        "Expected one header of 1 to 64 visible ASCII characters.",
    );
    None
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
pub fn rate_limit_headers(allowance: Allowance) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let policy = format!("\"ip\";q={};w={}", allowance.burst, allowance.window);
    let limit = format!("\"ip\";r={};t={}", allowance.remaining, allowance.reset);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}
