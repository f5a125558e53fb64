//! The functions' settings and the secret together: whether every function would start with them.

use shared::config::{Avatars, IpLimits, OtpRules, Public, TextLimits, TokenRules, settings};
use shared::messaging::MessagingSettings;

use super::{Check, Finding};
use crate::connect::App;

pub(super) fn checks(app: &App) -> Vec<Check> {
    vec![("settings", settings(app)), ("secret", secret(app))]
}

/// Reads what the functions read at their start, in the same words.
fn settings(app: &App) -> Finding {
    let Some(stack) = &app.stack else {
        return Finding::Skipped("--stack NAME reads what the functions have");
    };
    if let Some(cause) = &stack.unread {
        return Finding::Unwell(format!(
            "the functions' settings cannot be read: {cause}; it takes the right lambda:GetFunctionConfiguration"
        ));
    }
    let mut reader = app.setup.reader();
    let public = Public::read(&mut reader);
    OtpRules::read(&mut reader);
    IpLimits::read(&mut reader);
    TextLimits::read(&mut reader);
    TokenRules::read(&mut reader, &public);
    Avatars::read(&mut reader);
    MessagingSettings::read(&mut reader, &app.setup, &public);
    webhooks::check_settings(&mut reader, &public);
    match reader.finish(()) {
        Ok(()) => Finding::Well("the functions have all that they need".to_owned()),
        Err(complaints) => {
            let told = complaints.0.iter().map(|complaint| {
                let name = complaint.name;
                let secret = settings::ALL.iter().any(|s| s.name == name && s.secret);
                let mend = if secret {
                    format!("`latchkey secret set {name} -` puts it in")
                } else {
                    "deploy with its parameter".to_owned()
                };
                format!("{name}: {} {mend}.", closed(&complaint.sentence))
            });
            Finding::Unwell(told.collect::<Vec<_>>().join(" "))
        }
    }
}

/// Ends as a sentence does, so that another one may follow.
fn closed(sentence: &str) -> String {
    format!("{}.", sentence.trim_end_matches('.'))
}

/// Members that no function reads are a slip of the hand.
fn secret(app: &App) -> Finding {
    if let Err(failure) = app.readable() {
        return Finding::Unwell(failure.to_string());
    }
    let known = |name: &str| {
        name == crate::keys::ROTATED_AT
            || settings::ALL
                .iter()
                .any(|setting| setting.secret && setting.name == name)
    };
    let unknown: Vec<_> = app.members.iter().filter(|name| !known(name)).collect();
    Finding::that(
        unknown.is_empty(),
        format!("it holds {}", app.members.join(", ")),
        format!(
            "it holds {}, which nothing reads; expected names of docs/CONFIGURATION.md that are marked as secret. \
             `latchkey secret remove NAME` takes one out",
            unknown
                .iter()
                .map(|name| name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ),
    )
}
