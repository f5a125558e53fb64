//! The parameters of template.yaml: which there are, and what each may be.

use std::collections::BTreeMap;

use regex_lite::Regex;
use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use shared::clock::SystemClock;
use shared::cloud::Setup;
use shared::config::{
    IpLimits, OtpRules, Public, SecretDocument, TextLimits, TokenRules, Variables, settings,
};
use shared::messaging::MessagingSettings;

use crate::failure::Failure;

/// The template that this command line was built with.
const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// All parameters, by name.
pub(super) struct Template(BTreeMap<String, Parameter>);

#[derive(Default)]
struct Parameter {
    default: Option<String>,
    description: String,
    /// What the template itself says about a wrong value.
    constraint: Option<String>,
    pattern: Option<String>,
    allowed: Vec<String>,
    number: bool,
    least: Option<i64>,
    most: Option<i64>,
    shortest: Option<i64>,
    longest: Option<i64>,
}

/// The word that takes a parameter's value away again, which SAM would keep otherwise.
const NONE: &str = "none";

impl Template {
    /// Reads the part of the template that says what can be set.
    pub(super) fn read() -> Result<Self, Failure> {
        let broken =
            |error: String| Failure::Other(format!("template.yaml cannot be read: {error}"));
        let documents = Yaml::load_from_str(TEMPLATE).map_err(|error| broken(error.to_string()))?;
        let parameters = documents
            .first()
            .and_then(|template| template.as_mapping_get("Parameters"))
            .and_then(Yaml::as_mapping)
            .ok_or_else(|| broken("it has no Parameters".to_owned()))?;
        let all = parameters
            .iter()
            .filter_map(|(name, entry)| Some((name.as_str()?.to_owned(), Parameter::of(entry))));
        Ok(Self(all.collect()))
    }

    /// What a parameter is for, and what it is when nobody says anything.
    pub(super) fn question(&self, name: &str) -> (&str, Option<&str>) {
        self.0.get(name).map_or(("", None), |parameter| {
            (parameter.description.as_str(), parameter.default.as_deref())
        })
    }

    /// Whether a value is one that the template takes.
    ///
    /// # Errors
    /// What was found, and what is expected.
    pub(super) fn check(&self, name: &str, value: &str) -> Result<(), String> {
        let Some(parameter) = self.0.get(name) else {
            let close: Vec<_> = self
                .0
                .keys()
                .filter(|known| known.eq_ignore_ascii_case(name) || known.contains(name))
                .map(String::as_str)
                .collect();
            let hint = if close.is_empty() {
                "the names are those under Parameters in template.yaml".to_owned()
            } else {
                format!("expected {}", close.join(" or "))
            };
            return Err(format!("{name} is no parameter of template.yaml; {hint}"));
        };
        parameter
            .check(value)
            .map_err(|expected| format!("{name}: found {value:?}; expected {expected}"))
    }

    /// Whether all values together make a stack whose functions start.
    ///
    /// # Errors
    /// Everything that is wrong, a line each.
    pub(super) fn check_all(&self, values: &BTreeMap<String, String>) -> Result<(), String> {
        let mut wrong: Vec<String> = values
            .iter()
            .filter_map(|(name, value)| self.check(name, value).err())
            .collect();
        wrong.extend(self.0.iter().filter_map(|(name, parameter)| {
            let missing = parameter.default.is_none() && !values.contains_key(name);
            missing.then(|| {
                format!(
                    "{name}: it is not given; expected {}",
                    parameter.description
                )
            })
        }));
        wrong.extend(contradictions(values));
        if wrong.is_empty() {
            wrong.extend(complaints(values));
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n"))
        }
    }
}

impl Parameter {
    fn of(entry: &Yaml<'_>) -> Self {
        let text = |name: &str| entry.as_mapping_get(name).map(plain);
        let number = |name: &str| text(name)?.parse().ok();
        let allowed = entry
            .as_mapping_get("AllowedValues")
            .and_then(Yaml::as_sequence);
        Self {
            default: text("Default"),
            description: text("Description").unwrap_or_default(),
            constraint: text("ConstraintDescription"),
            pattern: text("AllowedPattern"),
            allowed: allowed.into_iter().flatten().map(plain).collect(),
            number: text("Type").as_deref() == Some("Number"),
            least: number("MinValue"),
            most: number("MaxValue"),
            shortest: number("MinLength"),
            longest: number("MaxLength"),
        }
    }

