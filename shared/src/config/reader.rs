//! Reads settings from the environment and the secret, and remembers every complaint.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::settings::{self, Setting, Whole};

/// The environment as the service sees it: the process's own when deployed, a map of its own for each local cloud.
#[derive(Clone, Debug, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The process's environment.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the process"
    )]
    pub fn from_process() -> Self {
        Self(
            settings::ALL
                .iter()
                .filter_map(|s| Some((s.name.to_owned(), std::env::var(s.name).ok()?)))
                .collect(),
        )
    }

    /// The value of a variable, if it is set (an empty one is set).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Sets a variable that is not set yet.
    pub fn set_default(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.entry(name.into()).or_insert_with(|| value.into());
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// The JSON document in Secrets Manager: setting names and their values.
#[derive(Clone, Default)]
pub struct SecretDocument(BTreeMap<String, SecretString>);

impl SecretDocument {
    /// The names of its members.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Reads the document: one JSON object, whose values are strings or, for settings that hold JSON, JSON itself.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the document; it never repeats a value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
            .map_err(|error| {
                format!(
                    "the secret is no JSON object (line {}, column {})",
                    error.line(),
                    error.column()
                )
            })?;
        Ok(Self(
            document
                .into_iter()
                .map(|(name, value)| {
                    let text = match value {
                        serde_json::Value::String(text) => text,
                        other => other.to_string(),
                    };
                    (name, text.into())
                })
                .collect(),
        ))
    }
}

/// One wrong setting, as a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub name: &'static str,
    /// What was found and what is expected.
    pub sentence: String,
}

/// All that is wrong with the settings, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaints(pub Vec<Complaint>);

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, complaint) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {}", complaint.name, complaint.sentence)?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}

/// Hands out settings, checked; collects what is wrong with them.
pub struct Reader<'a> {
    variables: &'a Variables,
    secrets: &'a SecretDocument,
    complaints: Vec<Complaint>,
}

impl<'a> Reader<'a> {
    /// A reader over the environment and the secret.
    #[must_use]
    pub fn new(variables: &'a Variables, secrets: &'a SecretDocument) -> Self {
        Self {
            variables,
            secrets,
            complaints: Vec::new(),
        }
    }

    /// What was read, if nothing was wrong with any of it.
    ///
    /// # Errors
    /// All complaints at once.
    pub fn finish<T>(self, value: T) -> Result<T, Complaints> {
        if self.complaints.is_empty() {
            Ok(value)
        } else {
            Err(Complaints(self.complaints))
        }
    }

    /// Says what is wrong with a setting; a secret's value is not repeated.
    pub fn complain(&mut self, setting: &Setting, found: Option<&str>) {
        if self
            .complaints
            .iter()
            .any(|complaint| complaint.name == setting.name)
        {
            // Two modules read it; one complaint is enough.
            return;
        }
        let found = match found {
            None => "it is not set".to_owned(),
            Some(_) if setting.secret => {
                "found a value that is not shown, because it is a secret".to_owned()
            }
            Some("") => "found an empty value".to_owned(),
            Some(value) => format!("found {:?}", value.chars().take(120).collect::<String>()),
        };
        let why = if setting.why.is_empty() {
            String::new()
        } else {
            format!(" ({})", setting.why)
        };
        let sentence = format!("{found}; expected {}{why}.", setting.expects);
        self.complaints.push(Complaint {
            name: setting.name,
            sentence,
        });
    }

    /// Says what is wrong with a setting in words of the caller's, which must not repeat a secret.
    pub fn refuse(&mut self, setting: &Setting, reason: &str) {
        self.complaints.push(Complaint {
            name: setting.name,
            sentence: format!("{reason}; expected {}.", setting.expects),
        });
    }

    fn raw(&self, setting: &Setting) -> Option<String> {
        let from_secret = || {
            setting
                .secret
                .then(|| self.secrets.0.get(setting.name))
                .flatten()
                .map(|s| s.expose_secret().to_owned())
        };
        self.variables
            .get(setting.name)
            .map(str::to_owned)
            .or_else(from_secret)
    }

    /// A setting's value through `parse`; its default where it is not set; `None` where it has no default either.
    /// A value that `parse` refuses, an empty one included, is a complaint.
    pub fn optional<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let found = self
            .raw(setting)
            .or_else(|| setting.default.map(str::to_owned))?;
        let value = if found.is_empty() {
            None
        } else {
            parse(&found)
        };
        if value.is_none() {
            self.complain(setting, Some(&found));
        }
        value
    }

    /// Like [`Reader::optional`], but a missing setting is a complaint too; `fallback` then stands in, so that
    /// reading can go on to the next complaint.
    pub fn required<T>(
        &mut self,
        setting: &'static Setting,
        fallback: impl FnOnce() -> T,
        parse: impl Fn(&str) -> Option<T>,
    ) -> T {
        if self.raw(setting).is_none() && setting.default.is_none() {
            self.complain(setting, None);
            return fallback();
        }
        self.optional(setting, parse).unwrap_or_else(fallback)
    }

    /// A whole number within the setting's bounds.
    pub fn whole(&mut self, setting: &'static Whole) -> u32 {
        let bounds = &setting.bounds;
        self.required(
            setting,
            || *bounds.start(),
            |text| {
                let digits = text.bytes().all(|b| b.is_ascii_digit());
                text.parse().ok().filter(|n| digits && bounds.contains(n))
            },
        )
    }

    /// A time: a whole number of the setting's unit.
    pub fn time(&mut self, setting: &'static Whole) -> Duration {
        setting.unit * self.whole(setting)
    }

    /// A non-empty text without control characters.
    pub fn text(&mut self, setting: &'static Setting) -> String {
        self.required(setting, String::new, plain_text)
    }

    /// A non-empty text without control characters, if it is set.
    pub fn optional_text(&mut self, setting: &'static Setting) -> Option<String> {
        self.optional(setting, plain_text)
    }

    /// A secret text, if it is set.
    pub fn optional_secret(&mut self, setting: &'static Setting) -> Option<SecretString> {
        self.optional(setting, |text| Some(SecretString::from(text)))
    }

    /// `true` or `false`.
    pub fn flag(&mut self, setting: &'static Setting) -> bool {
        self.required(setting, || false, |text| text.parse().ok())
    }
}

fn plain_text(text: &str) -> Option<String> {
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}
