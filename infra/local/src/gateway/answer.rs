//! A function's answer (payload format 2.0) as HTTP.

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

/// Makes the HTTP response; an answer without `statusCode` is a 200 with that JSON, as with the real thing.
///
/// # Errors
/// What is wrong with the answer, for the log.
pub(super) fn to_http(answer: Value) -> Result<Response, String> {
    let Some(status) = answer.get("statusCode") else {
        let mut response = Response::new(Body::from(match answer {
            Value::String(text) => text,
            other => other.to_string(),
        }));
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        return Ok(response);
    };
    let status = status
        .as_u64()
        .and_then(|code| u16::try_from(code).ok())
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or_else(|| format!("statusCode: {status}"))?;
    let mut response = Response::new(Body::from(body(&answer)?));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // The adapter of lambda_http writes headers into both members; the plain one wins by being read first.
    for (name, value) in members(&answer, "headers") {
        if let Some(value) = scalar(value) {
            headers.insert(parse_name(name)?, parse_value(&value)?);
        }
    }
    for (name, values) in members(&answer, "multiValueHeaders") {
        let name = parse_name(name)?;
        if headers.contains_key(&name) {
            continue;
        }
        for value in values.as_array().into_iter().flatten() {
            if let Some(value) = scalar(value) {
                headers.append(name.clone(), parse_value(&value)?);
            }
        }
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        if let Some(cookie) = cookie.as_str() {
            headers.append(header::SET_COOKIE, parse_value(cookie)?);
        }
    }
    // The length is that of the decoded body; the server counts it itself.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    Ok(response)
}

fn members<'a>(answer: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    answer
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}

fn body(answer: &Value) -> Result<Vec<u8>, String> {
    let body = answer["body"].as_str().unwrap_or_default();
    if answer["isBase64Encoded"] == true {
        STANDARD
            .decode(body)
            .map_err(|error| format!("body: {error}"))
    } else {
        Ok(body.as_bytes().to_vec())
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn parse_name(name: &str) -> Result<HeaderName, String> {
    name.parse().map_err(|_| format!("header name {name:?}"))
}

fn parse_value(value: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| "header value".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use serde_json::json;

    async fn bytes(response: Response) -> Vec<u8> {
        response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec()
    }

    #[tokio::test]
    async fn status_headers_cookies_and_a_base64_body() {
        let response = to_http(json!({
            "statusCode": 201,
            "headers": {"content-type": "image/png", "content-length": "99", "x-n": 5},
            "multiValueHeaders": {"content-type": ["image/png"], "vary": ["origin", "accept"]},
            "cookies": ["a=1; Secure", "b=2"],
            "body": "/w==",
            "isBase64Encoded": true,
        }))
        .unwrap();
        assert_eq!(response.status(), 201);
        let headers = response.headers().clone();
        let all = |name: &str| -> Vec<_> {
            headers
                .get_all(name)
                .iter()
                .map(|v| v.to_str().unwrap())
                .collect()
        };
        assert_eq!(all("content-type"), ["image/png"]);
        assert_eq!(all("x-n"), ["5"]);
        assert_eq!(all("vary"), ["origin", "accept"]);
        assert_eq!(all("set-cookie"), ["a=1; Secure", "b=2"]);
        assert!(all("content-length").is_empty());
        assert_eq!(bytes(response).await, [0xff]);
    }

    #[tokio::test]
    async fn json_without_a_status_is_a_200() {
        let response = to_http(json!({"a": 1})).unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(bytes(response).await, br#"{"a":1}"#);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(to_http(json!({"statusCode": "x"})).is_err());
        assert!(to_http(json!({"statusCode": 200, "headers": {"a b": "c"}})).is_err());
        let broken = json!({"statusCode": 200, "body": "!", "isBase64Encoded": true});
        assert!(to_http(broken).is_err());
    }
}
