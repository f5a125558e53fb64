//! Dependencies point one way: domain ← store, courier, gallery, keyring ← limiter ← http ← functions ← local ← tests.

use std::collections::BTreeSet;

use crate::routes::sources;

/// The modules of the crate that the sources of one module name, tests aside.
fn named(module: &str) -> BTreeSet<String> {
    let folder = format!("shared/src/{module}");
    let file = crate::root(&format!("shared/src/{module}.rs"));
    let files = if file.is_file() {
        vec![file]
    } else {
        sources(&folder)
    };
    let mut found = BTreeSet::new();
    for file in files {
        if is_test(&file) {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a source");
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let code: String = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for rest in code.split("crate::").skip(1) {
            if let Some(list) = rest.strip_prefix('{') {
                let mut depth = 0_u32;
                let end = list.find(|c| match c {
                    '{' => {
                        depth += 1;
                        false
                    }
                    '}' if depth == 0 => true,
                    '}' => {
                        depth -= 1;
                        false
                    }
                    _ => false,
                });
                let list = &list[..end.unwrap_or(list.len())];
                for part in list.split(',') {
                    found.insert(first_word(part.trim()));
                }
            } else {
                found.insert(first_word(rest));
            }
        }
    }
    found
}

/// Tests that have a file of their own, and what only they use.
fn is_test(file: &std::path::Path) -> bool {
    let inside = file
        .components()
        .skip_while(|part| part.as_os_str() != "src");
    inside
        .filter_map(|part| part.as_os_str().to_str())
        .any(|name| name.contains("test") || ["samples.rs", "vectors.rs"].contains(&name))
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// What each part may not know.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "store",
            "courier",
            "gallery",
            "keyring",
            "limiter",
            "http",
            "config",
            "cloud",
            "clock",
            "entropy",
            "telemetry",
            "guard",
            "issuing",
            "proving",
            "minting",
            "marks",
            "entry",
        ],
    ),
    (
        "store",
        &[
            "http", "courier", "gallery", "limiter", "guard", "issuing", "proving", "minting",
            "entry",
        ],
    ),
    (
        "courier",
        &[
            "http", "store", "gallery", "limiter", "guard", "issuing", "proving", "minting",
            "entry",
        ],
    ),
    (
        "gallery",
        &[
            "http", "store", "courier", "limiter", "guard", "issuing", "proving", "minting",
            "entry",
        ],
    ),
    (
        "keyring",
        &[
            "http", "store", "courier", "gallery", "limiter", "guard", "issuing", "proving",
            "entry",
        ],
    ),
    (
        "limiter",
        &[
            "http", "courier", "gallery", "guard", "issuing", "proving", "minting", "entry",
        ],
    ),
    (
        "http",
        &[
            "store", "courier", "gallery", "guard", "issuing", "proving", "minting",
        ],
    ),
];

#[test]
fn no_module_knows_what_stands_above_it() {
    let mut complaints = Vec::new();
    for (module, forbidden) in FORBIDDEN {
        let named = named(module);
        assert!(
            !named.is_empty(),
            "{module} names nothing: is it still there?"
        );
        for other in *forbidden {
            if named.contains(*other) {
                complaints.push(format!("{module} knows {other}"));
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// `domain` is pure: no client, no runtime, no clock of the machine.
#[test]
fn the_domain_is_pure() {
    for file in sources("shared/src/domain")
        .into_iter()
        .filter(|file| !is_test(file))
    {
        let text = std::fs::read_to_string(&file).expect("a source");
        for unwanted in [
            "aws_sdk", "tokio::", "reqwest", "axum", "std::env", "std::fs", "std::net",
        ] {
            let line = text
                .lines()
                .find(|line| line.contains(unwanted) && !line.trim_start().starts_with("//"));
            assert!(line.is_none(), "{}: {line:?}", file.display());
        }
    }
}

/// Emulators and test tools are in no deployed function, and not in what operators run.
#[test]
fn functions_depend_on_no_emulator() {
    let functions = crate::template::functions().into_iter().map(|f| f.name);
    for function in functions.chain(["latchkey".to_owned()]) {
        let output = std::process::Command::new(env!("CARGO"))
            .args([
                "tree",
                "-p",
                &function,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
                "--locked",
                "--offline",
            ])
            .current_dir(crate::root("."))
            .output()
            .expect("cargo tree");
        let tree = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(
            tree.contains("shared "),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        for unwanted in [
            "dynoxide-rs",
            "s3s",
            "s3s-fs",
            "rcgen",
            "mailparse",
            "saphyr",
            "local",
            "tests",
            "proptest",
            "insta",
        ] {
            let found = tree
                .lines()
                .any(|line| line.split(' ').next() == Some(unwanted));
            assert!(!found, "{function} depends on {unwanted}");
        }
    }
}
