//! docs/CONFIGURATION.md, and whether template.yaml says the same.

use std::fmt::Write as _;

use super::settings::{self, Setting};

const TEMPLATE: &str = include_str!("../../../template.yaml");

fn document() -> String {
    let mut page = "# Settings\n\n\
        <!-- Rendered from shared/src/config/settings.rs by a test; edit there. -->\n\n\
        From the environment, all checked at the start: a wrong one stops it with a sentence that names it, what was \
        found and what is expected. An empty value is a wrong one. Those marked with a key may also stand in the \
        secret's JSON document under the same name, and are never shown. `template.yaml` sets them from its parameters; \
        locally, `cargo run -- --set NAME=VALUE` does.\n"
        .to_owned();
    for setting in settings::ALL {
        let key = if setting.secret { " 🔑" } else { "" };
        let default = setting
            .default
            .map_or_else(String::new, |value| format!(" Default: `{value}`."));
        let why = if setting.why.is_empty() {
            String::new()
        } else {
            format!(" (Bounded because {}.)", setting.why)
        };
        let _ = write!(
            page,
            "\n## `{}`{key}\n\n{} Expected: {}.{default}{why}\n",
            setting.name, setting.meaning, setting.expects
        );
    }
    page
}

/// Names and values of all environment variables in the template; nothing else in it has a name in capitals.
fn variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    TEMPLATE.lines().filter_map(|line| {
        let (name, value) = line.trim().split_once(": ")?;
        let capital = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        (name.len() > 1 && name.bytes().all(capital)).then_some((name, value))
    })
}

fn setting(name: &str) -> &'static Setting {
    settings::ALL
        .iter()
        .find(|setting| setting.name == name)
        .unwrap_or_else(|| panic!("template.yaml sets {name}, which is no setting"))
}

/// What the template says of a parameter under this key, without quotes.
fn said_of(name: &str, key: &str) -> Option<&'static str> {
    let (_, from) = TEMPLATE.split_once(&format!("\n  {name}:"))?;
    let mut block = from.split_inclusive('\n');
    let mut text = block.next()?.to_owned();
    text.extend(block.take_while(|line| line.starts_with("    ")));
    let key = format!("{key}: ");
    let start = from.get(..text.len())?.find(&key)? + key.len();
    let value = from[start..text.len()].split([',', '\n', '}']).next()?;
    Some(value.trim().trim_matches('"'))
}

#[test]
fn the_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/CONFIGURATION.md");
    let page = document();
    if std::fs::read_to_string(path).ok().as_deref() != Some(&page) {
        std::fs::write(path, page).unwrap();
        panic!("docs/CONFIGURATION.md was out of date; it is written anew, commit it");
    }
}

#[test]
fn the_template_sets_settings_and_no_secret() {
    assert!(variables().count() > 20, "the template sets variables");
    for (name, _) in variables() {
        assert!(
            !setting(name).secret,
            "{name} is a secret: it belongs into Secrets Manager, not into the template"
        );
    }
}

#[test]
fn the_template_has_the_same_defaults() {
    let mut compared = 0;
    for (name, value) in variables() {
        let Some(parameter) = value.strip_prefix("!Ref ") else {
            continue;
        };
        let (Some(ours), Some(theirs)) = (setting(name).default, said_of(parameter, "Default"))
        else {
            continue;
        };
        if name != "STAGE" {
            assert_eq!(ours, theirs, "{name} and the parameter {parameter}");
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared} defaults were compared");
}
