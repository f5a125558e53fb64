//! docs/TABLES.md.

use std::fmt::Write as _;

use super::export::{COVERED, Cover};
use super::keys::{ENTITIES, Table};

fn document() -> String {
    let mut page = "# What is stored\n\n\
        <!-- Rendered from shared/src/store/keys.rs by a test; edit there. -->\n\n\
        Two tables with the keys `pk` and `sk`, and `ttl` on what goes by itself. TTL only cleans: whether something is \
        over is a condition against our clock. Times are milliseconds since 1970, `ttl` is seconds. How many there can be of each \
        is in [BOUNDS.md](BOUNDS.md).\n"
        .to_owned();
    for table in [Table::Accounts, Table::Ephemeral] {
        let _ = write!(page, "\n## {table:?}\n");
        for noun in ENTITIES.iter().filter(|noun| noun.table == table) {
            let _ = write!(
                page,
                "\n### {}\n\n`pk` = `{}`, `sk` = `{}`; goes: {}. {}\n\n| attribute | |\n|---|---|\n",
                noun.name,
                noun.pk,
                noun.sk,
                noun.expires,
                exported(noun.name)
            );
            for (name, meaning) in noun.attributes {
                let _ = writeln!(page, "| `{}` | {meaning} |", name.replace(", ", "`, `"));
            }
        }
    }
    page
}

/// How an export of a person shows items of this kind.
fn exported(entity: &str) -> String {
    let cover = COVERED.iter().find(|(name, _)| *name == entity);
    match cover.map(|(_, cover)| cover) {
        Some(Cover::In(part)) => format!("In a person's export: `{part}`."),
        Some(Cover::Left(reason)) => format!("Not in a person's export: {reason}."),
        Some(Cover::NotPersonal(what)) => format!("Not about one person: {what}."),
        None => String::new(),
    }
}

#[test]
fn the_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/TABLES.md");
    let page = document();
    if std::fs::read_to_string(path).ok().as_deref() != Some(&page) {
        std::fs::write(path, page).unwrap();
        panic!("docs/TABLES.md was out of date; it is written anew, commit it");
    }
}