    /// What is expected, where the value is not it.
    fn check(&self, value: &str) -> Result<(), String> {
        if !self.allowed.is_empty() && !self.allowed.iter().any(|allowed| allowed == value) {
            return Err(format!("one of {}", self.allowed.join(", ")));
        }
        if self.number {
            let (least, most) = (
                self.least.unwrap_or(i64::MIN),
                self.most.unwrap_or(i64::MAX),
            );
            let fits = value
                .parse::<i64>()
                .is_ok_and(|n| (least..=most).contains(&n));
            let bounds = match (self.least, self.most) {
                (Some(least), Some(most)) => format!(" from {least} to {most}"),
                (Some(least), None) => format!(" of {least} or more"),
                _ => String::new(),
            };
            return if fits {
                Ok(())
            } else {
                Err(format!("a whole number{bounds}"))
            };
        }
        let length = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
        if self.shortest.is_some_and(|shortest| length < shortest) {
            return Err(self
                .constraint
                .clone()
                .unwrap_or_else(|| self.description.clone()));
        }
        if self.longest.is_some_and(|longest| length > longest) {
            return Err(format!(
                "at most {} characters",
                self.longest.unwrap_or_default()
            ));
        }
        if self
            .pattern
            .as_deref()
            .is_some_and(|pattern| !matches(pattern, value))
        {
            return Err(self
                .constraint
                .clone()
                .unwrap_or_else(|| self.description.clone()));
        }
        Ok(())
    }
}

/// CloudFormation matches with Java's expressions. All of ours are plain but for one that excludes a word.
fn matches(pattern: &str, value: &str) -> bool {
    let (pattern, excluded) = match pattern
        .strip_prefix("^(?!")
        .and_then(|rest| rest.split_once(')'))
    {
        Some((word, rest)) => (format!("^{rest}"), Some(word.trim_end_matches('$'))),
        None => (pattern.to_owned(), None),
    };
    excluded != Some(value) && Regex::new(&pattern).is_ok_and(|pattern| pattern.is_match(value))
}

fn plain(node: &Yaml<'_>) -> String {
    match node {
        Yaml::Value(Scalar::String(text)) => text.to_string(),
        Yaml::Value(Scalar::Integer(number)) => number.to_string(),
        Yaml::Value(Scalar::Boolean(flag)) => flag.to_string(),
        Yaml::Representation(text, ..) => text.to_string(),
        _ => String::new(),
    }
}

fn set<'v>(values: &'v BTreeMap<String, String>, name: &str) -> Option<&'v str> {
    let value = values.get(name).map(String::as_str)?;
    (!value.is_empty() && value != NONE).then_some(value)
}

/// What the template's rules refuse, and a sender that SES could not send as.
fn contradictions(values: &BTreeMap<String, String>) -> Vec<String> {
    let set = |name: &str| set(values, name);
    let mut wrong = Vec::new();
    if set("DomainName").is_some() && set("CertificateArn").is_none() {
        wrong.push("CertificateArn: it is not given; a custom domain needs a certificate of ACM in the stack's region".to_owned());
    }
    let edge = set("Edge").is_some_and(|edge| edge != "off") || set("EdgeDomain").is_some();
    if edge && set("DomainName").is_none() {
        wrong.push("DomainName: it is not given; an edge needs a domain that both the CDN and the API answer to".to_owned());
    }
    if let (Some(from), Some(identity)) = (set("MailFrom"), set("MailIdentity")) {
        let host = from
            .trim_end_matches('>')
            .rsplit('@')
            .next()
            .unwrap_or_default();
        if host != identity && !host.ends_with(&format!(".{identity}")) {
            wrong.push(format!(
                "MailFrom: found a sender at {host}; expected one at MailIdentity, {identity}, or a domain below it"
            ));
        }
    }
    wrong
}

