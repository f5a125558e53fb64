//! Mail through Amazon SES.

use std::error::Error as _;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_ses::Client;
use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ses::operation::send_raw_email::SendRawEmailError;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::{MessageTag, RawMessage};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::dispatch::{Dispatch, Reason, Refusal};
use super::web;
use crate::cloud::Trace;
use crate::domain::channel::Channel;

/// Sends packed mails; repeats none, because a repetition could arrive twice.
#[derive(Debug)]
pub(super) struct Ses {
    client: Client,
    configuration_set: Option<String>,
}

impl Ses {
    pub(super) fn new(
        sdk: &SdkConfig,
        endpoint: Option<String>,
        configuration_set: Option<String>,
    ) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(web::CONNECT)
            .operation_attempt_timeout(web::WHOLE)
            .operation_timeout(web::WHOLE)
            .build();
        let mut config = aws_sdk_ses::config::Builder::from(sdk)
            .interceptor(Trace::of("ses"))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        if endpoint.is_some() {
            config.set_endpoint_url(endpoint);
        }
        Self {
            client: Client::from_conf(config.build()),
            configuration_set,
        }
    }

    pub(super) async fn send(
        &self,
        from: &str,
        to: &str,
        mime: Vec<u8>,
        delivery_id: &str,
    ) -> Dispatch {
        let (Ok(message), Ok(tag)) = (
            RawMessage::builder().data(Blob::new(mime)).build(),
            MessageTag::builder()
                .name("delivery_id")
                .value(delivery_id)
                .build(),
        ) else {
            return Dispatch::refused(Reason::Other, "incomplete request");
        };
        let answer = self
            .client
            .send_raw_email()
            .source(from)
            .destinations(to)
            .raw_message(message)
            .tags(tag)
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await;
        match answer {
            Ok(accepted) => Dispatch::Accepted {
                provider_message_id: accepted.message_id,
                via: Channel::Email,
            },
            Err(error) => outcome(&error),
        }
    }
}

/// What an SDK error says about whether the mail went out.
fn outcome(error: &SdkError<SendRawEmailError, HttpResponse>) -> Dispatch {
    match error {
        SdkError::ConstructionFailure(_) => Dispatch::refused(Reason::Other, "not constructed"),
        SdkError::DispatchFailure(failure) if failure.is_user() => {
            Dispatch::refused(Reason::Other, "not constructed")
        }
        SdkError::DispatchFailure(failure)
            if failure
                .as_connector_error()
                .is_some_and(|error| was_connecting(error.source())) =>
        {
            Dispatch::refused(Reason::NotConnected, "no connection")
        }
        SdkError::ServiceError(answer) => refusal(answer.err()),
        SdkError::ResponseError(answer) if !answer.raw().status().is_success() => {
            Dispatch::refused(Reason::Other, answer.raw().status().to_string())
        }
        _ => Dispatch::Unknown,
    }
}

/// Whether the HTTP client failed while it was connecting (name lookup, TCP, TLS), before any byte of the request.
fn was_connecting(mut error: Option<&(dyn std::error::Error + 'static)>) -> bool {
    while let Some(current) = error {
        if current
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
        {
            return true;
        }
        error = current.source();
    }
    false
}

fn refusal(error: &SendRawEmailError) -> Dispatch {
    let code = error.code().unwrap_or("unknown");
    let message = error.message().unwrap_or_default();
    let (reason, retry_after) = match code {
        "Throttling" | "ThrottlingException" if message.contains("quota") => {
            (Reason::Quota, Some(Duration::from_hours(1)))
        }
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" => {
            (Reason::Throttled, Some(Duration::from_secs(2)))
        }
        "InvalidParameterValue" => (Reason::BadAddress, None),
        _ => (Reason::Other, None),
    };
    Dispatch::Refused(Refusal {
        reason,
        retry_after,
        upstream: code.to_owned(),
    })
}
