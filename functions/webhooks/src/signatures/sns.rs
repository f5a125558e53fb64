//! Messages of Amazon SNS over HTTPS.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>. Three steps, since the middle one
//! goes over the network: [`Envelope::parse`], [`Envelope::check`] (which says from where the certificate may be
//! fetched), [`Envelope::verify`] with that certificate.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Verdict, base64, certificate};

/// SNS tries for an hour; what is older is a replay.
const OLDEST: SignedDuration = SignedDuration::from_mins(70);
/// How far its clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What is accepted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    /// `SNS_TOPIC_ARNS`. A valid signature only proves that SNS sent the message; anybody can make a topic and
    /// subscribe our URL to it.
    pub(crate) topics: Vec<String>,
    /// `SNS_ALLOW_SIGNATURE_V1`: SHA-1, which is SNS's default for a topic.
    pub(crate) allow_version_1: bool,
}

/// A message as it came in; nothing of it is to be believed before [`Envelope::verify`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Envelope {
    /// What it is for.
    #[serde(rename = "Type")]
    pub(crate) kind: Kind,
    /// The same over all retries.
    pub(crate) message_id: String,
    /// The topic that it came through.
    pub(crate) topic_arn: String,
    pub(crate) message: String,
    pub(crate) timestamp: Timestamp,
    /// A title, which e-mail subscribers see.
    #[serde(default)]
    pub(crate) subject: Option<String>,
    /// What confirms a subscription.
    #[serde(default)]
    pub(crate) token: Option<String>,
    #[serde(default, rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
    /// As the message spells it: that spelling is signed.
    #[serde(skip)]
    raw_timestamp: String,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Kind {
    Notification,
    /// Somebody wants this address to be subscribed.
    SubscriptionConfirmation,
    /// The subscription has ended.
    UnsubscribeConfirmation,
}

