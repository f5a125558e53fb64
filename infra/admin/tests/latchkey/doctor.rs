//! The doctor against an account on this machine: what is well, and for each thing that is not, what it says to do.

use serde_json::Value;
use tests::House;

use crate::account::{Account, STACK, WELL};
use crate::{Ended, at, latchkey};

/// What the doctor says of the stack in this account, and its exit code.
async fn doctor(house: &House, account: Account) -> (i32, Vec<Value>) {
    let standing = account.open(house).await;
    let arguments = ["--json", "--stack", STACK, "doctor"];
    let Ended { code, out, err } = latchkey(&arguments, &standing.signed_in()).await;
    let checks: Value =
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"));
    assert_eq!(code != 0, err.contains("of the checks failed"), "{err}");
    (code, checks.as_array().cloned().unwrap_or_default())
}

/// A local cloud whose ring has a next key and whose secret has what Twilio needs, as a deployed one's.
async fn house() -> House {
    let house = House::open().await;
    for order in [
        &["keys", "rotate", "--kind", "es256"][..],
        &[
            "secret",
            "set",
            "TWILIO_AUTH_TOKEN",
            "0123456789abcdef0123456789abcdef",
        ],
    ] {
        let _ = at(&house, order).await.text();
    }
    // The functions read the secret again when a minute is over, while they answer the next request.
    house.advance(61).await;
    for _ in 0..2 {
        let published = house.get("/.well-known/jwks.json").send().await.json();
        if published["keys"].as_array().map(Vec::len) == Some(2) {
            break;
        }
        let _ = house.cloud().settle().await;
    }
    house
}

fn state<'c>(checks: &'c [Value], name: &str) -> (&'c str, &'c str) {
    let found = checks.iter().find(|check| check["check"] == name);
    let found = found.unwrap_or_else(|| panic!("no check of {name}: {checks:#?}"));
    let text = |member: &str| found[member].as_str().unwrap_or_default();
    (text("state"), text("detail"))
}

#[tokio::test]
async fn a_healthy_stack_is_green_without_a_variable_of_its_own() {
    let house = house().await;
    let (code, checks) = doctor(&house, WELL).await;
    assert_eq!(code, 0, "{checks:#?}");
    for name in [
        "pepper",
        "signing keys",
        "settings",
        "secret",
        "accounts table",
        "ephemeral table",
        "accounts recovery",
        "key set",
        "issuer",
        "clock",
        "stack",
        "functions",
        "event sources",
        "queues",
        "alarms",
        "mail reports",
        "picture uploads",
        "pictures",
        "SES sandbox",
        "SES sending",
        "SES plan",
        "sender",
        "DKIM",
        "MAIL FROM domain",
        "configuration set",
        "Twilio credentials",
        "Twilio callback",
    ] {
        assert_eq!(state(&checks, name).0, "ok", "{name}: {checks:#?}");
    }
    assert!(
        state(&checks, "functions").1.contains("OtpRequest 12"),
        "{checks:#?}"
    );
}

#[tokio::test]
async fn what_is_not_set_up_is_found_and_what_to_do_is_told() {
    let house = house().await;
    let ill = Account {
        plan: "ESSENTIALS",
        mail: false,
        reports: &["SEND", "BOUNCE"],
        twilio: 401,
        status: "UPDATE_ROLLBACK_COMPLETE",
        versions: (11, 12),
        mapping: "Disabled",
        queued: 3,
        subscription: Some("PendingConfirmation"),
        notifies: false,
        pictures: 502,
        ..WELL
    };
    let (code, checks) = doctor(&house, ill).await;
    assert_eq!(code, 5);
    for (name, told) in [
        ("SES sandbox", "production access"),
        ("SES sending", "paused"),
        ("sender", "not verified"),
        ("DKIM", "Easy DKIM"),
        ("MAIL FROM domain", "MX and TXT"),
        ("configuration set", "DELIVERY, COMPLAINT"),
        (
            "Twilio credentials",
            "latchkey secret set TWILIO_AUTH_TOKEN",
        ),
        ("stack", "expected CREATE_COMPLETE"),
        (
            "functions",
            "live answers with version 11, the newest is 12",
        ),
        ("event sources", "is Disabled, expected Enabled"),
        ("queues", "holds 3 messages"),
        ("alarms", "not confirmed"),
        ("picture uploads", "tells no function"),
        ("pictures", "502"),
    ] {
        let (state, detail) = state(&checks, name);
        assert_eq!(state, "failed", "{name}: {checks:#?}");
        assert!(detail.contains(told), "{name}: {detail}");
    }
    // What costs more than it must is no failure.
    let (state, detail) = state(&checks, "SES plan");
    assert_eq!(state, "advice");
    assert!(
        detail.contains("0.16") && detail.contains("--plan NONE"),
        "{detail}"
    );
}

