//! The one HTTP client for everything that is not AWS.

use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, StatusCode, header, redirect, retry};

use crate::cloud::{REQUEST_ID_HEADER, SENT_HEADER, USER_AGENT, ticks};
use crate::telemetry;

/// The longest that connecting may take, TLS included.
pub(super) const CONNECT: Duration = Duration::from_millis(500);
/// The longest that one call may take as a whole.
pub(super) const WHOLE: Duration = Duration::from_secs(3);
/// The most of an answer that is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// A client that gives up in time, follows no redirect and repeats nothing.
///
/// # Errors
/// The machine has no usable root certificates.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that makes a client, and it sets the timeouts"
)]
pub fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .user_agent(USER_AGENT)
        .build()
}

/// An answer, of whatever status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The header `Retry-After`, where it is a number of seconds.
    pub(super) retry_after: Option<Duration>,
    /// The header `X-Message-Id`, where SendGrid puts its id.
    pub(super) message_id: Option<String>,
    /// The body, as far as it came.
    pub(super) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum NoResponse {
    /// No connection was made: the request certainly did not arrive.
    NotConnected,
    /// Bytes may have left.
    Lost,
}

/// Sends a request once, with our request id, and counts it.
pub(super) async fn send(
    request: RequestBuilder,
    service: &'static str,
    operation: &'static str,
) -> Result<Answer, NoResponse> {
    let request = match telemetry::request_id() {
        Some(id) => request
            .header(REQUEST_ID_HEADER, id)
            .header(SENT_HEADER, ticks()),
        None => request,
    };
    let started = Instant::now();
    let answer = ask(request).await;
    telemetry::upstream(service, operation, started.elapsed());
    answer
}

/// Fetches a text, such as a certificate: `Some(None)` where the other side says that it does not exist.
///
/// # Errors
/// `None` when no whole answer came within `limit`.
pub async fn fetch(client: &Client, url: &str, limit: Duration) -> Option<Option<String>> {
    let request = client.get(url).timeout(limit);
    let answer = send(request, "web", "Get").await.ok()?;
    let whole = answer.body.len() < ANSWER_LIMIT;
    let text = String::from_utf8(answer.body).ok();
    Some(text.filter(|_| whole && answer.status.is_success()))
}

async fn ask(request: RequestBuilder) -> Result<Answer, NoResponse> {
    let mut response = request.send().await.map_err(|error| {
        if error.is_connect() || error.is_builder() {
            NoResponse::NotConnected
        } else {
            NoResponse::Lost
        }
    })?;
    let text = |name: &str| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let retry_after = text(header::RETRY_AFTER.as_str())
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    let message_id = text("x-message-id");
    let status = response.status();
    // The status has decided; a body that breaks off only costs the provider's words.
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let allowance = ANSWER_LIMIT - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(allowance)]);
        if body.len() == ANSWER_LIMIT {
            break;
        }
    }
    Ok(Answer {
        status,
        retry_after,
        message_id,
        body,
    })
}
