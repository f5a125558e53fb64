//! What the domain and the deployed functions may depend on; `.ci/check-imports` holds the rooms of `shared` to their
//! map.

use crate::routes::sources;

/// Tests that have a file of their own, and what only they use.
fn is_test(file: &std::path::Path) -> bool {
    let inside = file
        .components()
        .skip_while(|part| part.as_os_str() != "src");
    inside
        .filter_map(|part| part.as_os_str().to_str())
        .any(|name| name.contains("test") || ["samples.rs", "vectors.rs"].contains(&name))
}

/// `domain` is pure: no client, no runtime, no clock of the machine.
#[test]
fn imports_of_the_domain_are_pure() {
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
fn imports_of_functions_have_no_emulator() {
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
            // The command line reads template.yaml.
            if (function.as_str(), unwanted) == ("latchkey", "saphyr") {
                continue;
            }
            let found = tree
                .lines()
                .any(|line| line.split(' ').next() == Some(unwanted));
            assert!(!found, "{function} depends on {unwanted}");
        }
    }
}
