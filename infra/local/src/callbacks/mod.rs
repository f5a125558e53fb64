//! What the providers call back with: `POST /_local/deliveries/{id}/status` has the emulator of the message's provider
//! tell our own webhook what became of it, signed as the provider signs.

mod sendgrid;
mod sns;
mod twilio;

use std::sync::Arc;

use serde_json::{Value, json};
use shared::config::Variables;

use crate::keys::Keys;
use crate::outbox::Message;

/// What became of a message, in the development API's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sent,
    Delivered,
    Read,
    Undelivered,
    Failed,
    /// A permanent one.
    Bounce,
    Complaint,
}

const OUTCOMES: [(Outcome, &str); 7] = [
    (Outcome::Sent, "sent"),
    (Outcome::Delivered, "delivered"),
    (Outcome::Read, "read"),
    (Outcome::Undelivered, "undelivered"),
    (Outcome::Failed, "failed"),
    (Outcome::Bounce, "bounce"),
    (Outcome::Complaint, "complaint"),
];

impl Outcome {
    /// Reads the development API's word.
    pub(crate) fn parse(word: &str) -> Result<Self, String> {
        OUTCOMES
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(outcome, _)| *outcome)
            .ok_or_else(|| {
                let words: Vec<_> = OUTCOMES.iter().map(|(_, word)| *word).collect();
                format!("status: expected one of {}", words.join(", "))
            })
    }

    /// The development API's word.
    pub(crate) fn word(self) -> &'static str {
        OUTCOMES
            .iter()
            .find(|(outcome, _)| *outcome == self)
            .map_or("", |(_, word)| word)
    }
}

/// A call of a provider to our webhook; always a POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Callback {
    /// The URL as it was configured, which is what gets signed.
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Callback {
    /// As the development API shows it.
    pub(crate) fn shown(&self) -> Value {
        let headers: serde_json::Map<_, _> = self
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        json!({ "method": "POST", "url": self.url, "headers": headers, "body": self.body })
    }
}

/// The providers, as far as they call back.
#[derive(Clone)]
pub(crate) struct Callbacks {
    /// What our functions were configured with.
    pub(crate) variables: Variables,
    pub(crate) keys: Arc<Keys>,
}

impl Callbacks {
    /// The call that the provider of this message makes for this outcome.
    ///
    /// # Errors
    /// A sentence, when the provider would not call for this message.
    pub(crate) fn make(
        &self,
        message: &Message,
        outcome: Outcome,
        error_code: Option<u32>,
        now: jiff::Timestamp,
    ) -> Result<Callback, String> {
        match message.provider {
            "ses" => self.sns(message, outcome, now),
            "sendgrid" => self.sendgrid(message, outcome, now),
            "twilio" => self.twilio(message, outcome, error_code),
            other => Err(format!("{other} calls nobody back")),
        }
    }

    /// The call that a provider makes to report just this: SES an event, SendGrid `{"events": […]}`, Twilio
    /// `{"delivery_id", "fields": {…}}`.
    ///
    /// # Errors
    /// A sentence, for another provider or an order of another form.
    pub(crate) fn of_order(
        &self,
        provider: &str,
        order: &Value,
        now: jiff::Timestamp,
    ) -> Result<Callback, String> {
        match provider {
            "ses" => self.published(order, now),
            "sendgrid" => self.batch(&order["events"], now),
            "twilio" => {
                let delivery = order["delivery_id"].as_str().unwrap_or_default();
                let fields = order["fields"].as_object().into_iter().flatten();
                let text = |value: &Value| {
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned)
                };
                let form = fields.map(|(name, value)| (name.clone(), text(value)));
                Ok(self.form(
                    format!("{}?d={delivery}", self.webhook("twilio")),
                    form.collect(),
                ))
            }
            other => Err(format!(
                "there is no provider {other}; there is ses, sendgrid and twilio"
            )),
        }
    }

    /// A setting as the functions see it: from the environment, else from the secret's document.
    fn setting(&self, name: &str) -> String {
        self.variables
            .get(name)
            .unwrap_or_else(|| self.keys.text(name))
            .to_owned()
    }

    /// What an edge in front of this deployment would prove itself with; providers call the public URL, so through it.
    pub(crate) fn edge_secret(&self) -> Option<String> {
        let edge = self.variables.get("EDGE").unwrap_or("off");
        let secrets = self.setting("EDGE_SECRETS");
        let first = secrets.split(',').next().unwrap_or_default().trim();
        (edge != "off").then(|| first.to_owned())
    }

    fn webhook(&self, provider: &str) -> String {
        let public = self.setting("PUBLIC_URL");
        format!("{}/api/webhooks/{provider}/", public.trim_end_matches('/'))
    }
}
