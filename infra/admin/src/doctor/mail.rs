//! SES: out of the sandbox, the sender verified and signed, deliveries reported; and what it costs.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::DisplayErrorContext;
use aws_sdk_sesv2::operation::get_account::GetAccountOutput;
use aws_sdk_sesv2::operation::get_email_identity::GetEmailIdentityOutput;
use aws_sdk_sesv2::types::{DkimStatus, EventType, MailFromDomainStatus, PricingPlan};
use shared::config::settings;

use super::{Check, Finding, clean};
use crate::connect::App;

pub(super) async fn checks(app: &App) -> Vec<Check> {
    let client = Client::new(&app.setup.sdk);
    let mut reader = app.setup.reader();
    let sender = reader.optional_text(&settings::MAIL_FROM);
    let set = reader.optional_text(&settings::SES_CONFIGURATION_SET);
    let mut checks = account(&client).await;
    match sender.as_deref().map(Sender::read) {
        None if app.stack.is_none() => checks.push(("sender", NOT_EXPORTED)),
        None => checks.push((
            "sender",
            Finding::Unwell(
                "MAIL_FROM is not set: no mail can be sent; deploy with the parameter MailFrom"
                    .to_owned(),
            ),
        )),
        Some(None) => checks.push((
            "sender",
            Finding::Unwell(format!(
                "MAIL_FROM is no address; expected {}; deploy with the parameter MailFrom",
                settings::MAIL_FROM.expects
            )),
        )),
        Some(Some(sender)) => checks.extend(identity(&client, &sender).await),
    }
    checks.push((
        "configuration set",
        match set {
            None if app.stack.is_none() => NOT_EXPORTED,
            None => Finding::Unwell(
                "SES_CONFIGURATION_SET is not set: bounces and complaints are not reported; deploy the template again"
                    .to_owned(),
            ),
            Some(set) => reports(&client, &set).await,
        },
    ));
    checks
}

const NOT_EXPORTED: Finding =
    Finding::Skipped("the environment does not name it; --stack NAME finds it");

/// What SES may know the sender by: the whole address, its domain, or a domain above that.
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

    /// The identities that would do, the closest first.
    fn identities(&self) -> Vec<&str> {
        let mut names = vec![self.address.as_str()];
        let mut domain = self.domain.as_str();
        while domain.contains('.') {
            names.push(domain);
            domain = domain.split_once('.').map_or("", |(_, above)| above);
        }
        names
    }
}

fn failed<E: std::error::Error>(error: &E) -> Finding {
    Finding::Unwell(format!(
        "SES does not answer: {}; the check needs the right to read SES in this region",
        clean(&DisplayErrorContext(error).to_string())
    ))
}

async fn account(client: &Client) -> Vec<Check> {
    let account = match client.get_account().send().await {
        Ok(account) => account,
        Err(error) => return vec![("SES", failed(&error))],
    };
    let quota = account.send_quota().map_or_else(String::new, |quota| {
        format!(
            "{} of {} messages sent in 24 hours",
            quota.sent_last24_hours(),
            quota.max24_hour_send()
        )
    });
    let health = account.enforcement_status().unwrap_or("HEALTHY");
    vec![
        (
            "SES sandbox",
            Finding::that(
                account.production_access_enabled(),
                quota,
                "the account is in the sandbox: it sends to verified addresses only, 200 a day; ask AWS for production access",
            ),
        ),
        (
            "SES sending",
            Finding::that(
                account.sending_enabled() && health != "SHUTDOWN",
                format!("sending is on ({health})"),
                "sending is paused in this region: SES found too many bounces or complaints, or somebody paused it; look at \
                 the SES console's account dashboard",
            ),
        ),
        ("SES plan", plan(&account)),
    ]
}

