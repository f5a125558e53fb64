//! What a local cloud is started with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};
use shared::config::settings;

/// How a local cloud is to be started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where data are kept; `None` keeps them in memory and forgets them at the end.
    pub data: Option<PathBuf>,
    /// The gateway's port on 127.0.0.1 and `[::1]`; 0 takes any free one.
    pub port: u16,
    /// Settings that replace the local cloud's own, by name.
    pub settings: Vec<(String, String)>,
    /// Settings that the local cloud would give and that are to stay unset, by name.
    pub unset: Vec<String>,
    /// Another DynamoDB engine in place of the embedded one, by its URL. Only a cloud in memory takes it.
    pub dynamodb: Option<String>,
    /// Sends each call to both engines, and appends what they answer differently to this file.
    pub comparison: Option<PathBuf>,
}

impl Options {
    /// A cloud in memory on any free port, as tests want it: on the engine at `AWS_ENDPOINT_URL_DYNAMODB` where that is
    /// set, and compared with it where `DYNAMODB_COMPARISON` names a file.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "these are for those who run the tests, no settings of the service"
    )]
    pub fn memory() -> Self {
        Self {
            dynamodb: std::env::var("AWS_ENDPOINT_URL_DYNAMODB").ok(),
            comparison: std::env::var_os("DYNAMODB_COMPARISON").map(PathBuf::from),
            ..Self::default()
        }
    }

    /// Sets a configuration variable.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Leaves a configuration variable unset that the local cloud would set, such as `TWILIO_WHATSAPP_FROM`.
    #[must_use]
    pub fn without(mut self, name: impl Into<String>) -> Self {
        self.unset.push(name.into());
        self
    }

    /// The settings, checked for names that do not exist and for empty values.
    ///
    /// # Errors
    /// A sentence for each wrong one.
    pub(crate) fn check(&self) -> Result<(), String> {
        let complaints: Vec<_> = self
            .settings
            .iter()
            .filter_map(|(name, value)| complaint(name, value))
            .collect();
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(complaints.join("\n"))
        }
    }

    /// Puts the settings over `variables`, but for the secret ones; a later one replaces an earlier one.
    pub(crate) fn apply(&self, variables: &mut BTreeMap<String, String>) {
        for name in &self.unset {
            variables.remove(name);
        }
        let plain = self.settings.iter().filter(|(name, _)| !is_secret(name));
        variables.extend(plain.cloned());
    }

    /// The secret settings, a later one after an earlier one.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        let secret = self.settings.iter().filter(|(name, _)| is_secret(name));
        secret.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The settings that people chose, by name, without secrets.
    pub(crate) fn chosen(&self) -> Map<String, Value> {
        let plain = self.settings.iter().filter(|(name, _)| !is_secret(name));
        plain
            .filter(|(name, _)| is_for_people(name))
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect()
    }
}

fn is_secret(name: &str) -> bool {
    settings::ALL
        .iter()
        .any(|setting| setting.name == name && setting.secret)
}

/// Whether a variable of the environment is a setting for people to choose, not one of the wires between functions and
/// engines.
#[must_use]
pub fn is_for_people(name: &str) -> bool {
    let wires = [
        "STAGE",
        "ACCOUNTS_TABLE",
        "EPHEMERAL_TABLE",
        "AVATAR_BUCKET",
        "AVATAR_BASE_URL",
        "EVENT_BUS",
        "SECRET_ID",
        "SNS_TOPIC_ARNS",
        "TWILIO_BASE_URL",
        "SENDGRID_BASE_URL",
    ];
    !name.starts_with("AWS_")
        && !wires.contains(&name)
        && settings::ALL.iter().any(|setting| setting.name == name)
}

fn complaint(name: &str, value: &str) -> Option<String> {
    let Some(setting) = settings::ALL.iter().find(|s| s.name == name) else {
        return Some(format!(
            "{name}: there is no setting of this name; docs/CONFIGURATION.md lists them all."
        ));
    };
    value.is_empty().then(|| {
        format!(
            "{name}: found an empty value; expected {}.",
            setting.expects
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_refused_by_name() {
        let refusal = Options::memory()
            .set("OTP_LENGTH", "6")
            .check()
            .unwrap_err();
        assert!(refusal.starts_with("OTP_LENGTH: "), "{refusal}");
    }

    #[test]
    fn the_environment_chooses_and_does_not_wire() {
        assert!(is_for_people("OTP_CODE_LENGTH") && is_for_people("PUBLIC_URL"));
        for name in ["AWS_REGION", "TWILIO_BASE_URL", "STAGE", "PATH"] {
            assert!(!is_for_people(name), "{name}");
        }
    }

    #[test]
    fn a_secret_setting_is_no_variable_and_is_not_shown() {
        let options = Options::memory()
            .set("PEPPERS", "[]")
            .set("TWILIO_AUTH_TOKEN", "one")
            .set("TWILIO_AUTH_TOKEN", "two");
        let mut variables = BTreeMap::new();
        options.apply(&mut variables);
        assert!(variables.is_empty() && options.chosen().is_empty());
        let secrets: Vec<_> = options.secrets().collect();
        let tokens = [("TWILIO_AUTH_TOKEN", "one"), ("TWILIO_AUTH_TOKEN", "two")];
        assert_eq!(secrets, [[("PEPPERS", "[]")].as_slice(), &tokens].concat());
    }

    #[test]
    fn an_empty_value_is_a_wrong_one() {
        let refusal = Options::memory()
            .set("OTP_CODE_LENGTH", "")
            .set("SERVICE_NAME", "")
            .check()
            .unwrap_err();
        assert!(refusal.contains("OTP_CODE_LENGTH: found an empty value; expected a whole number"));
        assert!(refusal.contains("SERVICE_NAME: "));
    }

    #[test]
    fn known_settings_pass_and_the_last_one_counts() {
        let options = Options::memory()
            .set("OTP_CODE_LENGTH", "7")
            .set("OTP_CODE_LENGTH", "8")
            .without("TWILIO_FROM");
        assert_eq!(options.check(), Ok(()));
        let mut variables = BTreeMap::from([("TWILIO_FROM".to_owned(), "+1".to_owned())]);
        options.apply(&mut variables);
        assert_eq!(variables["OTP_CODE_LENGTH"], "8");
        assert_eq!(options.chosen()["OTP_CODE_LENGTH"], "8");
        assert_eq!(variables.get("TWILIO_FROM"), None);
    }
}
