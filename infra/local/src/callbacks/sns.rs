//! SES's events, in an SNS envelope with a version 2 signature.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Callback, Callbacks, Outcome};
use crate::emulators::request_id;
use crate::outbox::Message;

impl Callbacks {
    pub(super) fn sns(
        &self,
        message: &Message,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Callback, String> {
        let set = self.setting("SES_CONFIGURATION_SET");
        self.published(&event(message, outcome, &set, now), now)
    }

    /// The call that SNS makes when SES publishes this event.
    pub(super) fn published(&self, event: &Value, now: Timestamp) -> Result<Callback, String> {
        let topics = self.setting("SNS_TOPIC_ARNS");
        let topic = topics.split(',').next().unwrap_or_default().trim();
        let envelope = envelope(&self.keys.sns()?, topic, &event.to_string(), now)?;
        let text = |key: &str| envelope[key].as_str().unwrap_or_default().to_owned();
        Ok(Callback {
            url: self.webhook("ses"),
            headers: vec![
                ("content-type", "text/plain; charset=UTF-8".to_owned()),
                (
                    "user-agent",
                    "Amazon Simple Notification Service Agent".to_owned(),
                ),
                ("x-amz-sns-message-type", text("Type")),
                ("x-amz-sns-message-id", text("MessageId")),
                ("x-amz-sns-topic-arn", text("TopicArn")),
            ],
            body: envelope.to_string(),
        })
    }
}

/// An event of SES's event publishing.
fn event(message: &Message, outcome: Outcome, set: &str, now: Timestamp) -> Value {
    let at = milliseconds(now);
    let recipient = json!([{ "emailAddress": message.to }]);
    let (kind, member, detail) = match outcome {
        Outcome::Sent => ("Send", "send", json!({})),
        Outcome::Delivered => (
            "Delivery",
            "delivery",
            json!({
                "timestamp": at, "processingTimeMillis": 546, "recipients": [message.to],
                "smtpResponse": "250 2.6.0 Message received", "reportingMTA": "a8-70.smtp-out.amazonses.com",
            }),
        ),
        Outcome::Read => (
            "Open",
            "open",
            json!({ "timestamp": at, "ipAddress": "192.0.2.1", "userAgent": "Mozilla/5.0" }),
        ),
        Outcome::Failed => ("Reject", "reject", json!({ "reason": "Bad content" })),
        Outcome::Undelivered => (
            "Bounce",
            "bounce",
            bounce("Transient", "MailboxFull", &message.to, &at),
        ),
        Outcome::Bounce => (
            "Bounce",
            "bounce",
            bounce("Permanent", "General", &message.to, &at),
        ),
        Outcome::Complaint => (
            "Complaint",
            "complaint",
            json!({
                "complainedRecipients": recipient, "timestamp": at, "feedbackId": request_id(),
                "complaintFeedbackType": "abuse", "complaintSubType": null,
            }),
        ),
    };
    let mut tags = json!({ "ses:configuration-set": [set] });
    if let Some(id) = &message.delivery_id {
        tags["delivery_id"] = json!([id]);
    }
    let mut event = json!({
        "eventType": kind,
        "mail": {
            "timestamp": milliseconds(message.at), "source": message.from, "sendingAccountId": "000000000000",
            "messageId": message.provider_message_id, "destination": [message.to],
            "headersTruncated": false, "headers": [], "commonHeaders": { "subject": message.subject }, "tags": tags,
        },
    });
    event[member] = detail;
    event
}

fn bounce(kind: &str, sub: &str, to: &str, at: &str) -> Value {
    let (status, action) = if kind == "Permanent" {
        ("5.1.1", "failed")
    } else {
        ("4.2.2", "delayed")
    };
    json!({
        "bounceType": kind, "bounceSubType": sub, "timestamp": at, "feedbackId": request_id(),
        "bouncedRecipients": [{
            "emailAddress": to, "action": action, "status": status,
            "diagnosticCode": format!("smtp; {status} the mailbox does not take it"),
        }],
        "reportingMTA": "dsn; a8-70.smtp-out.amazonses.com",
    })
}

/// A signed notification of this topic.
fn envelope(key: &RsaKeyPair, topic: &str, message: &str, now: Timestamp) -> Result<Value, String> {
    let signed = [
        ("Message", message.to_owned()),
        ("MessageId", request_id()),
        ("Timestamp", milliseconds(now)),
        ("TopicArn", topic.to_owned()),
        ("Type", "Notification".to_owned()),
    ];
    let text = signed.iter().fold(String::new(), |text, (name, value)| {
        text + name + "\n" + value + "\n"
    });
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .map_err(|_| "SNS's twin cannot sign".to_owned())?;
    // arn:aws:sns:<region>:<account>:<name>
    let region = topic.split(':').nth(3).unwrap_or("us-east-1");
    let host = format!("https://sns.{region}.amazonaws.com");
    let mut envelope = json!({
        "SignatureVersion": "2",
        "Signature": STANDARD.encode(signature),
        "SigningCertURL": format!("{host}/SimpleNotificationService-00000000000000000000000000000001.pem"),
        "UnsubscribeURL": format!("{host}/?Action=Unsubscribe&SubscriptionArn={topic}:{}", request_id()),
    });
    for (name, value) in signed {
        envelope[name] = value.into();
    }
    Ok(envelope)
}

/// SNS and SES write milliseconds, always three digits of them.
fn milliseconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    #[test]
    fn the_envelope_s_signature_holds_over_its_own_members() {
        let key = Keys::in_memory().unwrap().sns().unwrap();
        let now = "2026-01-31T12:00:00Z".parse().unwrap();
        let envelope = envelope(&key, "arn:aws:sns:eu-central-1:1:t", "{\"a\":1}", now).unwrap();
        assert_eq!(envelope["Timestamp"], "2026-01-31T12:00:00.000Z");
        let url = envelope["SigningCertURL"].as_str().unwrap();
        assert!(url.starts_with("https://sns.eu-central-1.amazonaws.com/"));
        let text: String = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"]
            .iter()
            .map(|name| format!("{name}\n{}\n", envelope[name].as_str().unwrap()))
            .collect();
        let signature = STANDARD
            .decode(envelope["Signature"].as_str().unwrap())
            .unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
            .verify(text.as_bytes(), &signature)
            .unwrap();
    }
}