/// A plan is a choice and no fault, but a new account has one that nobody chose.
fn plan(account: &GetAccountOutput) -> Finding {
    let pricing = account.pricing_attributes();
    let current = pricing.and_then(|pricing| pricing.current_plan());
    let next = pricing
        .and_then(|pricing| pricing.next_plan())
        .filter(|next| Some(*next) != current)
        .map_or_else(String::new, |next| {
            format!(", {} from the next month on", next.as_str())
        });
    match current {
        None | Some(PricingPlan::None) => {
            Finding::Well(format!("no plan: 0.10 USD for 1,000 mails{next}"))
        }
        Some(PricingPlan::Essentials) => Finding::Advice(format!(
            "ESSENTIALS, which a new account has since July 2026: 0.16 USD for 1,000 mails{next}. Nothing here needs it; without \
             a plan they are 0.10: `aws sesv2 put-account-pricing-attributes --plan NONE`"
        )),
        Some(plan) => Finding::Advice(format!(
            "{}{next}: nothing here needs more than sending without a plan, 0.10 USD for 1,000 mails; \
             `aws sesv2 put-account-pricing-attributes --plan NONE` ends it, if nothing else of the account does",
            plan.as_str()
        )),
    }
}

/// The sender's identity: the first one that is verified, else the first one that there is.
async fn identity(client: &Client, sender: &Sender) -> Vec<Check> {
    let mut there: Option<(&str, GetEmailIdentityOutput)> = None;
    for name in sender.identities() {
        match client
            .get_email_identity()
            .email_identity(name)
            .send()
            .await
        {
            Ok(found) => {
                let verified = found.verified_for_sending_status();
                if verified || there.is_none() {
                    there = Some((name, found));
                }
                if verified {
                    break;
                }
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_not_found_exception()) => {}
            Err(error) => return vec![("sender", failed(&error))],
        }
    }
    let Some((name, found)) = there else {
        return vec![(
            "sender",
            Finding::Unwell(format!(
                "SES has no identity for {} in this region; deploy with MailIdentity={} CreateMailIdentity=true",
                sender.address, sender.domain
            )),
        )];
    };
    vec![
        (
            "sender",
            Finding::that(
                found.verified_for_sending_status(),
                format!("{name} is verified"),
                format!(
                    "{name} is not verified in this region; publish the records that the stack's outputs MailDkim1 to MailDkim3 hold"
                ),
            ),
        ),
        ("DKIM", dkim(name, &found)),
        ("MAIL FROM domain", mail_from(name, &found)),
    ]
}

fn dkim(name: &str, found: &GetEmailIdentityOutput) -> Finding {
    let signed = found
        .dkim_attributes()
        .is_some_and(|dkim| dkim.signing_enabled() && dkim.status() == Some(&DkimStatus::Success));
    Finding::that(
        signed,
        "mail is signed",
        format!(
            "mail of {name} is not signed: turn Easy DKIM on and publish its three CNAME records"
        ),
    )
}

/// DKIM alone lets DMARC pass, so a missing return domain is advice; a broken one is a fault.
fn mail_from(name: &str, found: &GetEmailIdentityOutput) -> Finding {
    let own = found
        .mail_from_attributes()
        .filter(|own| !own.mail_from_domain().is_empty());
    match own {
        None => Finding::Advice(format!(
            "{name} has no MAIL FROM domain of its own, so SPF passes as Amazon's and not as yours; deploy with MailFromDomain \
             and publish its MX and TXT records"
        )),
        Some(own) => Finding::that(
            own.mail_from_domain_status() == &MailFromDomainStatus::Success,
            format!("bounces go to {}", own.mail_from_domain()),
            format!(
                "{} is {}: publish its MX and TXT records (outputs MailFromMx and MailFromSpf)",
                own.mail_from_domain(),
                own.mail_from_domain_status().as_str()
            ),
        ),
    }
}

async fn reports(client: &Client, set: &str) -> Finding {
    let call = client.get_configuration_set_event_destinations();
    let answer = match call.configuration_set_name(set).send().await {
        Ok(answer) => answer,
        Err(error) => return failed(&error),
    };
    let wanted = [EventType::Delivery, EventType::Bounce, EventType::Complaint];
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
        format!("{set} reports deliveries, bounces and complaints"),
        format!(
            "{set} does not report {} to SNS; deploy the template again",
            missing.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for text in [
            "Example <no-reply@mail.example.com>",
            "no-reply@mail.example.com",
        ] {
            let sender = Sender::read(text).unwrap();
            let expected = [
                "no-reply@mail.example.com",
                "mail.example.com",
                "example.com",
            ];
            assert_eq!(sender.identities(), expected);
        }
        assert!(Sender::read("Example").is_none());
    }
}
