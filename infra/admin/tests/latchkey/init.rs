//! `latchkey init`: samconfig.toml as `sam deploy --guided` would leave it, by flags alone.

use std::path::PathBuf;

use crate::{Ended, latchkey};

/// A samconfig.toml of one test's own.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: Option<&str>) -> Self {
        let path =
            std::env::temp_dir().join(format!("samconfig-{name}-{}.toml", std::process::id()));
        let _ = std::fs::remove_file(&path);
        if let Some(text) = text {
            std::fs::write(&path, text).expect("written");
        }
        Self(path)
    }

    async fn init(&self, arguments: &[&str]) -> Ended {
        let path = self.0.display().to_string();
        let mut line = vec!["init", "--file", &path];
        line.extend(arguments);
        latchkey(&line, &[]).await
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap_or_default()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const MAIL: [&str; 4] = [
    "--mail-from",
    "Example <no-reply@example.com>",
    "--mail-identity",
    "example.com",
];

#[tokio::test]
async fn flags_are_enough_and_a_name_arrives_whole() {
    let file = File::new("new", None);
    let mut order = MAIL.to_vec();
    order.extend([
        "--region",
        "eu-central-1",
        "MailFromDomain=bounce.example.com",
        "Stage=dev",
    ]);
    let told = file.init(&order).await.text();
    for record in [
        "sam build && sam deploy",
        "three CNAMEs for DKIM",
        "bounce.example.com MX 10 feedback-smtp.eu-central-1.amazonses.com",
        "_dmarc.example.com TXT",
    ] {
        assert!(told.contains(record), "{record}: {told}");
    }
    let written = file.text();
    assert!(
        written.contains(r#"MailFrom="Example <no-reply@example.com>""#),
        "{written}"
    );
    for line in [
        "[default.deploy.parameters]",
        r#"region = "eu-central-1""#,
        r#"capabilities = "CAPABILITY_IAM""#,
        r#"stack_name = "latchkey-dev""#,
    ] {
        assert!(written.contains(line), "{line}: {written}");
    }
    // Said again, it changes nothing.
    let _ = file.init(&order).await.text();
    assert_eq!(file.text(), written);
}

#[tokio::test]
async fn the_files_other_parts_stay_and_nothing_is_replaced_by_the_way() {
    let before = "# ours\nversion = 0.1\n\n[prod.deploy.parameters]\nconfirm_changeset = true # look first\n\
                  parameter_overrides = \"Stage=prod MailIdentity=example.org OtpConcurrency=-1\"\n\n[staging.build.parameters]\n\
                  cached = false\n";
    let file = File::new("kept", Some(before));
    let mut order = MAIL.to_vec();
    order.extend(["--config-env", "prod"]);
    let ended = file.init(&order).await;
    ended.failed(2, "--force replaces it");
    assert!(
        ended
            .err
            .contains(r#"MailIdentity ("example.org", given "example.com")"#),
        "{ended:?}"
    );
    assert_eq!(file.text(), before);
    order.push("--force");
    let _ = file.init(&order).await.text();
    let after = file.text();
    for kept in [
        "# ours",
        "confirm_changeset = true # look first",
        "[staging.build.parameters]",
    ] {
        assert!(after.contains(kept), "{kept}: {after}");
    }
    for written in [
        r#"MailIdentity="example.com""#,
        r#"OtpConcurrency="-1""#,
        r#"Stage="prod""#,
    ] {
        assert!(after.contains(written), "{written}: {after}");
    }
    assert!(!after.contains("example.org"), "{after}");
}

#[tokio::test]
async fn the_repositorys_own_file_takes_the_parameters() {
    let file = File::new("own", Some(include_str!("../../../../samconfig.toml")));
    for environment in ["default", "staging", "prod"] {
        let mut order = MAIL.to_vec();
        order.extend(["--config-env", environment]);
        let _ = file.init(&order).await.text();
    }
    assert_eq!(file.text().matches("no-reply@example.com").count(), 3);
}

/// The file's example.com is nobody's value: it is neither in the way nor enough.
#[tokio::test]
async fn a_placeholder_is_replaced_without_force_and_does_not_stand_in() {
    let file = File::new("fresh", Some(include_str!("../../../../samconfig.toml")));
    let ended = file.init(&["--mail-identity", "acme.test"]).await;
    ended.failed(2, "MailFrom: it is not given");
    let sender = "Acme <no-reply@acme.test>";
    let order = ["--mail-identity", "acme.test", "--mail-from", sender];
    let _ = file.init(&order).await.text();
    assert!(
        file.text().contains(&format!("MailFrom=\"{sender}\"")),
        "{}",
        file.text()
    );
    let order = [
        "--mail-identity",
        "other.test",
        "--mail-from",
        "a@other.test",
    ];
    file.init(&order).await.failed(2, "--force replaces it");
}

#[tokio::test]
async fn what_would_not_start_is_refused_before_anything_is_written() {
    let file = File::new("wrong", None);
    for (arguments, told) in [
        (&["Stage=dev"][..], "MailFrom: it is not given"),
        (
            &["--mail-from", "Example", "--mail-identity", "example.com"],
            "MailFrom: ",
        ),
        (
            &[
                "--mail-from",
                "a@example.com",
                "--mail-identity",
                "example.org",
            ],
            "expected one at MailIdentity",
        ),
        (&["--stage", "local"], "Stage: found \"local\""),
        (&["OtpCodeLength=4"], "a whole number from 6 to 10"),
        (
            &["--domain-name", "auth.example.com"],
            "needs a certificate",
        ),
        (&["Colour=blue"], "Colour is no parameter of template.yaml"),
        (&["Stage"], "expected NAME=VALUE"),
        (&["SmsCountries=XX"], "SMS_COUNTRIES"),
    ] {
        let mut line = if arguments[0].starts_with("--mail") || told.contains("not given") {
            Vec::new()
        } else {
            MAIL.to_vec()
        };
        line.extend(arguments);
        file.init(&line).await.failed(2, told);
        assert_eq!(file.text(), "", "{told}");
    }
}
