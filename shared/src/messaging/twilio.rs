//! Texts through Twilio: Programmable Messaging for SMS and WhatsApp, or Verify with our own code.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use super::config::{Sender, TextSettings};
use super::dispatch::{Dispatch, Reason, Refusal};
use super::language::Language;
use super::web::{self, Answer, NoResponse};
use crate::domain::channel::Channel;

/// Sends texts, once each.
#[derive(Debug)]
pub(super) struct Twilio {
    client: Client,
    settings: TextSettings,
}

/// A code on its way to a phone.
#[derive(Clone, Copy)]
pub(super) struct Code<'a> {
    pub(super) digits: &'a str,
    /// What is left of its life.
    pub(super) expires_in: Duration,
}

impl Twilio {
    pub(super) fn new(client: Client, settings: TextSettings) -> Self {
        Self { client, settings }
    }

    pub(super) fn settings(&self) -> &TextSettings {
        &self.settings
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn offers(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => false,
            Channel::Sms => self.settings.sender.is_some() || self.settings.verify.is_some(),
            Channel::Whatsapp => self.settings.whatsapp.is_some(),
        }
    }

    /// Sends an SMS; one that carries a code goes through Verify where that is configured.
    pub(super) async fn sms(
        &self,
        to: &str,
        body: &str,
        code: Option<Code<'_>>,
        language: Language,
        delivery_id: &str,
    ) -> Dispatch {
        if let (Some(service), Some(code)) = (&self.settings.verify, code) {
            return self.verification(service, to, code, language).await;
        }
        let sender = match &self.settings.sender {
            Some(Sender::Number(number)) => ("From", number.clone()),
            Some(Sender::MessagingService(sid)) => ("MessagingServiceSid", sid.clone()),
            None => return Dispatch::refused(Reason::Other, "no sender for such a text"),
        };
        let mut form = vec![
            ("To", to.to_owned()),
            sender,
            ("Body", body.to_owned()),
            ("RiskCheck", "enable".to_owned()),
            ("SmartEncoded", "true".to_owned()),
        ];
        form.extend(code.map(validity));
        self.message(form, delivery_id, Channel::Sms).await
    }

    /// Sends a code by the approved authentication template, whose one variable it is.
    pub(super) async fn whatsapp(&self, to: &str, code: Code<'_>, delivery_id: &str) -> Dispatch {
        let Some(way) = &self.settings.whatsapp else {
            return Dispatch::refused(Reason::Other, "WhatsApp is not configured");
        };
        let form = vec![
            ("To", format!("whatsapp:{to}")),
            ("From", format!("whatsapp:{}", way.from)),
            ("ContentSid", way.content_sid.clone()),
            ("ContentVariables", json!({"1": code.digits}).to_string()),
            validity(code),
        ];
        self.message(form, delivery_id, Channel::Whatsapp).await
    }

    async fn message(
        &self,
        mut form: Vec<(&'static str, String)>,
        delivery_id: &str,
        via: Channel,
    ) -> Dispatch {
        let url = &self.settings.webhook_url;
        let separator = if url.contains('?') { '&' } else { '?' };
        form.push(("StatusCallback", format!("{url}{separator}d={delivery_id}")));
        let url = format!(
            "{}/2010-04-01/Accounts/{}/Messages.json",
            self.settings.base_url, self.settings.account_sid
        );
        self.post(&url, &form, "CreateMessage", via).await
    }

    /// Verify with our own code, so that there is one protocol and one set of counters.
    async fn verification(
        &self,
        service: &str,
        to: &str,
        code: Code<'_>,
        language: Language,
    ) -> Dispatch {
        let url = format!(
            "{}/v2/Services/{service}/Verifications",
            self.settings.verify_base_url
        );
        let form = [
            ("To", to.to_owned()),
            ("Channel", "sms".to_owned()),
            ("CustomCode", code.digits.to_owned()),
            ("Locale", language.tag().to_owned()),
            ("RiskCheck", "enable".to_owned()),
        ];
        self.post(&url, &form, "CreateVerification", Channel::Sms)
            .await
    }

    async fn post(
        &self,
        url: &str,
        form: &[(&'static str, String)],
        operation: &'static str,
        via: Channel,
    ) -> Dispatch {
        let request = self
            .client
            .post(url)
            .basic_auth(
                &self.settings.account_sid,
                Some(self.settings.auth_token.expose_secret()),
            )
            .form(form);
        match web::send(request, "twilio", operation).await {
            Ok(answer) if answer.status.is_success() => Dispatch::Accepted {
                provider_message_id: serde_json::from_slice::<Created>(&answer.body)
                    .map(|created| created.sid)
                    .unwrap_or_default(),
                via,
            },
            Ok(answer) => refusal(&answer),
            Err(NoResponse::NotConnected) => {
                Dispatch::refused(Reason::NotConnected, "no connection")
            }
            Err(NoResponse::Lost) => Dispatch::Unknown,
        }
    }
}

/// A message that could not be delivered while its code lives is not delivered at all (1 to 36,000 seconds).
fn validity(code: Code<'_>) -> (&'static str, String) {
    let seconds = code.expires_in.as_secs().clamp(1, 36_000);
    ("ValidityPeriod", seconds.to_string())
}

#[derive(Deserialize)]
struct Created {
    sid: String,
}

#[derive(Deserialize)]
struct Refused {
    code: u32,
}

/// What Twilio's error code says (<https://www.twilio.com/docs/api/errors>); only the few that make a difference.
fn refusal(answer: &Answer) -> Dispatch {
    let code = serde_json::from_slice::<Refused>(&answer.body).map_or(0, |refused| refused.code);
    let reason = match code {
        21610 => Reason::OptedOut,
        21211 | 21612 | 21614 | 21635 | 60200 | 60205 | 63003 | 63024 => Reason::BadAddress,
        21408 | 60220 | 60410 | 60605 => Reason::Region,
        14107 | 20429 | 60203 | 63018 => Reason::Throttled,
        63038 => Reason::Quota,
        _ if answer.status == StatusCode::TOO_MANY_REQUESTS => Reason::Throttled,
        _ => Reason::Other,
    };
    let upstream = match code {
        0 => answer.status.as_u16().to_string(),
        code => code.to_string(),
    };
    Dispatch::Refused(Refusal {
        reason,
        retry_after: answer.retry_after,
        upstream,
    })
}
