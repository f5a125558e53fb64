//! SendGrid's event webhook, signed with ECDSA over the timestamp and the raw body.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::EcdsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Callback, Callbacks, Outcome};
use crate::emulators::hex;
use crate::outbox::Message;

impl Callbacks {
    pub(super) fn sendgrid(
        &self,
        message: &Message,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Callback, String> {
        self.batch(&json!([event(message, outcome, now)]), now)
    }

    /// The call that SendGrid makes with these events.
    pub(super) fn batch(&self, events: &Value, now: Timestamp) -> Result<Callback, String> {
        // SendGrid ends its body with a line break, and signs that too.
        let body = format!("{events}\r\n");
        let timestamp = now.as_second().to_string();
        let signature = sign(&self.keys.sendgrid()?, &timestamp, &body)?;
        Ok(Callback {
            url: self.webhook("sendgrid"),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("user-agent", "SendGrid Event API".to_owned()),
                ("x-twilio-email-event-webhook-timestamp", timestamp),
                ("x-twilio-email-event-webhook-signature", signature),
            ],
            body,
        })
    }
}

fn event(message: &Message, outcome: Outcome, now: Timestamp) -> Value {
    let (kind, more) = match outcome {
        Outcome::Sent => ("processed", json!({})),
        Outcome::Delivered => ("delivered", json!({ "response": "250 OK" })),
        Outcome::Read => (
            "open",
            json!({ "useragent": "Mozilla/5.0", "ip": "192.0.2.1" }),
        ),
        // What is only deferred is tried again; this one is given up, and the next may arrive.
        Outcome::Undelivered => (
            "bounce",
            json!({ "type": "blocked", "reason": "452 4.2.2 the mailbox is full", "status": "4.2.2" }),
        ),
        Outcome::Failed => (
            "dropped",
            json!({ "reason": "Invalid SMTPAPI header", "status": "5.0.0" }),
        ),
        Outcome::Bounce => (
            "bounce",
            json!({ "type": "bounce", "reason": "550 5.1.1 no such user", "status": "5.1.1" }),
        ),
        Outcome::Complaint => ("spamreport", json!({})),
    };
    let mut event = json!({
        "email": message.to,
        "timestamp": now.as_second(),
        "event": kind,
        "sg_event_id": STANDARD.encode(hex::<16>()),
        "sg_message_id": format!("{}.filter0001.16648.5515E0B88.0", message.provider_message_id),
        "smtp-id": format!("<{}@geopod-ismtpd-1>", message.provider_message_id),
    });
    // Custom arguments stand among the event's own members.
    if let Some(id) = &message.delivery_id {
        event["delivery_id"] = json!(id);
    }
    if let Value::Object(more) = more {
        for (name, value) in more {
            event[name] = value;
        }
    }
    event
}

fn sign(key: &EcdsaKeyPair, timestamp: &str, body: &str) -> Result<String, String> {
    let signature = key
        .sign(
            &SystemRandom::new(),
            format!("{timestamp}{body}").as_bytes(),
        )
        .map_err(|_| "SendGrid's twin cannot sign".to_owned())?;
    Ok(STANDARD.encode(signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

    #[test]
    fn the_signature_holds_under_the_key_of_the_settings() {
        let keys = Keys::in_memory().unwrap();
        let signature = sign(&keys.sendgrid().unwrap(), "1760000000", "[]\r\n").unwrap();
        let spki = STANDARD.decode(keys.text("SENDGRID_WEBHOOK_KEYS")).unwrap();
        // The point is the end of a P-256 SPKI: 65 bytes.
        let point = &spki[spki.len() - 65..];
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
            .verify(b"1760000000[]\r\n", &STANDARD.decode(signature).unwrap())
            .unwrap();
    }
}
