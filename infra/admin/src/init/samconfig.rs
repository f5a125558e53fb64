//! samconfig.toml: one section is changed, and everything else stays as somebody wrote it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, value};

use crate::failure::Failure;

/// Where the stack will stand, by the options that all commands share.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// `--stack`.
    pub(crate) stack: Option<&'a str>,
    /// `--region`.
    pub(crate) region: Option<&'a str>,
}

/// The file, and the section in it.
pub(super) struct Samconfig {
    path: PathBuf,
    section: String,
    document: DocumentMut,
}

impl Samconfig {
    /// Reads the file; one that is not there is made.
    pub(super) fn open(path: &Path, section: &str) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                "version = 0.1\n".to_owned()
            }
            Err(error) => {
                return Err(Failure::Usage(format!(
                    "{} cannot be read: {error}",
                    path.display()
                )));
            }
        };
        let document = text
            .parse()
            .map_err(|error| Failure::Usage(format!("{} is no TOML: {error}", path.display())))?;
        Ok(Self {
            path: path.to_owned(),
            section: section.to_owned(),
            document,
        })
    }

    /// The parameters that the section names.
    pub(super) fn parameters(&self) -> Result<BTreeMap<String, String>, Failure> {
        let Some(overrides) = self.get("deploy", "parameter_overrides") else {
            return Ok(BTreeMap::new());
        };
        let words: Option<Vec<&str>> = match (overrides.as_str(), overrides.as_array()) {
            (Some(text), _) => Some(vec![text]),
            (_, Some(list)) => list.iter().map(toml_edit::Value::as_str).collect(),
            _ => None,
        };
        let pairs =
            words.and_then(|words| words.into_iter().map(pairs).collect::<Option<Vec<_>>>());
        let Some(pairs) = pairs else {
            return Err(Failure::Usage(format!(
                "{}: parameter_overrides of [{}.deploy.parameters] is not as expected, Name=\"value\" Name=\"value\" …",
                self.path.display(),
                self.section
            )));
        };
        Ok(pairs.into_iter().flatten().collect())
    }

    /// The region that the section deploys to.
    pub(super) fn region(&self) -> Option<String> {
        let named = |command: &str| self.get(command, "region")?.as_str().map(str::to_owned);
        named("deploy").or_else(|| named("global"))
    }

    /// Writes parameters and place. What `sam deploy` needs besides is added where it is missing.
    pub(super) fn write(
        &mut self,
        parameters: &BTreeMap<String, String>,
        place: Place<'_>,
        force: bool,
    ) -> Result<(), Failure> {
        let stage = parameters.get("Stage").map_or("dev", String::as_str);
        let stack = place
            .stack
            .map_or_else(|| format!("latchkey-{stage}"), str::to_owned);
        if place.stack.is_some() || self.get("global", "stack_name").is_none() {
            self.put("global", "stack_name", &stack, force)?;
        }
        if let Some(region) = place.region {
            self.put("deploy", "region", region, force)?;
        }
        for (name, item) in [
            ("capabilities", value("CAPABILITY_IAM")),
            ("resolve_s3", value(true)),
            ("fail_on_empty_changeset", value(false)),
        ] {
            self.table("deploy")?.entry(name).or_insert(item);
        }
        let text: Vec<_> = parameters
            .iter()
            .map(|(name, value)| quoted(name, value))
            .collect();
        let table = self.table("deploy")?;
        let mut overrides = value(text.join(" "));
        // What somebody wrote behind the value or above it stays.
        if let (Some(old), Some(new)) = (
            table.get("parameter_overrides").and_then(Item::as_value),
            overrides.as_value_mut(),
        ) {
            *new.decor_mut() = old.decor().clone();
        }
        table.insert("parameter_overrides", overrides);
        std::fs::write(&self.path, self.document.to_string()).map_err(|error| {
            Failure::Usage(format!(
                "{} cannot be written: {error}",
                self.path.display()
            ))
        })
    }

    fn put(&mut self, command: &str, name: &str, text: &str, force: bool) -> Result<(), Failure> {
        let old = self.get(command, name).and_then(Item::as_str);
        if let Some(old) = old.filter(|old| *old != text && !force) {
            return Err(Failure::Usage(format!(
                "{} has {name} {old:?}, given {text:?}; --force replaces it",
                self.path.display()
            )));
        }
        self.table(command)?.insert(name, value(text));
        Ok(())
    }

    fn get(&self, command: &str, name: &str) -> Option<&Item> {
        let section = self.document.get(&self.section)?;
        section.get(command)?.get("parameters")?.get(name)
    }

    /// `[section.command.parameters]`.
    fn table(&mut self, command: &str) -> Result<&mut Table, Failure> {
        let path = self.path.display().to_string();
        let odd = || {
            Failure::Usage(format!(
                "{path} holds something else than tables where SAM has its sections"
            ))
        };
        let mut table = self.document.as_table_mut();
        for name in [self.section.as_str(), command, "parameters"] {
            let is_new = !table.contains_key(name);
            let entry = table.entry(name).or_insert_with(toml_edit::table);
            table = entry.as_table_mut().ok_or_else(odd)?;
            if is_new {
                table.set_implicit(name != "parameters");
            }
        }
        Ok(table)
    }
}

/// As SAM writes it: quoted, so that spaces and angle brackets arrive.
fn quoted(name: &str, value: &str) -> String {
    let value = value.replace('\\', r"\\").replace('"', r#"\""#);
    format!("{name}=\"{value}\"")
}

/// `Name=value Name="a value"`.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut rest = text.trim_start();
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        let (value, after) = match after.strip_prefix('"') {
            Some(inside) => closed(inside)?,
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        pairs.push((name.to_owned(), value));
        rest = after.trim_start();
    }
    Some(pairs)
}

/// The text up to the closing quote, and what follows it.
fn closed(inside: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &inside[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for value in [
            "dev",
            "",
            "Example <no-reply@example.com>",
            r#"a "b" \ c"#,
            "*",
            "-1",
        ] {
            let text = format!("A=1 {} C=x,y", quoted("B", value));
            let expected = [("A", "1"), ("B", value), ("C", "x,y")];
            let expected: Vec<_> = expected
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect();
            assert_eq!(pairs(&text), Some(expected), "{text}");
        }
        for text in ["A", "=1", "A=\"open", "ParameterKey=A,ParameterValue=1 ="] {
            assert!(pairs(text).is_none(), "{text}");
        }
    }
}
