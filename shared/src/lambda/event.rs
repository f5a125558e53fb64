//! Reads an API Gateway v2 HTTP event (payload format 2.0) and keeps of it what can be trusted.

use std::collections::HashMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::Context;
use serde::Deserialize;

use crate::entropy;
use crate::http::{Arrival, paths};

/// What is read of an event; everything else in it is ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HttpEvent {
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    headers: Option<HashMap<String, String>>,
    /// The gateway takes them out of the headers, each pair by itself.
    cookies: Option<Vec<String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
    request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    stage: Option<String>,
    request_id: Option<String>,
    http: Http,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    source_ip: Option<String>,
    user_agent: Option<String>,
}

/// An event, cleaned: an empty shell for `lambda_http`'s conversion, and what the request gets in its place.
///
/// The conversion builds a URL of `Host`, `X-Forwarded-Proto` and the path and unwraps it, and decodes the body and
/// unwraps that: all of it comes from the caller, so it is dropped.
pub(super) struct Cleaned {
    pub(super) shell: ApiGatewayV2httpRequest,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) arrival: Arrival,
}

/// A path that no router has a route for.
const NOWHERE: &str = "/.";

impl HttpEvent {
    /// Cleans the event; `None` if its body is not what it says.
    pub(super) fn clean(self, context: &Context, cold: bool) -> Option<Cleaned> {
        let body = match (self.body, self.is_base64_encoded) {
            (None, _) => Body::Empty,
            (Some(text), Some(true)) => Body::Binary(STANDARD.decode(text).ok()?),
            (Some(text), _) if text.is_empty() => Body::Empty,
            (Some(text), _) => Body::Text(text),
        };
        let http = self.request_context.http;
        // A made-up method is a method like any other; one that is no token at all meets no route.
        let method = Method::from_bytes(http.method.as_bytes())
            .unwrap_or(Method::from_bytes(b"INVALID").expect("it is a token"));
        let path = without_stage(
            self.raw_path.unwrap_or_default(),
            self.request_context.stage.as_deref(),
        );
        let query = self.raw_query_string.unwrap_or_default();
        let function = &context.env_config.function_name;
        let arrival = Arrival {
            request_id: [
                self.request_context.request_id.as_deref(),
                Some(context.request_id.as_str()),
            ]
            .into_iter()
            .flatten()
            .find(|id| is_token(id))
            .map_or_else(fresh_id, str::to_owned),
            source_ip: http.source_ip.and_then(|ip| ip.parse().ok()),
            user_agent: http.user_agent,
            target: if query.is_empty() {
                path.clone()
            } else {
                format!("{path}?{query}")
            },
            function: (!function.is_empty()).then(|| function.clone()),
            cold,
        };
        Some(Cleaned {
            shell: shell(method.clone()),
            method,
            uri: uri(&path, &query),
            headers: headers(
                self.headers.unwrap_or_default(),
                &self.cookies.unwrap_or_default(),
            ),
            body,
            arrival,
        })
    }
}

/// An event that converts without a look at anything that the caller wrote.
fn shell(method: Method) -> ApiGatewayV2httpRequest {
    let mut shell = ApiGatewayV2httpRequest::default();
    shell.raw_path = Some("/".to_owned());
    shell.request_context.stage = Some("$default".to_owned());
    shell.request_context.http.method = method;
    shell
}

/// The raw path contains a named stage; a custom domain or `$default` leaves it out.
fn without_stage(path: String, stage: Option<&str>) -> String {
    let rest = stage
        .filter(|stage| *stage != "$default")
        .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    match rest {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => path,
    }
}

fn is_token(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

fn fresh_id() -> String {
    format!("{:032x}", u128::from_be_bytes(entropy::bytes()))
}

/// The path in its normal form, with the query; [`NOWHERE`] for whatever is not written as we write paths.
fn uri(path: &str, query: &str) -> Uri {
    let nowhere = || Uri::from_static(NOWHERE);
    if !paths::is_plain(path) {
        return nowhere();
    }
    let mut target = paths::normal_form(path);
    if !query.is_empty() {
        target.push('?');
        for byte in query.bytes() {
            if byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte) {
                target.push(byte.into());
            } else {
                target.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    Uri::try_from(target).unwrap_or_else(|_| nowhere())
}

/// The headers, without those that tell a server what it is called or where a caller comes from: nothing may believe
/// them.
fn headers(found: HashMap<String, String>, cookies: &[String]) -> HeaderMap {
    let mut headers: HeaderMap = found
        .into_iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let hearsay = matches!(name.as_str(), "host" | "forwarded")
                || name.as_str().starts_with("x-forwarded-");
            let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            (!hearsay).then_some((name, value))
        })
        .collect();
    if let Ok(cookies) = HeaderValue::try_from(cookies.join("; "))
        && !cookies.is_empty()
    {
        headers.insert(header::COOKIE, cookies);
    }
    headers
}
