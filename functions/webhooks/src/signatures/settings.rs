//! What callbacks are verified with. What is needed and missing stops the start: no callback is ever taken unverified.

use std::collections::BTreeMap;

use secrecy::SecretString;
use shared::config::settings as s;
use shared::config::{Public, Reader};
use shared::messaging::{by_sendgrid, twilio_webhook_url};

use super::certificate;
use super::sendgrid::PublicKey;
use super::sns::Rules;
use super::twilio::Keys;

/// The keys and rules of all providers that may call back.
#[derive(Clone, Debug)]
pub(crate) struct CallbackSettings {
    /// The URL that Twilio was given.
    pub(crate) twilio_url: String,
    /// What Twilio signs with; `None` where there is no Twilio account.
    pub(crate) twilio: Option<Keys>,
    /// What SendGrid signs with; empty where mail does not go through SendGrid.
    pub(crate) sendgrid: Vec<PublicKey>,
    /// What is accepted of SNS.
    pub(crate) sns: Rules,
    /// `SNS_CERT_PEM`, in place of fetching certificates.
    pub(crate) sns_certificate: Option<String>,
}

impl CallbackSettings {
    /// Reads the section.
    pub(crate) fn read(reader: &mut Reader, public: &Public) -> Self {
        let by_sendgrid = by_sendgrid(reader);
        // The provider in use must have its keys; the other one may.
        let sendgrid = if by_sendgrid {
            reader.required(&s::SENDGRID_WEBHOOK_KEYS, Vec::new, public_keys)
        } else {
            reader
                .optional(&s::SENDGRID_WEBHOOK_KEYS, public_keys)
                .unwrap_or_default()
        };
        let topics = if by_sendgrid {
            reader
                .optional(&s::SNS_TOPIC_ARNS, topics)
                .unwrap_or_default()
        } else {
            reader.required(&s::SNS_TOPIC_ARNS, Vec::new, topics)
        };
        Self {
            twilio_url: twilio_webhook_url(reader, public),
            twilio: twilio_keys(reader),
            sendgrid,
            sns: Rules {
                topics,
                allow_version_1: reader.flag(&s::SNS_ALLOW_SIGNATURE_V1),
            },
            sns_certificate: reader.optional(&s::SNS_CERT_PEM, |pem| {
                certificate::is_certificate(pem).then(|| pem.to_owned())
            }),
        }
    }
}

fn public_keys(list: &str) -> Option<Vec<PublicKey>> {
    list.split(',')
        .map(|key| PublicKey::parse(key.trim()))
        .collect()
}

fn twilio_keys(reader: &mut Reader) -> Option<Keys> {
    let account = reader.optional_text(&s::TWILIO_ACCOUNT_SID);
    let shared = reader.optional(&s::TWILIO_SHARED_KEYS, |json| {
        let keys: BTreeMap<String, String> = serde_json::from_str(json).ok()?;
        let good = !keys.is_empty()
            && keys
                .iter()
                .all(|(id, key)| !id.is_empty() && !key.is_empty());
        good.then_some(keys)
    });
    let tokens: Vec<SecretString> = [
        reader.optional_secret(&s::TWILIO_AUTH_TOKEN),
        reader.optional_secret(&s::TWILIO_NEXT_AUTH_TOKEN),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(shared) = shared {
        let shared = shared.into_iter().map(|(id, key)| (id, key.into()));
        return Some(Keys::Shared(shared.collect()));
    }
    if tokens.is_empty() {
        if account.is_some() {
            reader.complain(&s::TWILIO_AUTH_TOKEN, None);
        }
        return None;
    }
    Some(Keys::Tokens(tokens))
}

fn topics(list: &str) -> Option<Vec<String>> {
    list.split(',')
        .map(|arn| {
            let arn = arn.trim();
            let parts: Vec<&str> = arn.split(':').collect();
            let good = parts.len() == 6
                && parts[0] == "arn"
                && parts[2] == "sns"
                && parts.iter().all(|part| !part.is_empty());
            good.then(|| arn.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::config::{SecretDocument, Variables};

    const SHARED: &str = r#"{"key1": "secret"}"#;
    const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:ses-events";

    fn read(settings: &[(&str, &str)]) -> Result<CallbackSettings, Vec<&'static str>> {
        let mut variables: Variables = [("PUBLIC_URL", "https://api.example.com")]
            .into_iter()
            .collect();
        for (name, value) in settings {
            variables.set(*name, *value);
        }
        let secrets = SecretDocument::default();
        let mut reader = Reader::new(&variables, &secrets);
        let public = Public::read(&mut reader);
        let settings = CallbackSettings::read(&mut reader, &public);
        reader.finish(settings).map_err(|complaints| {
            complaints
                .0
                .iter()
                .map(|complaint| complaint.name)
                .collect()
        })
    }

    #[test]
    fn without_its_keys_no_provider_is_taken() {
        let account = ("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef");
        let topic = ("SNS_TOPIC_ARNS", TOPIC);
        let names = |settings: &[(&str, &str)]| read(settings).err().unwrap_or_default();
        assert_eq!(names(&[topic]), [""; 0]);
        assert_eq!(names(&[]), ["SNS_TOPIC_ARNS"]);
        assert_eq!(
            names(&[("SNS_TOPIC_ARNS", "arn:aws:sqs:eu-west-1:1:t")]),
            ["SNS_TOPIC_ARNS"]
        );
        assert_eq!(names(&[topic, account]), ["TWILIO_AUTH_TOKEN"]);
        assert_eq!(
            names(&[topic, account, ("TWILIO_SHARED_KEYS", SHARED)]),
            [""; 0]
        );
        assert_eq!(
            names(&[topic, ("TWILIO_SHARED_KEYS", "{}")]),
            ["TWILIO_SHARED_KEYS"]
        );
        assert_eq!(
            names(&[("MAIL_PROVIDER", "sendgrid")]),
            ["SENDGRID_WEBHOOK_KEYS"]
        );
        assert_eq!(
            names(&[topic, ("SENDGRID_WEBHOOK_KEYS", "AAAA")]),
            ["SENDGRID_WEBHOOK_KEYS"]
        );
        assert_eq!(
            names(&[topic, ("SNS_CERT_PEM", "nonsense")]),
            ["SNS_CERT_PEM"]
        );
    }

    #[test]
    fn shared_keys_leave_no_way_for_tokens() {
        let settings = [
            ("SNS_TOPIC_ARNS", TOPIC),
            ("TWILIO_AUTH_TOKEN", "token"),
            ("TWILIO_SHARED_KEYS", SHARED),
        ];
        assert!(matches!(
            read(&settings).unwrap().twilio,
            Some(Keys::Shared(_))
        ));
        assert!(
            matches!(read(&settings[..2]).unwrap().twilio, Some(Keys::Tokens(tokens)) if tokens.len() == 1)
        );
        assert!(read(&settings[..1]).unwrap().twilio.is_none());
    }
}
