//! The routes that the code serves and those that template.yaml sends to each function are the same.

use std::collections::BTreeSet;

use crate::template::{self, Function};

/// The paths in a function's `Router`, read from its sources: string literals after `.route(`.
fn served(function: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for file in sources(&format!("functions/{function}/src")) {
        let text = std::fs::read_to_string(&file).expect("a source");
        for rest in text.split(".route(").skip(1) {
            if let Some(path) = rest.split('"').nth(1).filter(|path| path.starts_with('/')) {
                paths.insert(path.to_owned());
            }
        }
    }
    paths
}

/// Every Rust source below a folder of the workspace.
pub(crate) fn sources(folder: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![crate::root(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// Whether an HTTP API would send this path here: the longest match wins, and `{proxy+}` takes any rest.
fn takes(template_path: &str, path: &str) -> Option<usize> {
    if let Some(prefix) = template_path.strip_suffix("{proxy+}") {
        return path.starts_with(prefix).then_some(prefix.len());
    }
    let fits = template_path.split('/').count() == path.split('/').count()
        && template_path
            .split('/')
            .zip(path.split('/'))
            .all(|(pattern, part)| pattern == part || pattern.starts_with('{'));
    fits.then_some(template_path.len() + 1)
}

/// The function that a path reaches: by the longest pattern that takes it, else by `$default`.
fn receiver<'f>(functions: &'f [Function], path: &str) -> Option<&'f str> {
    let default = functions
        .iter()
        .find(|function| function.paths.iter().any(|path| path == "$default"))
        .map(|function| function.name.as_str());
    functions
        .iter()
        .flat_map(|function| function.paths.iter().map(|p| (function.name.as_str(), p)))
        .filter_map(|(name, pattern)| Some((takes(pattern, path)?, name)))
        .max()
        .map(|(_, name)| name)
        .or(default)
}

#[test]
fn routes_of_the_code_reach_their_function() {
    let functions = template::functions();
    for function in &functions {
        let served = served(&function.name);
        for path in &served {
            let bare = path.trim_end_matches('/');
            for spelling in [path.as_str(), if bare.is_empty() { path } else { bare }] {
                assert_eq!(
                    receiver(&functions, spelling),
                    Some(function.name.as_str()),
                    "template.yaml sends {spelling} elsewhere"
                );
            }
        }
    }
}

#[test]
fn routes_of_the_template_are_served() {
    for function in template::functions() {
        let served = served(&function.name);
        for path in &function.paths {
            // The catch-all, which answers 404.
            if path == "$default" {
                continue;
            }
            let stem = path.trim_end_matches("{proxy+}").trim_end_matches('/');
            assert!(
                served.iter().any(|route| route.starts_with(stem)),
                "template.yaml sends {path} to {}, which serves {served:?}",
                function.name
            );
        }
    }
}

#[test]
fn routes_have_a_function_and_a_package_each() {
    let mut folders: Vec<_> = std::fs::read_dir(crate::root("functions"))
        .expect("functions/")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().into_string().expect("a name"))
        .collect();
    folders.sort();
    let mut named: Vec<_> = template::functions().into_iter().map(|f| f.name).collect();
    named.sort();
    assert_eq!(named, folders);
}

#[test]
fn routes_are_matched_by_the_longest_pattern() {
    assert!(takes("/api/profile/{proxy+}", "/api/profile/x/y").is_some());
    assert!(takes("/api/profile", "/api/profile/").is_none());
    assert!(takes("/problems/{code}", "/problems/internal").is_some());
    assert!(
        takes("/api/profile/avatar/{proxy+}", "/api/profile/avatar/")
            > takes("/api/profile/{proxy+}", "/api/profile/avatar/")
    );
}
