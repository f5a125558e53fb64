//! Mail through SendGrid's v3 API.

use lettre::message::Mailbox;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::dispatch::{Dispatch, Reason, Refusal};
use super::templates::Mail;
use super::web::{self, Answer, NoResponse};
use crate::domain::channel::Channel;

/// Sends mails by `POST /v3/mail/send`, once each.
#[derive(Debug)]
pub(super) struct Sendgrid {
    client: Client,
    url: String,
    api_key: SecretString,
}

impl Sendgrid {
    pub(super) fn new(client: Client, base_url: &str, api_key: SecretString) -> Self {
        Self {
            client,
            url: format!("{base_url}/v3/mail/send"),
            api_key,
        }
    }

    pub(super) async fn send(
        &self,
        from: &Mailbox,
        to: &str,
        mail: &Mail,
        delivery_id: &str,
    ) -> Dispatch {
        let email: &str = from.email.as_ref();
        let body = json!({
            "personalizations": [{
                "to": [{"email": to}],
                "custom_args": {"delivery_id": delivery_id},
            }],
            "from": match &from.name {
                Some(name) => json!({"email": email, "name": name}),
                None => json!({"email": email}),
            },
            "subject": mail.subject,
            "content": [
                {"type": "text/plain", "value": mail.text},
                {"type": "text/html", "value": mail.html},
            ],
            "headers": {
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "X-Entity-Ref-ID": delivery_id,
            },
            // A code goes to who unsubscribed from newsletters too, and not to who bounced or complained.
            "mail_settings": {"bypass_unsubscribe_management": {"enable": true}},
            "tracking_settings": {
                "click_tracking": {"enable": false, "enable_text": false},
                "open_tracking": {"enable": false},
                "subscription_tracking": {"enable": false},
                "ganalytics": {"enable": false},
            },
        });
        let request = self
            .client
            .post(&self.url)
            .bearer_auth(self.api_key.expose_secret())
            .json(&body);
        match web::send(request, "sendgrid", "SendMail").await {
            Ok(answer) if answer.status.is_success() => Dispatch::Accepted {
                provider_message_id: answer.message_id.unwrap_or_default(),
                via: Channel::Email,
            },
            Ok(answer) => refusal(&answer),
            Err(NoResponse::NotConnected) => {
                Dispatch::refused(Reason::NotConnected, "no connection")
            }
            Err(NoResponse::Lost) => Dispatch::Unknown,
        }
    }
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    message: String,
    #[serde(default)]
    field: Option<String>,
}

fn refusal(answer: &Answer) -> Dispatch {
    let first = serde_json::from_slice::<Errors>(&answer.body)
        .ok()
        .and_then(|body| body.errors.into_iter().next());
    let says = |word: &str| first.as_ref().is_some_and(|e| e.message.contains(word));
    let of_recipient = first
        .as_ref()
        .and_then(|e| e.field.as_deref())
        .is_some_and(|field| field.starts_with("personalizations") && field.contains(".to"));
    let reason = match answer.status {
        StatusCode::TOO_MANY_REQUESTS => Reason::Throttled,
        _ if says("credits exceeded") => Reason::Quota,
        StatusCode::BAD_REQUEST if of_recipient => Reason::BadAddress,
        _ => Reason::Other,
    };
    Dispatch::Refused(Refusal {
        reason,
        retry_after: answer.retry_after,
        upstream: answer.status.as_u16().to_string(),
    })
}
