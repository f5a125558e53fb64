//! `POST /api/webhooks/ses/`: SNS over HTTPS; and SNS by direct subscription of this function.

use std::sync::Arc;

use crate::signatures::Verdict;
use crate::signatures::sns::{Envelope, Kind};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use shared::flows::report::{distrusted, ignored};
use shared::{Error, Result, telemetry};

use crate::app::{App, forged};
use crate::body;
use crate::ses::{self, Said};

const PROVIDER: &str = "ses";

pub(crate) async fn message(State(app): State<Arc<App>>, request: Request) -> Result<StatusCode> {
    // SNS says text/plain of its JSON; its header with the type is not signed, so it is not read.
    let types = [("text/plain", ()), ("application/json", ())];
    let ((), _, body) = body::take(request, &types).await?;
    let now = app.clock.now();
    let envelope = Envelope::parse(&body)
        .ok_or_else(|| Error::Malformed("Expected a message of SNS as JSON.".into()))?;
    let url = match envelope.check(&app.callbacks.sns, now) {
        Verdict::Genuine(url) => url,
        Verdict::Forged(why) | Verdict::Malformed(why) => return Err(forged(PROVIDER, why)),
    };
    let certificate = app.certificates.at(url).await?;
    if !certificate.is_some_and(|pem| envelope.verify(&pem, now)) {
        return Err(forged(PROVIDER, "the signature does not hold"));
    }
    match envelope.kind {
        Kind::Notification => take(&app, &envelope.message).await?,
        Kind::SubscriptionConfirmation => confirm(&app, &envelope).await?,
        // Somebody has to look: from now on no report comes this way.
        Kind::UnsubscribeConfirmation => telemetry::metric("sns_unsubscribed", &[]),
    }
    Ok(StatusCode::OK)
}

/// An event that Lambda got from SNS itself: no signature to check, but the topic all the same.
pub(crate) async fn event(app: &App, event: Value) -> Result<Value> {
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
        let ours = app.callbacks.sns.topics.contains(&record.sns.topic_arn);
        if record.event_source != "aws:sns" || !ours {
            ignored(PROVIDER, "foreign_topic");
            continue;
        }
        take(app, &record.sns.message).await?;
    }
    Ok(Value::Null)
}

async fn take(app: &App, message: &str) -> Result<()> {
    match ses::read(message) {
        Said::Report(report) => return app.take(PROVIDER, &report, app.clock.now()).await,
        Said::Distrusted => distrusted(),
        Said::Nothing => ignored(PROVIDER, "nothing_to_say"),
    }
    Ok(())
}

/// Confirms by the API, never by fetching a URL out of a message; from then on only the owner can unsubscribe.
async fn confirm(app: &App, envelope: &Envelope) -> Result<()> {
    app.sns
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
