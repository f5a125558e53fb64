//! What a call is called: the operation that faults can be aimed at and that `/_local/calls` shows.

use bytes::Bytes;
use http::{Method, Request};

use super::Service;

/// The operation's name: DynamoDB's `UpdateItem`, SES's `SendRawEmail`, S3's `PutObject`, Twilio's `CreateMessage`.
pub(super) fn name(service: Service, request: &Request<Bytes>) -> String {
    match service {
        Service::DynamoDb | Service::SecretsManager | Service::EventBridge => target(request),
        Service::Ses | Service::Sns => action(request.body()),
        Service::S3 => object(request),
        Service::Twilio | Service::SendGrid => resource(request),
    }
}

/// `X-Amz-Target: DynamoDB_20120810.UpdateItem` gives `UpdateItem`.
pub(crate) fn target(request: &Request<Bytes>) -> String {
    request
        .headers()
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit('.').next())
        .unwrap_or_default()
        .to_owned()
}

/// The `Action` of the Query protocol.
fn action(body: &[u8]) -> String {
    url::form_urlencoded::parse(body)
        .find(|(name, _)| name == "Action")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// An API of resources: what is made at the path's last part.
fn resource(request: &Request<Bytes>) -> String {
    let path = request.uri().path();
    let last = path.trim_end_matches(".json").rsplit('/').next();
    match (request.method(), last.unwrap_or_default()) {
        (&Method::POST, "Messages") => "CreateMessage".to_owned(),
        (&Method::POST, "Verifications") => "CreateVerification".to_owned(),
        (&Method::POST, "send") => "SendMail".to_owned(),
        _ => path.to_owned(),
    }
}

/// S3 has no operation on the wire: method, path and query make it.
fn object(request: &Request<Bytes>) -> String {
    let path = request.uri().path().trim_start_matches('/');
    let key = path.split_once('/').is_some_and(|(_, key)| !key.is_empty());
    let query = request.uri().query().unwrap_or_default();
    let copy = request.headers().contains_key("x-amz-copy-source");
    let name = match (request.method(), key) {
        (&Method::PUT, true) if copy => "CopyObject",
        (&Method::PUT, true) => "PutObject",
        (&Method::GET, true) => "GetObject",
        (&Method::HEAD, true) => "HeadObject",
        (&Method::DELETE, true) => "DeleteObject",
        (&Method::POST, false) if query.contains("delete") => "DeleteObjects",
        (&Method::POST, false) => "PostObject",
        (&Method::GET, false) if path.is_empty() => "ListBuckets",
        (&Method::GET, false) if query.contains("versions") => "ListObjectVersions",
        (&Method::GET, false) => "ListObjectsV2",
        (&Method::PUT, false) => "CreateBucket",
        (&Method::HEAD, false) => "HeadBucket",
        (method, _) => return method.to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, uri: &str, body: &'static str) -> Request<Bytes> {
        Request::builder()
            .method(method)
            .uri(uri)
            .body(Bytes::from_static(body.as_bytes()))
            .unwrap()
    }

    #[test]
    fn each_protocol_names_its_operation_in_its_own_way() {
        let mut update = request("POST", "/", "{}");
        update.headers_mut().insert(
            "x-amz-target",
            "DynamoDB_20120810.UpdateItem".parse().unwrap(),
        );
        assert_eq!(name(Service::DynamoDb, &update), "UpdateItem");
        let mail = request("POST", "/", "Version=2010-12-01&Action=SendRawEmail");
        assert_eq!(name(Service::Ses, &mail), "SendRawEmail");
        let put = request("PUT", "/bucket/avatars/a/b.webp", "");
        assert_eq!(name(Service::S3, &put), "PutObject");
        let list = request("GET", "/bucket?list-type=2&prefix=a", "");
        assert_eq!(name(Service::S3, &list), "ListObjectsV2");
        let text = request("POST", "/2010-04-01/Accounts/AC1/Messages.json", "");
        assert_eq!(name(Service::Twilio, &text), "CreateMessage");
        let verify = request("POST", "/v2/Services/VA1/Verifications", "");
        assert_eq!(name(Service::Twilio, &verify), "CreateVerification");
        let send = request("POST", "/v3/mail/send", "");
        assert_eq!(name(Service::SendGrid, &send), "SendMail");
    }
}
