//! The way to an engine: DynamoDB's own HTTP API.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::settings::REGION;

/// Where an engine listens, and who it takes us for.
#[derive(Clone)]
pub(super) struct Endpoint {
    client: Client<HttpConnector, Full<Bytes>>,
    authority: Authority,
    authorization: HeaderValue,
}

/// Why an engine did not do what the local cloud itself asked of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum EngineError {
    /// It answered with an error: its kind, such as `ResourceNotFoundException`, and its sentence.
    #[error("{kind}: {sentence}")]
    Refused { kind: String, sentence: String },
    /// It did not answer.
    #[error("the engine at {authority} does not answer: {reason}")]
    Unreachable { authority: String, reason: String },
}

impl EngineError {
    /// Whether the engine answered with an error of this kind.
    pub(super) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { kind, .. } if kind == wanted)
    }
}

impl Endpoint {
    /// An engine at this authority. One that serves many clouds, as AWS's DynamoDB Local does, keeps the tables of
    /// different access keys apart.
    pub(super) fn new(authority: Authority, access_key: &str) -> Result<Self, String> {
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/20260101/{REGION}/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0"
        );
        let authorization = signed.parse().map_err(|_| "the access key is no word")?;
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            authority,
            authorization,
        })
    }

    /// Hands a call on, under our own access key.
    pub(super) async fn forward(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (mut parts, body) = request.into_parts();
        let mut uri = parts.uri.into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.authority.clone());
        uri.path_and_query
            .get_or_insert_with(|| PathAndQuery::from_static("/"));
        parts.uri = Uri::from_parts(uri).map_err(|error| error.to_string())?;
        parts.headers.remove(HOST);
        let authorization = self.authorization.clone();
        parts.headers.insert(AUTHORIZATION, authorization);
        let response = self
            .client
            .request(Request::from_parts(parts, Full::new(body)))
            .await
            .map_err(|error| error.to_string())?;
        let (mut parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| error.to_string())?
            .to_bytes();
        // The proxy frames the answer anew.
        parts.headers.remove(TRANSFER_ENCODING);
        Ok(Response::from_parts(parts, body))
    }

    /// Calls an operation of DynamoDB.
    pub(super) async fn ask(&self, operation: &str, body: &Value) -> Result<Value, EngineError> {
        self.call("DynamoDB_20120810", operation, body).await
    }

    /// Calls an operation of DynamoDB Streams.
    pub(super) async fn ask_streams(
        &self,
        operation: &str,
        body: &Value,
    ) -> Result<Value, EngineError> {
        self.call("DynamoDBStreams_20120810", operation, body).await
    }

    async fn call(&self, api: &str, operation: &str, body: &Value) -> Result<Value, EngineError> {
        let unreachable = |reason: String| EngineError::Unreachable {
            authority: self.authority.to_string(),
            reason,
        };
        let request = Request::post("/")
            .header("x-amz-target", format!("{api}.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header(CONTENT_TYPE, "application/x-amz-json-1.0")
            .body(Bytes::from(body.to_string()))
            .map_err(|error| unreachable(error.to_string()))?;
        let response = self.forward(request).await.map_err(unreachable)?;
        let answer: Value = serde_json::from_slice(response.body())
            .map_err(|error| unreachable(format!("it answers no JSON: {error}")))?;
        if response.status().is_success() {
            return Ok(answer);
        }
        Err(EngineError::Refused {
            kind: kind(&answer).to_owned(),
            sentence: sentence(&answer).to_owned(),
        })
    }
}

/// The kind of an error, without the namespace before it.
pub(super) fn kind(answer: &Value) -> &str {
    let kind = answer["__type"].as_str().unwrap_or_default();
    kind.rsplit('#').next().unwrap_or_default()
}

/// DynamoDB spells it either way.
fn sentence(answer: &Value) -> &str {
    let sentence = answer["message"].as_str().or(answer["Message"].as_str());
    sentence.unwrap_or_default()
}
