//! A wrong setting stops the start with a sentence that names it.

use local::{Cloud, Options};

async fn refusal(name: &str, value: &str) -> String {
    match Cloud::start(Options::memory().set(name, value)).await {
        Ok(_) => panic!("{name}={value:?} was taken"),
        Err(error) => error.to_string(),
    }
}

/// Which setting, what was found, what is expected.
#[tokio::test]
async fn settings_refuse_a_wrong_one_by_name() {
    for (name, values) in [
        (
            "OTP_EXPIRY_MINUTES",
            &["0", "11", "ten", "-1", "1.5", ""][..],
        ),
        ("OTP_CODE_LENGTH", &["5", "11", "six"]),
        ("OTP_MAX_ATTEMPTS", &["0", "11"]),
        ("OTP_RESEND_SECONDS", &["9", "601"]),
        ("OTP_SENDS_PER_HOUR", &["0", "11"]),
        ("OTP_SENDS_PER_DAY", &["0", "11"]),
        ("OTP_FAILURE_CAP", &["0", "101"]),
        ("IP_SENDS_PER_MINUTE", &["0", "many"]),
        ("IP_SENDS_BURST", &["0"]),
        ("IP_TEXTS_PER_HOUR", &["0", "601"]),
        ("IP_VERIFIES_PER_MINUTE", &["0"]),
        ("ACCESS_TOKEN_MINUTES", &["0", "61"]),
        ("REFRESH_GRACE_SECONDS", &["61"]),
        ("SESSIONS_PER_USER", &["0", "91"]),
        (
            "CORS_ORIGINS",
            &["*", "app.example.com", "https://app.example.com/path"],
        ),
        (
            "PUBLIC_URL",
            &[
                "example.com",
                "http://example.com",
                "https://example.com/x?y",
                "",
            ],
        ),
        ("MAIL_FROM", &["nobody", "a@b@c", "a@b"]),
        ("SMS_COUNTRIES", &["XX", "de", "DE;AT"]),
        ("SENDGRID_BASE_URL", &["nope"]),
        ("MAIL_PROVIDER", &["pigeon"]),
        ("EDGE", &["on", "true", ""]),
        ("PAGES", &["true", "On", ""]),
        ("PAGES_ACCENT", &["blue", "#fff", "#12345g", "1f4fd8", ""]),
        (
            "PAGES_LOGO_URL",
            &[
                "http://example.com/x.svg",
                "//example.com/x.svg",
                "data:image/png,x",
                "",
            ],
        ),
        (
            "PAGES_TERMS_URL",
            &["javascript:alert(1)", "https://jane@example.com/"],
        ),
        ("PAGES_PRIVACY_URL", &["example.com/privacy", "/privacy"]),
        ("PAGES_HELP_URL", &["mailto:help@example.com", "https://"]),
    ] {
        for value in values {
            let sentence = refusal(name, value).await;
            assert!(
                sentence.contains(&format!("{name}: ")),
                "{name}={value}: {sentence}"
            );
            assert!(sentence.contains("expected"), "{name}={value}: {sentence}");
            if !value.is_empty() {
                assert!(
                    sentence.contains(value),
                    "what was found is shown: {sentence}"
                );
            }
        }
    }
}

#[tokio::test]
async fn settings_refuse_a_wrong_secret_without_showing_it() {
    for (name, value) in [
        ("PEPPERS", r#"[{"version": 1, "secret": "dG9vLXNob3J0"}]"#),
        ("PEPPERS", "dG9vLXNob3J0"),
        ("SIGNING_KEYS", "[]"),
        (
            "SIGNING_KEYS",
            r#"[{"kid": "a", "pem": "dG9vLXNob3J0", "state": "current"}]"#,
        ),
    ] {
        let sentence = refusal(name, value).await;
        assert!(sentence.contains(&format!("{name}: ")), "{sentence}");
        assert!(!sentence.contains("dG9vLXNob3J0"), "{sentence}");
    }
}

#[tokio::test]
async fn settings_refuse_an_unknown_name() {
    let sentence = refusal("OTP_LENGTH", "6").await;
    assert!(sentence.starts_with("OTP_LENGTH: "), "{sentence}");
}

#[tokio::test]
async fn settings_name_all_wrong_ones_at_once() {
    let options = Options::memory()
        .set("OTP_CODE_LENGTH", "5")
        .set("OTP_EXPIRY_MINUTES", "11");
    let Err(error) = Cloud::start(options).await else {
        panic!("taken")
    };
    let sentences = error.to_string();
    assert!(
        sentences.contains("OTP_CODE_LENGTH: ") && sentences.contains("OTP_EXPIRY_MINUTES: "),
        "{sentences}"
    );
}

/// What is set is done.
#[tokio::test]
async fn settings_have_their_effect() {
    let options = Options::memory()
        .set("OTP_EXPIRY_MINUTES", "5")
        .set("OTP_RESEND_SECONDS", "60")
        .set("OTP_MAX_ATTEMPTS", "1")
        .set("OTP_CODE_LENGTH", "8")
        .set("ACCESS_TOKEN_MINUTES", "1")
        .set("SERVICE_NAME", "Acme");
    let house = tests::House::with(options).await;
    let jane = house.visitor("jane@example.com");
    let sent = jane.asks_for_a_code().await.is(200).json();
    assert_eq!(
        (sent["expires_in"].clone(), sent["resend_in"].clone()),
        (300.into(), 60.into())
    );
    let message = &house.sent_to("jane@example.com").await[0];
    assert!(
        message["subject"].as_str().unwrap().contains("Acme"),
        "{message}"
    );
    let code = jane.reads_the_code().await;
    assert_eq!(code.len(), 8);
    let _ = jane.enters(&tests::another_code(&code, 0)).await.is(401);
    let _ = jane.enters(&code).await.is(401);
    house.advance(61).await;
    let code = jane.gets_a_code().await;
    let welcome = jane.enters(&code).await.is(200).json();
    assert_eq!(welcome["tokens"]["expires_in"], 60);
}