impl Envelope {
    /// Reads a body; `None` where it is no such message, a field occurs twice or one is missing.
    #[must_use]
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(rename = "Timestamp")]
            timestamp: String,
        }
        let mut envelope: Self = serde_json::from_slice(body).ok()?;
        envelope.raw_timestamp = serde_json::from_slice::<Raw>(body).ok()?.timestamp;
        let confirmable = envelope.token.is_some() && envelope.subscribe_url.is_some();
        (envelope.kind == Kind::Notification || confirmable).then_some(envelope)
    }

    /// Everything that can be checked without the certificate, the topic first; then the URL of the certificate.
    #[must_use]
    pub(crate) fn check(&self, rules: &Rules, now: Timestamp) -> Verdict<&str> {
        if !rules.topics.contains(&self.topic_arn) {
            return Verdict::Forged("the topic is not ours");
        }
        if !certificate::is_of_topic(&self.signing_cert_url, &self.topic_arn) {
            return Verdict::Forged("the certificate is not of SNS in the topic's region");
        }
        let foreign = |url: &String| certificate::path_at_sns(url, &self.topic_arn).is_none();
        if self.kind != Kind::Notification && self.subscribe_url.as_ref().is_none_or(foreign) {
            return Verdict::Forged("the subscription's URL is not of SNS in the topic's region");
        }
        match self.signature_version.as_str() {
            "2" => {}
            "1" if rules.allow_version_1 => {}
            _ => return Verdict::Forged("the signature version is not accepted"),
        }
        let age = now.duration_since(self.timestamp);
        if age > OLDEST || age < -AHEAD {
            return Verdict::Forged("the message is too old, or from the future");
        }
        Verdict::Genuine(&self.signing_cert_url)
    }

    /// Whether the signature holds under this certificate, at this moment.
    #[must_use]
    pub(crate) fn verify(&self, certificate_pem: &str, now: Timestamp) -> bool {
        let algorithm = match self.signature_version.as_str() {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return false,
        };
        let (Some(key), Some(signature)) = (
            certificate::key_at(certificate_pem, now),
            base64(&self.signature),
        ) else {
            return false;
        };
        UnparsedPublicKey::new(algorithm, key)
            .verify(self.signed_text().as_bytes(), &signature)
            .is_ok()
    }

    /// Names and values in the order of their names, each on a line; what is not there is left out.
    fn signed_text(&self) -> String {
        let notification = self.kind == Kind::Notification;
        let only_if = |condition: bool, value: &Option<String>| value.clone().filter(|_| condition);
        let kind = match self.kind {
            Kind::Notification => "Notification",
            Kind::SubscriptionConfirmation => "SubscriptionConfirmation",
            Kind::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        };
        [
            ("Message", Some(self.message.clone())),
            ("MessageId", Some(self.message_id.clone())),
            ("Subject", only_if(notification, &self.subject)),
            ("SubscribeURL", only_if(!notification, &self.subscribe_url)),
            ("Timestamp", Some(self.raw_timestamp.clone())),
            ("Token", only_if(!notification, &self.token)),
            ("TopicArn", Some(self.topic_arn.clone())),
            ("Type", Some(kind.to_owned())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}\n{}\n", value?)))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../../tests/vectors/sns.json")).unwrap()
    }

    fn rules(vectors: &Value, allow_version_1: bool) -> Rules {
        Rules {
            topics: serde_json::from_value(vectors["allowed_topic_arns"].clone()).unwrap(),
            allow_version_1,
        }
    }

    fn answer(body: &[u8], certificate: &str, rules: &Rules, now: Timestamp) -> u16 {
        let Some(envelope) = Envelope::parse(body) else {
            return 400;
        };
        match envelope.check(rules, now) {
            Verdict::Genuine(_) if envelope.verify(certificate, now) => 200,
            _ => 403,
        }
    }

    #[test]
    fn every_vector_gets_its_answer() {
        let vectors = vectors();
        let now: Timestamp = vectors["verifier_clock"].as_str().unwrap().parse().unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        for case in cases {
            let certificate = &vectors["certificates"][case["serve_cert"].as_str().unwrap()];
            let body = case["raw_body"].as_str().unwrap().as_bytes();
            let status = answer(
                body,
                certificate.as_str().unwrap(),
                &rules(&vectors, true),
                now,
            );
            assert_eq!(
                u64::from(status),
                case["expected_http"].as_u64().unwrap(),
                "{}",
                case["id"]
            );
        }
        assert_eq!(cases.len(), 24, "as many as were handed over");
    }

    /// A vector that is accepted, its certificate, the rules and the time.
    fn good() -> (Envelope, String, Rules, Timestamp) {
        let vectors = vectors();
        let case = &vectors["cases"][0];
        let envelope = Envelope::parse(case["raw_body"].as_str().unwrap().as_bytes()).unwrap();
        let certificate = vectors["certificates"]["trusted"]
            .as_str()
            .unwrap()
            .to_owned();
        let now = vectors["verifier_clock"].as_str().unwrap().parse().unwrap();
        (envelope, certificate, rules(&vectors, false), now)
    }

    #[test]
    fn version_1_counts_only_where_it_is_allowed() {
        let (mut envelope, _, mut rules, now) = good();
        assert!(matches!(envelope.check(&rules, now), Verdict::Genuine(_)));
        envelope.signature_version = "1".into();
        assert!(matches!(envelope.check(&rules, now), Verdict::Forged(_)));
        rules.allow_version_1 = true;
        assert!(matches!(envelope.check(&rules, now), Verdict::Genuine(_)));
        envelope.signature_version = "3".into();
        assert!(matches!(envelope.check(&rules, now), Verdict::Forged(_)));
    }

    #[test]
    fn the_window_is_seventy_minutes_back_and_five_ahead() {
        let (envelope, _, rules, _) = good();
        let at = |seconds: i64| envelope.timestamp + SignedDuration::from_secs(seconds);
        let fresh = |now| matches!(envelope.check(&rules, now), Verdict::Genuine(_));
        assert!(fresh(at(70 * 60)) && fresh(at(-5 * 60)));
        assert!(!fresh(at(70 * 60 + 1)) && !fresh(at(-5 * 60 - 1)));
    }

    #[test]
    fn a_certificate_counts_between_its_dates_only() {
        let (envelope, certificate, _, now) = good();
        assert!(envelope.verify(&certificate, now));
        assert!(!envelope.verify(&certificate, "2025-12-31T23:59:59Z".parse().unwrap()));
        assert!(!envelope.verify(&certificate, "2036-01-02T00:00:00Z".parse().unwrap()));
        assert!(!envelope.verify("", now));
        assert!(!envelope.verify(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            now
        ));
    }

    #[test]
    fn the_certificates_host_is_the_topics_own() {
        let path = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";
        let topic = "arn:aws:sns:eu-west-1:1:t";
        let of = |host: &str, topic: &str| {
            certificate::is_of_topic(&format!("https://{host}/{path}"), topic)
        };
        assert!(of("sns.eu-west-1.amazonaws.com", topic));
        assert!(of(
            "sns.cn-north-1.amazonaws.com.cn",
            "arn:aws-cn:sns:cn-north-1:1:t"
        ));
        assert!(!of(
            "sns.cn-north-1.amazonaws.com",
            "arn:aws-cn:sns:cn-north-1:1:t"
        ));
        for host in [
            "sns.us-east-1.amazonaws.com",
            "sns.eu-west-1.amazonaws.com.evil.example",
            "sns.eu-west-1.amazonaws.com@evil.example",
            "sns.eu-west-1.amazonaws.com:443",
            "sns.s3-eu-west-1.amazonaws.com",
            "sns.eu-west-1.amazonaws.com/x",
        ] {
            assert!(!of(host, topic), "{host}");
        }
        assert!(!certificate::is_of_topic(
            &format!("https://sns.eu-west-1.amazonaws.com/{path}?x"),
            topic
        ));
        assert!(!certificate::is_of_topic(
            &format!("https://sns.eu-west-1.amazonaws.com/{path}#x"),
            topic
        ));
    }
}
