//! docs/BOUNDS.md against the code: whatever can grow stands in it, and what it names exists.

use std::collections::BTreeSet;
use std::path::Path;

use shared::config::settings;
use shared::store::keys::ENTITIES;

use crate::{read, root};

/// A row of one of the tables: its cells.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let lines = page.lines().filter(|line| line.starts_with("| "));
    let rows = lines.map(|line| {
        let cells = line
            .strip_prefix('|')
            .and_then(|line| line.strip_suffix('|'));
        cells.unwrap_or(line).split('|').map(str::trim).collect()
    });
    rows.filter(|cells: &Vec<&str>| cells[0] != "what grows")
        .collect()
}

/// What stands between backticks.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The text of all Rust files below a folder.
fn source(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            source(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).expect("text"));
        }
    }
}

/// Whether a test is there: `module::name`, or `module::*` for a module that has any.
fn has_test(name: &str) -> bool {
    let (module, test) = name.split_once("::").unwrap_or((name, "*"));
    let binaries = [
        "tests/tests/api",
        "tests/tests/tokens",
        "tests/tests/avatar",
        "infra/admin/tests/latchkey",
    ];
    binaries.iter().any(|binary| {
        let file = root(&format!("{binary}/{module}.rs"));
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let wanted = if test == "*" {
            "#[tokio::test".to_owned()
        } else {
            format!("async fn {test}(")
        };
        text.contains(&wanted)
    })
}

#[test]
fn bounds_name_every_kind_of_item_and_only_what_exists() {
    let page = read("docs/BOUNDS.md");
    let mut code = String::new();
    for folder in ["shared/src", "functions"] {
        source(&root(folder), &mut code);
    }
    let mut kinds = BTreeSet::new();
    let mut complaints = Vec::new();
    for row in rows(&page) {
        let [what, of, bound, by, _, shown] = row[..] else {
            if row[0].starts_with("---") {
                continue;
            }
            panic!("a row has {} cells: {row:?}", row.len());
        };
        kinds.extend(names(of).map(str::to_owned));
        if bound.is_empty() || shown.is_empty() {
            complaints.push(format!("{what}: say its bound, and what shows it"));
        }
        for name in names(by) {
            let is_setting = settings::ALL.iter().any(|setting| setting.name == name);
            let is_constant = code.contains(&format!("const {name}: "));
            if !is_setting && !is_constant {
                complaints.push(format!("{what}: there is no setting or constant {name}"));
            }
        }
        let missing = names(shown).filter(|name| !has_test(name));
        complaints.extend(missing.map(|name| format!("{what}: there is no test {name}")));
    }
    let known: BTreeSet<_> = ENTITIES
        .iter()
        .map(|entity| entity.name.to_owned())
        .collect();
    let forgotten = known.difference(&kinds);
    complaints.extend(forgotten.map(|kind| format!("nothing says how many {kind} there can be")));
    let unknown = kinds.difference(&known);
    complaints.extend(unknown.map(|kind| format!("there is no kind of item {kind}")));
    assert!(complaints.is_empty(), "{complaints:#?}");
}
