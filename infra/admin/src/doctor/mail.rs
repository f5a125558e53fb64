//! SES: out of the sandbox, the sender verified and signed, deliveries reported.

use aws_sdk_ses::Client;
use aws_sdk_ses::types::{ConfigurationSetAttribute, EventType, VerificationStatus};
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
    let client = Client::new(&house.setup.sdk);
    let sender = reader.optional_text(&settings::MAIL_FROM);
    let set = reader.optional_text(&settings::SES_CONFIGURATION_SET);
    let mut checks = vec![("SES sandbox", sandbox(&client).await)];
    match sender
        .as_deref()
        .and_then(|sender| sender.trim_end_matches('>').rsplit_once('@'))
    {
        None => checks.push((
            "sender",
            Finding::Unwell("MAIL_FROM is not set: no mail can be sent".to_owned()),
        )),
        Some((_, domain)) => {
            checks.push(("sender", identity(&client, domain).await));
            checks.push(("DKIM", dkim(&client, domain).await));
            checks.push(("MAIL FROM domain", mail_from(&client, domain).await));
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

async fn identity(client: &Client, domain: &str) -> Finding {
    match client
        .get_identity_verification_attributes()
        .identities(domain)
        .send()
        .await
    {
        Ok(answer) => Finding::that(
            answer
                .verification_attributes()
                .get(domain)
                .is_some_and(|found| found.verification_status() == &VerificationStatus::Success),
            format!("{domain} is verified"),
            format!(
                "{domain} is not verified in this region; publish the records that SES shows for it"
            ),
        ),
        Err(error) => told(&error),
    }
}

async fn dkim(client: &Client, domain: &str) -> Finding {
    match client
        .get_identity_dkim_attributes()
        .identities(domain)
        .send()
        .await
    {
        Ok(answer) => Finding::that(
            answer.dkim_attributes().get(domain).is_some_and(|found| {
                found.dkim_enabled()
                    && found.dkim_verification_status() == &VerificationStatus::Success
            }),
            "mail is signed",
            format!(
                "mail of {domain} is not signed: turn Easy DKIM on and publish its three CNAME records"
            ),
        ),
        Err(error) => told(&error),
    }
}

async fn mail_from(client: &Client, domain: &str) -> Finding {
    match client
        .get_identity_mail_from_domain_attributes()
        .identities(domain)
        .send()
        .await
    {
        Ok(answer) => Finding::that(
            answer
                .mail_from_domain_attributes()
                .get(domain)
                .is_some_and(|found| !found.mail_from_domain().is_empty()),
            "bounces go to a domain of ours",
            format!(
                "{domain} has no MAIL FROM domain of its own, so SPF does not align; set one and publish its MX and TXT records"
            ),
        ),
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
