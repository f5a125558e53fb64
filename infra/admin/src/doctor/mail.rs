//! SES: out of the sandbox, the sender verified and signed, deliveries reported.

use aws_sdk_ses::Client;
use aws_sdk_ses::types::{
    ConfigurationSetAttribute, CustomMailFromStatus, EventType, VerificationStatus,
};
use shared::config::settings;

use super::{Check, Finding};
use crate::connect::House;

/// In the sandbox an account sends 200 messages a day at the most.
const SANDBOX: f64 = 200.0;

pub(super) async fn checks(house: &House) -> Vec<Check> {
    let mut reader = house.setup.reader();
    if reader.optional_text(&settings::MAIL_PROVIDER).as_deref() == Some("sendgrid") {
        return vec![("SES", Finding::Skipped("MAIL_PROVIDER is sendgrid"))];
    }
    let mut config = aws_sdk_ses::config::Builder::from(&house.setup.sdk);
    config.set_endpoint_url(
        house
            .setup
            .endpoint(&mut reader, &settings::AWS_ENDPOINT_URL_SES),
    );
    let client = Client::from_conf(config.build());
    let sender = reader.optional_text(&settings::MAIL_FROM);
    let set = reader.optional_text(&settings::SES_CONFIGURATION_SET);
    let mut checks = vec![
        ("SES sandbox", sandbox(&client).await),
        ("SES sending", sending(&client).await),
    ];
    match sender.as_deref().and_then(Sender::read) {
        None => checks.push((
            "sender",
            Finding::Unwell("MAIL_FROM is not set: no mail can be sent".to_owned()),
        )),
        Some(sender) => {
            checks.push(("sender", identity(&client, &sender).await));
            checks.push(("DKIM", dkim(&client, &sender).await));
            checks.push(("MAIL FROM domain", mail_from(&client, &sender).await));
        }
    }
    checks.push(match set {
        None => (
            "configuration set",
            Finding::Unwell(
                "SES_CONFIGURATION_SET is not set: bounces and complaints are not reported"
                    .to_owned(),
            ),
        ),
        Some(set) => ("configuration set", reports(&client, &set).await),
    });
    checks
}

/// What SES may know the sender by: the whole address, or its domain.
struct Sender {
    address: String,
    domain: String,
}

impl Sender {
    /// Reads `Name <address>` or an address alone.
    fn read(text: &str) -> Option<Self> {
        let address = match text.rsplit_once('<') {
            Some((_, rest)) => rest.trim_end_matches('>'),
            None => text,
        };
        let (_, domain) = address.trim().rsplit_once('@')?;
        Some(Self {
            address: address.trim().to_owned(),
            domain: domain.to_owned(),
        })
    }

    fn names(&self) -> [&String; 2] {
        [&self.address, &self.domain]
    }
}

async fn sending(client: &Client) -> Finding {
    match client.get_account_sending_enabled().send().await {
        Ok(answer) => Finding::that(
            answer.enabled(),
            "sending is on",
            "sending is paused in this region: SES found too many bounces or complaints, or somebody paused it",
        ),
        Err(error) => told(&error),
    }
}

fn told<E: std::error::Error>(error: &E) -> Finding {
    Finding::Unwell(format!(
        "SES does not answer: {}",
        aws_sdk_ses::error::DisplayErrorContext(error)
    ))
}

async fn sandbox(client: &Client) -> Finding {
    match client.get_send_quota().send().await {
        Ok(quota) => Finding::that(
            quota.max24_hour_send() > SANDBOX,
            format!(
                "{} of {} messages sent in 24 hours",
                quota.sent_last24_hours(),
                quota.max24_hour_send()
            ),
            "the account is in the sandbox: it sends to verified addresses only; ask AWS for production access",
        ),
        Err(error) => told(&error),
    }
}

async fn identity(client: &Client, sender: &Sender) -> Finding {
    let names = sender.names().map(String::clone).to_vec();
    let asked = client.get_identity_verification_attributes();
    match asked.set_identities(Some(names)).send().await {
        Ok(answer) => {
            let found = answer.verification_attributes();
            let verified = sender.names().into_iter().find(|name| {
                found.get(*name).is_some_and(|found| {
                    found.verification_status() == &VerificationStatus::Success
                })
            });
            match verified {
                Some(name) => Finding::Well(format!("{name} is verified")),
                None => Finding::Unwell(format!(
                    "{} is not verified in this region; publish the records that SES shows for it",
                    sender.domain
                )),
            }
        }
        Err(error) => told(&error),
    }
}

async fn dkim(client: &Client, sender: &Sender) -> Finding {
    let names = sender.names().map(String::clone).to_vec();
    let asked = client.get_identity_dkim_attributes();
    match asked.set_identities(Some(names)).send().await {
        Ok(answer) => {
            let found = answer.dkim_attributes();
            let signed = sender.names().into_iter().any(|name| {
                found.get(name).is_some_and(|found| {
                    found.dkim_enabled()
                        && found.dkim_verification_status() == &VerificationStatus::Success
                })
            });
            Finding::that(
                signed,
                "mail is signed",
                format!(
                    "mail of {} is not signed: turn Easy DKIM on and publish its three CNAME records",
                    sender.domain
                ),
            )
        }
        Err(error) => told(&error),
    }
}

async fn mail_from(client: &Client, sender: &Sender) -> Finding {
    let names = sender.names().map(String::clone).to_vec();
    let asked = client.get_identity_mail_from_domain_attributes();
    match asked.set_identities(Some(names)).send().await {
        Ok(answer) => {
            let found = answer.mail_from_domain_attributes();
            let own = sender.names().into_iter().find_map(|name| {
                let found = found.get(name)?;
                (!found.mail_from_domain().is_empty()).then_some(found)
            });
            match own {
                None => Finding::Unwell(format!(
                    "{} has no MAIL FROM domain of its own, so SPF does not align; set one and publish its MX and TXT records",
                    sender.domain
                )),
                Some(own) => Finding::that(
                    own.mail_from_domain_status() == &CustomMailFromStatus::Success,
                    format!("bounces go to {}", own.mail_from_domain()),
                    format!(
                        "{} is {}: publish its MX and TXT records",
                        own.mail_from_domain(),
                        own.mail_from_domain_status().as_str()
                    ),
                ),
            }
        }
        Err(error) => told(&error),
    }
}

async fn reports(client: &Client, set: &str) -> Finding {
    let call = client
        .describe_configuration_set()
        .configuration_set_name(set);
    match call
        .configuration_set_attribute_names(ConfigurationSetAttribute::EventDestinations)
        .send()
        .await
    {
        Ok(answer) => {
            let wanted = [
                EventType::Send,
                EventType::Delivery,
                EventType::Bounce,
                EventType::Complaint,
            ];
            let sent = |kind: &EventType| {
                answer.event_destinations().iter().any(|to| {
                    to.enabled()
                        && to.sns_destination().is_some()
                        && to.matching_event_types().contains(kind)
                })
            };
            let missing: Vec<_> = wanted
                .iter()
                .filter(|kind| !sent(kind))
                .map(EventType::as_str)
                .collect();
            Finding::that(
                missing.is_empty(),
                format!("{set} reports sends, deliveries, bounces and complaints"),
                format!(
                    "{set} does not report {} to SNS; deploy the template again",
                    missing.join(", ")
                ),
            )
        }
        Err(error) => told(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for text in ["Example <no-reply@example.com>", "no-reply@example.com"] {
            let sender = Sender::read(text).unwrap();
            assert_eq!(sender.names(), ["no-reply@example.com", "example.com"]);
        }
        assert!(Sender::read("Example").is_none());
    }
}
