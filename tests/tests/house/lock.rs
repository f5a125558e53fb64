//! One TLS stack: rustls on aws-lc-rs.

use std::process::Command;

#[test]
fn lock_file_has_one_tls_stack() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--edges",
            "normal,build",
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
    let names: std::collections::BTreeSet<_> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(
        names.contains("rustls") && names.contains("aws-lc-rs"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for unwanted in [
        "ring",
        "openssl",
        "openssl-sys",
        "native-tls",
        "schannel",
        "security-framework-sys",
    ] {
        assert!(!names.contains(unwanted), "{unwanted} came in");
    }
}
