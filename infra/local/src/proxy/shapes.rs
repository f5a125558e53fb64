//! How each service says no, byte for byte as far as its clients look.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::Service;

/// The answer of a service that is called too often.
pub(super) fn throttle(service: Service) -> Response<Bytes> {
    match service {
        Service::DynamoDb => dynamodb(
            400,
            "com.amazonaws.dynamodb.v20120810#ThrottlingException",
            "Throughput exceeds the current capacity of your table or index.",
        ),
        Service::S3 => s3(503, "SlowDown", "Please reduce your request rate."),
        Service::Ses => query(
            400,
            "Sender",
            "Throttling",
            "Maximum sending rate exceeded.",
        ),
        Service::Sns => query(400, "Sender", "Throttled", "Rate exceeded"),
        Service::SecretsManager | Service::EventBridge => {
            amz_json(400, "ThrottlingException", "Rate exceeded")
        }
        Service::Twilio => twilio(429, 20429),
        Service::SendGrid => sendgrid(429, "too many requests"),
    }
}

/// The answer of a service that fails before it did anything.
pub(super) fn error(service: Service, code: Option<u32>) -> Response<Bytes> {
    match service {
        Service::DynamoDb => dynamodb(
            500,
            "com.amazonaws.dynamodb.v20120810#InternalServerError",
            "Internal server error",
        ),
        Service::S3 => s3(
            500,
            "InternalError",
            "We encountered an internal error. Please try again.",
        ),
        Service::Ses | Service::Sns => query(
            500,
            "Receiver",
            "InternalFailure",
            "The request processing has failed because of an unknown error.",
        ),
        Service::SecretsManager | Service::EventBridge => {
            amz_json(500, "InternalException", "Internal service error")
        }
        Service::Twilio => match code {
            Some(code) => twilio(400, code),
            None => twilio(500, 20500),
        },
        Service::SendGrid => sendgrid(500, "internal server error"),
    }
}

/// The answer of a service where someone else is writing the same thing.
pub(super) fn conflict(service: Service, operation: &str, body: &[u8]) -> Response<Bytes> {
    const MESSAGE: &str = "Transaction is ongoing for the item";
    match (service, operation) {
        (Service::DynamoDb, "TransactWriteItems" | "TransactGetItems") => cancelled(body, MESSAGE),
        (Service::DynamoDb, _) => dynamodb(
            400,
            "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
            MESSAGE,
        ),
        (Service::S3, _) => s3(
            409,
            "OperationAborted",
            "A conflicting conditional operation is currently in progress against this resource. Please try again.",
        ),
        (Service::EventBridge, _) => amz_json(
            400,
            "ConcurrentModificationException",
            "There is a concurrent modification",
        ),
        // These write nothing that two could want at once.
        _ => error(service, None),
    }
}

/// A cancelled transaction: one reason per item, the conflict on the last.
fn cancelled(body: &[u8], message: &str) -> Response<Bytes> {
    let items = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|body| body["TransactItems"].as_array().map(Vec::len))
        .unwrap_or(1)
        .max(1);
    let mut reasons = vec![json!({ "Code": "None" }); items];
    let mut codes = vec!["None"; items];
    reasons[items - 1] = json!({ "Code": "TransactionConflict", "Message": message });
    codes[items - 1] = "TransactionConflict";
    let answer = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": reasons,
        "Message": format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        ),
    });
    respond(400, "application/x-amz-json-1.0", answer.to_string())
}

/// DynamoDB's refusal of a call that is wrong in itself.
pub(crate) fn invalid(sentence: &str) -> Response<Bytes> {
    dynamodb(
        400,
        "com.amazon.coral.validate#ValidationException",
        sentence,
    )
}

fn dynamodb(status: u16, kind: &str, message: &str) -> Response<Bytes> {
    // DynamoDB spells `message` in lower case in some errors and `Message` in others; its clients take both.
    let answer = json!({ "__type": kind, "message": message });
    respond(status, "application/x-amz-json-1.0", answer.to_string())
}

/// An error of the JSON 1.1 protocol.
pub(crate) fn amz_json(status: u16, kind: &str, message: &str) -> Response<Bytes> {
    let answer = json!({ "__type": kind, "message": message });
    respond(status, "application/x-amz-json-1.1", answer.to_string())
}

/// An error of the Query protocol, `kind` being `Sender` or `Receiver`.
pub(crate) fn query(status: u16, kind: &str, code: &str, message: &str) -> Response<Bytes> {
    let answer = format!(
        "<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
    );
    respond(status, "text/xml", answer)
}

fn s3(status: u16, code: &str, message: &str) -> Response<Bytes> {
    let answer = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    respond(status, "application/xml", answer)
}

/// An error of Twilio's API.
pub(crate) fn twilio(status: u16, code: u32) -> Response<Bytes> {
    let message = match code {
        20003 => "Authenticate",
        20404 => "The requested resource was not found",
        20429 => "Too Many Requests",
        20500 => "An internal server error has occurred",
        21211 => "Invalid 'To' Phone Number",
        21408 => {
            "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"
        }
        21610 => "Attempt to send to unsubscribed recipient",
        _ => "The request was refused",
    };
    let answer = json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status,
    });
    respond(status, "application/json", answer.to_string())
}

/// An error of SendGrid's API.
pub(crate) fn sendgrid(status: u16, message: &str) -> Response<Bytes> {
    let answer = json!({ "errors": [{ "message": message, "field": null, "help": null }] });
    respond(status, "application/json", answer.to_string())
}

/// An answer of an emulator.
pub(crate) fn respond(status: u16, content_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(content_type),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(response: &Response<Bytes>) -> Value {
        serde_json::from_slice(response.body()).unwrap()
    }

    #[test]
    fn a_conflict_in_a_transaction_has_one_reason_per_item() {
        let body = br#"{"TransactItems":[{},{},{}]}"#;
        let answer = conflict(Service::DynamoDb, "TransactWriteItems", body);
        assert_eq!(answer.status(), 400);
        let answer = json(&answer);
        assert_eq!(
            answer["__type"],
            "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
        );
        assert_eq!(answer["CancellationReasons"].as_array().unwrap().len(), 3);
        assert_eq!(
            answer["Message"],
            "Transaction cancelled, please refer cancellation reasons for specific reasons [None, None, TransactionConflict]"
        );
    }

    #[test]
    fn errors_carry_each_service_s_own_status() {
        assert_eq!(throttle(Service::DynamoDb).status(), 400);
        assert_eq!(throttle(Service::S3).status(), 503);
        assert_eq!(throttle(Service::Twilio).status(), 429);
        assert_eq!(json(&throttle(Service::Twilio))["code"], 20429);
        assert_eq!(error(Service::DynamoDb, None).status(), 500);
        assert_eq!(error(Service::Twilio, Some(21610)).status(), 400);
        assert_eq!(conflict(Service::S3, "PutObject", b"").status(), 409);
        assert_eq!(conflict(Service::Ses, "SendRawEmail", b"").status(), 500);
    }
}