#[tokio::test]
async fn settings_that_were_deployed_and_do_not_answer_are_found() {
    let house = house().await;
    let account = Account {
        unpublished: Some(("EDGE", "required")),
        ..WELL
    };
    let (code, checks) = doctor(&house, account).await;
    assert_eq!(code, 5);
    let (state, detail) = state(&checks, "functions");
    assert_eq!(state, "failed");
    assert!(
        detail.contains("which has another EDGE than was deployed"),
        "{detail}"
    );
    assert!(
        !detail.contains("required"),
        "a variable's value is shown: {detail}"
    );
}

#[tokio::test]
async fn what_the_settings_need_and_the_secret_lacks_is_named() {
    let house = House::open().await;
    for name in [
        "EDGE_SECRETS",
        "SENDGRID_API_KEY",
        "SENDGRID_WEBHOOK_KEYS",
        "TWILIO_AUTH_TOKEN",
    ] {
        let _ = at(&house, &["secret", "remove", name]).await.text();
    }
    let account = Account {
        settings: &[
            ("MAIL_PROVIDER", "sendgrid"),
            ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
            ("TWILIO_FROM", "+14155550199"),
            ("EDGE", "required"),
        ],
        ..WELL
    };
    let (_, checks) = doctor(&house, account).await;
    let (state_of, detail) = state(&checks, "settings");
    assert_eq!(state_of, "failed", "{checks:#?}");
    for name in [
        "EDGE_SECRETS",
        "SENDGRID_API_KEY",
        "SENDGRID_WEBHOOK_KEYS",
        "TWILIO_AUTH_TOKEN",
    ] {
        let told = format!("`latchkey secret set {name} -` puts it in");
        assert!(detail.contains(&told), "{name}: {detail}");
    }
    for name in ["SendGrid key", "Twilio credentials"] {
        let (state, detail) = state(&checks, name);
        // The local cloud's own token may stand in its secret.
        assert!(
            state == "ok" || detail.contains("latchkey secret set"),
            "{name}: {detail}"
        );
    }
}

#[tokio::test]
async fn sendgrid_is_asked_what_the_key_may() {
    const SENDGRID: &[(&str, &str)] = &[("MAIL_PROVIDER", "sendgrid"), ("EDGE", "off")];
    let house = house().await;
    let key = at(&house, &["secret", "set", "SENDGRID_API_KEY", "SG.key"]).await;
    let _ = key.text();
    for (scopes, expected, told) in [
        (Some("mail.send"), "ok", "may send"),
        (Some("stats.read"), "failed", "Mail Send"),
        (None, "failed", "does not accept"),
    ] {
        let account = Account {
            scopes,
            settings: SENDGRID,
            ..WELL
        };
        let (_, checks) = doctor(&house, account).await;
        let (found, detail) = state(&checks, "SendGrid key");
        assert_eq!(found, expected, "{detail}");
        assert!(detail.contains(told), "{detail}");
        assert_eq!(state(&checks, "SES").0, "skipped");
        assert_eq!(state(&checks, "SendGrid callback").0, "ok", "{checks:#?}");
    }
}

#[tokio::test]
async fn a_local_cloud_is_well() {
    let house = House::open().await;
    let checks = at(&house, &["--json", "doctor"]).await.json();
    let checks = checks.as_array().cloned().unwrap_or_default();
    for name in ["pepper", "signing keys", "key set", "issuer"] {
        assert_eq!(state(&checks, name).0, "ok", "{name}: {checks:#?}");
    }
}
