//! The emulator of SNS: takes `ConfirmSubscription` and remembers it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;

use super::request_id;
use super::ses::Form;
use crate::proxy::{Upstream, shapes};
use crate::state::LocalState;

/// SNS, as far as a subscriber needs it.
pub(crate) struct Sns(pub(crate) Arc<LocalState>);

impl Upstream for Sns {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        // The SDK posts a form; a SubscribeURL is fetched with the same parameters in its query.
        let form = match request.uri().query() {
            Some(query) if request.body().is_empty() => Form::parse(query.as_bytes()),
            _ => Form::parse(request.body()),
        };
        let (Some("ConfirmSubscription"), Some(topic), Some(token)) =
            (form.get("Action"), form.get("TopicArn"), form.get("Token"))
        else {
            return Ok(shapes::query(
                400,
                "Sender",
                "InvalidParameter",
                "This twin takes ConfirmSubscription with TopicArn and Token.",
            ));
        };
        self.0.confirmations.push(json!({
            "topic_arn": topic,
            "token": token,
            "authenticate_on_unsubscribe": form.get("AuthenticateOnUnsubscribe"),
        }));
        let answer = format!(
            "<ConfirmSubscriptionResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
             <ConfirmSubscriptionResult><SubscriptionArn>{topic}:{}</SubscriptionArn></ConfirmSubscriptionResult>\
             <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></ConfirmSubscriptionResponse>",
            request_id(),
            request_id()
        );
        Ok(shapes::respond(200, "text/xml", answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_confirmation_is_remembered() {
        let state = Arc::new(LocalState::default());
        let body = "Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:1:t&Token=abc";
        let answer = Sns(Arc::clone(&state))
            .answer(Request::new(Bytes::from(body)))
            .await;
        assert_eq!(answer.unwrap().status(), 200);
        assert_eq!(state.confirmations.list()[0]["token"], "abc");
    }
}
