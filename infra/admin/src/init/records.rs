//! The DNS records that a deployment needs, as far as they are known before it.

use std::collections::BTreeMap;

/// A sentence for each.
pub(super) fn of(parameters: &BTreeMap<String, String>, region: Option<&str>) -> Vec<String> {
    let set = |name: &str| {
        let value = parameters.get(name).map(String::as_str)?;
        (!value.is_empty() && value != "none").then_some(value)
    };
    let identity = set("MailIdentity").unwrap_or_default();
    let mut records = Vec::new();
    if set("MailProvider") == Some("sendgrid") {
        records.push(format!(
            "{identity}: the records that SendGrid shows under Sender Authentication"
        ));
    } else if set("CreateMailIdentity") != Some("false") {
        records.push(format!(
            "{identity}: three CNAMEs for DKIM, the outputs MailDkim1 to MailDkim3 of the deployment"
        ));
        if let Some(from) = set("MailFromDomain") {
            let region = region.unwrap_or("REGION");
            records.push(format!("{from} MX 10 feedback-smtp.{region}.amazonses.com"));
            records.push(format!("{from} TXT \"v=spf1 include:amazonses.com -all\""));
        }
    }
    records.push(format!(
        "_dmarc.{identity} TXT \"v=DMARC1; p=none; rua=mailto:dmarc@{identity}\" to begin with, later p=reject"
    ));
    if let Some(domain) = set("DomainName") {
        match (set("HostedZoneId"), set("EdgeDomain")) {
            (Some(_), _) => {}
            (None, Some(edge)) => records.push(format!("{domain} CNAME {edge}")),
            (None, None) => records.push(format!(
                "{domain} CNAME to the output ApiDomainTarget of the deployment"
            )),
        }
    }
    records
}
