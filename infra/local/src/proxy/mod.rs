//! What stands at the socket before every engine and emulator: it records each call, and brings the faults.
//!
//! The functions reach the cloud through their real clients and a real connection, so that what is counted here is what
//! crosses the wire, repetitions by a client included.

mod calls;
mod faults;
mod operation;
mod serve;
pub(crate) mod shapes;

use std::future::Future;
use std::str::FromStr;

use bytes::Bytes;
use http::{Request, Response};

pub(crate) use calls::{Call, Calls, Filter};
use faults::Action;
pub(crate) use faults::Faults;
pub(crate) use operation::target;
pub(crate) use serve::serve;

/// What the ids of invocations begin with that no request waits for.
pub(crate) const BACKGROUND: &str = "background-";

/// A service of the outside world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    DynamoDb,
    S3,
    Ses,
    Sns,
    SecretsManager,
    EventBridge,
    Twilio,
    SendGrid,
}

/// Every service and its name in the development API.
const NAMES: [(Service, &str); 8] = [
    (Service::DynamoDb, "dynamodb"),
    (Service::S3, "s3"),
    (Service::Ses, "ses"),
    (Service::Sns, "sns"),
    (Service::SecretsManager, "secretsmanager"),
    (Service::EventBridge, "eventbridge"),
    (Service::Twilio, "twilio"),
    (Service::SendGrid, "sendgrid"),
];

impl Service {
    /// The name in the development API.
    pub(crate) fn as_str(self) -> &'static str {
        NAMES
            .iter()
            .find(|(service, _)| *service == self)
            .map_or("", |(_, name)| name)
    }
}

impl FromStr for Service {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        NAMES
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(service, _)| *service)
            .ok_or_else(|| {
                let names: Vec<_> = NAMES.iter().map(|(_, name)| *name).collect();
                format!("service: expected one of {}", names.join(", "))
            })
    }
}

/// An engine or an emulator, as the proxy sees it.
pub(crate) trait Upstream: Send + Sync + 'static {
    /// Answers one call; an error closes the connection without an answer.
    fn answer(
        &self,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<Response<Bytes>, String>> + Send;
}
