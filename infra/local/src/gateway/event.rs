//! HTTP as an API Gateway v2 event (payload format 2.0), as an HTTP API makes it.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// The header by which people and tests choose the caller's address.
const SOURCE_IP: &str = "x-local-source-ip";

/// The made-up name of this API.
const DOMAIN: &str = "latchkey.execute-api.us-east-1.amazonaws.com";

/// A request, and what the gateway knows about it.
pub(super) struct Caller<'a> {
    pub(super) parts: &'a Parts,
    /// The path, [decoded](decoded).
    pub(super) path: &'a str,
    pub(super) body: &'a [u8],
    pub(super) source_ip: &'a str,
    pub(super) route_key: &'a str,
    pub(super) id: &'a str,
    pub(super) now: Timestamp,
}

/// The caller's address: the connection's, or what `X-Local-Source-Ip` says; that header is taken out. `None` if it is
/// no address.
pub(super) fn source_ip(headers: &mut HeaderMap, peer: IpAddr) -> Option<String> {
    let Some(chosen) = headers.remove(SOURCE_IP) else {
        return Some(peer.to_string());
    };
    let chosen = chosen.to_str().ok()?.trim();
    chosen.parse::<IpAddr>().ok().map(|_| chosen.to_owned())
}

/// A path as an HTTP API has it: decoded once, and cut off at a `?` that comes out of it. By this form it finds the
/// route, and this form is `rawPath`; only `rawQueryString` stays as it was sent.
///
/// AWS's documentation does not say so. Events of real APIs do:
/// <https://github.com/fastify/aws-lambda-fastify/issues/169>, <https://github.com/honojs/hono/issues/2156>; for the
/// `?`, <https://github.com/middleapi/standard-server/pull/93>.
pub(super) fn decoded(path: &str) -> String {
    let text = percent_decode_str(path).decode_utf8_lossy();
    text.split('?').next().unwrap_or_default().to_owned()
}

/// Makes the event.
pub(super) fn from_http(caller: &Caller) -> Value {
    let Caller { parts, body, .. } = caller;
    let mut headers = joined(&parts.headers);
    let cookies: Vec<_> = parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|line| {
            text(line)
                .split("; ")
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let forwarded = match headers.get("x-forwarded-for").and_then(Value::as_str) {
        Some(before) => format!("{before}, {}", caller.source_ip),
        None => caller.source_ip.to_owned(),
    };
    headers.insert("x-forwarded-for".to_owned(), forwarded.into());
    headers.insert("x-forwarded-proto".to_owned(), "https".into());
    headers.insert("x-forwarded-port".to_owned(), "443".into());
    let user_agent = headers.get("user-agent").cloned().unwrap_or_default();
    let path = caller.path;
    let mut event = json!({
        "version": "2.0",
        "routeKey": caller.route_key,
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "latchkey",
            "domainName": DOMAIN,
            "domainPrefix": "latchkey",
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": caller.source_ip,
                "userAgent": user_agent,
            },
            "requestId": caller.id,
            "routeKey": caller.route_key,
            "stage": "$default",
            "time": caller.now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": caller.now.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    if let Some(query) = parts.uri.query() {
        event["queryStringParameters"] = Value::Object(parameters(query));
    }
    if !body.is_empty() {
        let (encoded, body) = encode(&parts.headers, body);
        event["isBase64Encoded"] = encoded.into();
        event["body"] = body.into();
    }
    event
}

/// Names in lower case, lines of one name joined by commas, cookies left out.
fn joined(headers: &HeaderMap) -> Map<String, Value> {
    headers
        .keys()
        .filter(|name| *name != header::COOKIE)
        .map(|name| {
            let lines: Vec<_> = headers.get_all(name).iter().map(text).collect();
            (name.as_str().to_owned(), lines.join(",").into())
        })
        .collect()
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// Decoded, duplicates joined by commas: what functions must not rely on, and get all the same.
fn parameters(query: &str) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let joined = match all.get(name.as_ref()).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value.into_owned(),
        };
        all.insert(name.into_owned(), joined.into());
    }
    all
}

