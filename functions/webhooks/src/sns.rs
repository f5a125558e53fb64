//! `POST /api/webhooks/ses/`: SNS over HTTPS; and SNS by direct subscription of this function.

use std::sync::Arc;

use crate::signatures::Verdict;
use crate::signatures::sns::{Envelope, Kind};
use axum::extract::{Request, State as Of};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use shared::{Error, Result, telemetry};

use crate::house::{House, forged, ignored};
use crate::{body, ses};

const PROVIDER: &str = "ses";

pub(crate) async fn message(Of(house): Of<Arc<House>>, request: Request) -> Result<StatusCode> {
    // SNS says text/plain of its JSON; its header with the type is not signed, so it is not read.
    let types = [("text/plain", ()), ("application/json", ())];
    let ((), _, body) = body::take(request, &types).await?;
    let now = house.clock.now();
    let envelope = Envelope::parse(&body)
        .ok_or_else(|| Error::Malformed("The body is no message of SNS.".into()))?;
    let url = match envelope.check(&house.callbacks.sns, now) {
        Verdict::Genuine(url) => url,
        Verdict::Forged(why) | Verdict::Malformed(why) => return Err(forged(PROVIDER, why)),
    };
    let certificate = house.certificates.at(url).await?;
    if !certificate.is_some_and(|pem| envelope.verify(&pem, now)) {
        return Err(forged(PROVIDER, "the signature does not hold"));
    }
    match envelope.kind {
        Kind::Notification => take(&house, &envelope.message).await?,
        Kind::SubscriptionConfirmation => confirm(&house, &envelope).await?,
        // Somebody has to look: from now on no report comes this way.
        Kind::UnsubscribeConfirmation => telemetry::metric("sns_unsubscribed", &[]),
    }
    Ok(StatusCode::OK)
}

/// An event that Lambda got from SNS itself: no signature to check, but the topic all the same.
pub(crate) async fn event(house: &House, event: Value) -> Result<Value> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Event {
        records: Vec<Record>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Record {
        event_source: String,
        sns: Published,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Published {
        topic_arn: String,
        message: String,
    }
    let event: Event = serde_json::from_value(event)
        .map_err(|error| Error::internal(format_args!("an event that is not of SNS: {error}")))?;
    for record in event.records {
        let ours = house.callbacks.sns.topics.contains(&record.sns.topic_arn);
        if record.event_source != "aws:sns" || !ours {
            ignored(PROVIDER, "foreign_topic");
            continue;
        }
        take(house, &record.sns.message).await?;
    }
    Ok(Value::Null)
}

async fn take(house: &House, message: &str) -> Result<()> {
    match ses::read(message) {
        Some(event) => house.take(PROVIDER, &event, house.clock.now()).await,
        None => {
            ignored(PROVIDER, "nothing_to_say");
            Ok(())
        }
    }
}

/// Confirms by the API, never by fetching a URL out of a message; from then on only the owner can unsubscribe.
async fn confirm(house: &House, envelope: &Envelope) -> Result<()> {
    house
        .sns
        .confirm_subscription()
        .topic_arn(&envelope.topic_arn)
        .token(envelope.token.as_deref().unwrap_or_default())
        .authenticate_on_unsubscribe("true")
        .send()
        .await
        .map_err(|error| Error::Unavailable(format!("SNS: {error}")))?;
    telemetry::metric("sns_confirmed", &[]);
    Ok(())
}