/// Reads the values as the functions will.
fn complaints(values: &BTreeMap<String, String>) -> Vec<String> {
    let mut variables = Variables::default();
    let domain = set(values, "DomainName").map(|domain| format!("https://{domain}"));
    variables.set(
        "PUBLIC_URL",
        domain.as_deref().unwrap_or("https://api.example.com"),
    );
    variables.set("SES_CONFIGURATION_SET", "made-by-the-stack");
    for name in values.keys() {
        if let Some(value) = set(values, name) {
            let setting = upper(name);
            if settings::ALL.iter().any(|known| known.name == setting) {
                variables.set(setting, value);
            }
        }
    }
    let setup = Setup::over(
        variables,
        std::sync::Arc::new(SystemClock),
        aws_config::SdkConfig::builder().build(),
    );
    let setup = match setup {
        Ok(setup) => setup,
        Err(error) => return vec![error.to_string()],
    };
    let secrets = SecretDocument::default();
    let mut reader = shared::config::Reader::new(&setup.variables, &secrets);
    let public = Public::read(&mut reader);
    OtpRules::read(&mut reader);
    IpLimits::read(&mut reader);
    TextLimits::read(&mut reader);
    TokenRules::read(&mut reader, &public);
    MessagingSettings::read(&mut reader, &setup, &public);
    let complaints = reader.finish(()).err().into_iter().flat_map(|all| all.0);
    // What only the secret holds is put in after the deployment.
    let in_secret = |name: &str| settings::ALL.iter().any(|s| s.secret && s.name == name);
    complaints
        .filter(|complaint| !in_secret(complaint.name))
        .map(|complaint| format!("{}: {}", complaint.name, complaint.sentence))
        .collect()
}

/// `MailFrom` is the setting `MAIL_FROM`.
fn upper(name: &str) -> String {
    let mut upper = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !upper.is_empty() {
            upper.push('_');
        }
        upper.push(letter.to_ascii_uppercase());
    }
    upper
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_the_template_is_understood_and_takes_its_default() {
        let template = Template::read().unwrap();
        assert!(template.0.len() > 40, "{}", template.0.len());
        for (name, parameter) in &template.0 {
            if let Some(default) = &parameter.default {
                assert_eq!(template.check(name, default), Ok(()), "{name}");
            }
            if let Some(pattern) = &parameter.pattern {
                assert!(!matches(pattern, "\u{7}<>{}\" local"), "{name}: {pattern}");
            }
        }
        for stage in ["local", "Dev", "x y"] {
            assert!(template.check("Stage", stage).is_err(), "{stage}");
        }
        assert_eq!(template.check("Stage", "localhost"), Ok(()));
    }

    #[test]
    fn parameters_are_read_as_the_functions_read_them() {
        let check = |pairs: &[(&str, &str)]| {
            let mut values = BTreeMap::from([
                (
                    "MailFrom".to_owned(),
                    "Example <no-reply@example.com>".to_owned(),
                ),
                ("MailIdentity".to_owned(), "example.com".to_owned()),
            ]);
            values.extend(
                pairs
                    .iter()
                    .map(|(n, v)| ((*n).to_owned(), (*v).to_owned())),
            );
            Template::read().unwrap().check_all(&values)
        };
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(
            check(&[("MailFrom", "a@mail.example.com"), ("Stage", "prod")]),
            Ok(())
        );
        for (name, value, told) in [
            ("MailFrom", "Example", "MailFrom"),
            ("MailFrom", "a@example.org", "expected one at MailIdentity"),
            ("MailIdentity", "Example.com", "MailIdentity"),
            ("OtpCodeLength", "5", "from 6 to 10"),
            ("OtpCodeLength", "six", "whole number"),
            ("Edge", "on", "one of off, optional, required"),
            ("Edge", "required", "DomainName"),
            ("DomainName", "auth.example.com", "CertificateArn"),
            ("SmsCountries", "XX", "SMS_COUNTRIES"),
            (
                "TwilioWhatsappFrom",
                "+14155550199",
                "TWILIO_WHATSAPP_CONTENT_SID",
            ),
            ("mailfrom", "a@example.com", "expected MailFrom"),
        ] {
            let refused = check(&[(name, value)]).unwrap_err();
            assert!(refused.contains(told), "{name}={value}: {refused}");
        }
    }
}