/// An HTTP API hands on `text/*`, JSON, XML and JavaScript as text and everything else, forms and bodies without a type
/// included, in base64 (measured against AWS in ministack's pull request 766).
fn encode(headers: &HeaderMap, body: &[u8]) -> (bool, String) {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map(text)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_text = kind.starts_with("text/")
        || matches!(
            kind,
            "application/json" | "application/xml" | "application/javascript"
        );
    match std::str::from_utf8(body) {
        Ok(body) if is_text => (false, body.to_owned()),
        _ => (true, STANDARD.encode(body)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn event(request: http::request::Builder, body: &[u8]) -> Value {
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let source_ip = source_ip(&mut parts.headers, IpAddr::from([127, 0, 0, 1])).unwrap();
        from_http(&Caller {
            parts: &parts,
            path: &decoded(parts.uri.path()),
            body,
            source_ip: &source_ip,
            route_key: "$default",
            id: "r1",
            now: "2026-03-12T19:03:58Z".parse().unwrap(),
        })
    }

    #[test]
    fn lines_of_one_header_are_joined_and_cookies_stand_apart() {
        let request = Request::get("/x/?a=1&a=2&b=%20")
            .header("X-Many", "1")
            .header("x-many", "2")
            .header("Cookie", "a=1; b=2");
        let event = event(request, b"");
        assert_eq!(event["headers"]["x-many"], "1,2");
        assert_eq!(event["headers"].get("cookie"), None);
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(event["rawQueryString"], "a=1&a=2&b=%20");
        assert_eq!(
            event["queryStringParameters"],
            json!({"a": "1,2", "b": " "})
        );
        assert_eq!(event.get("body"), None);
        assert_eq!(
            event["requestContext"]["time"],
            "12/Mar/2026:19:03:58 +0000"
        );
    }

    #[test]
    fn the_path_comes_decoded_and_the_query_as_it_was_sent() {
        for (sent, path) in [
            ("/api/profile/", "/api/profile/"),
            ("/api%2Fprofil%65/", "/api/profile/"),
            ("/a%252Fb", "/a%2Fb"),
            ("/a+b%20c", "/a+b c"),
            ("/%c3%a4%23", "/\u{e4}#"),
            ("/%ff", "/\u{fffd}"),
            ("/100%", "/100%"),
            ("/users/me%3Fadmin=1", "/users/me"),
        ] {
            let event = event(Request::get(format!("{sent}?q=%2F")), b"");
            assert_eq!(event["rawPath"], path, "{sent}");
            assert_eq!(event["requestContext"]["http"]["path"], path, "{sent}");
            assert_eq!(event["rawQueryString"], "q=%2F", "{sent}");
        }
    }

    #[test]
    fn text_stays_text_and_the_rest_is_base64() {
        for (kind, encoded) in [
            (Some("application/json"), false),
            (Some("application/json; charset=utf-8"), false),
            (Some("text/plain"), false),
            (Some("application/x-www-form-urlencoded"), true),
            (Some("application/octet-stream"), true),
            (None, true),
        ] {
            let mut request = Request::post("/");
            if let Some(kind) = kind {
                request = request.header("content-type", kind);
            }
            let event = event(request, b"{}");
            assert_eq!(event["isBase64Encoded"], encoded, "{kind:?}");
            assert_eq!(event["body"], if encoded { "e30=" } else { "{}" });
        }
    }

    #[test]
    fn a_body_that_is_no_utf_8_is_base64_whatever_it_says() {
        let request = Request::post("/").header("content-type", "application/json");
        let event = event(request, b"\xff");
        assert_eq!(event["isBase64Encoded"], true);
        assert_eq!(event["body"], "/w==");
    }

    #[test]
    fn the_source_address_is_the_connection_s_unless_chosen() {
        let plain = event(Request::get("/").header("x-forwarded-for", "9.9.9.9"), b"");
        assert_eq!(plain["requestContext"]["http"]["sourceIp"], "127.0.0.1");
        assert_eq!(plain["headers"]["x-forwarded-for"], "9.9.9.9, 127.0.0.1");
        let chosen = event(
            Request::get("/").header("X-Local-Source-Ip", "2001:db8::1"),
            b"",
        );
        assert_eq!(chosen["requestContext"]["http"]["sourceIp"], "2001:db8::1");
        assert_eq!(chosen["headers"].get(SOURCE_IP), None);
        let mut nonsense = HeaderMap::new();
        nonsense.insert(SOURCE_IP, HeaderValue::from_static("home"));
        assert_eq!(source_ip(&mut nonsense, IpAddr::from([127, 0, 0, 1])), None);
    }
}
