//! People, sessions, messages, suppressions, locks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tests::{House, Options, another_code};

use crate::at;

#[tokio::test]
async fn addresses_are_masked_unless_they_are_asked_for() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let id = jane.user["id"].as_str().unwrap();
    let table = at(&house, &["users", "find", "jane@example.com"])
        .await
        .text();
    assert!(table.contains(id) && !table.contains("jane@"), "{table}");
    let shown = at(&house, &["--json", "users", "show", id]).await.json();
    assert_eq!((&shown["id"], &shown["sessions"]), (&json!(id), &json!(1)));
    assert!(!shown.to_string().contains("jane@"), "{shown}");
    let shown = at(&house, &["users", "show", id, "--json", "--reveal"]).await;
    assert_eq!(shown.json()["email"], "jane@example.com");
}

#[tokio::test]
async fn an_account_is_suspended_and_resumed_and_holds_roles() {
    let house = House::open().await;
    let visitor = house.visitor("jane@example.com");
    let jane = visitor.signs_in().await;
    let profile = async || {
        let call = house.get("/api/profile/").bearer(&jane.access);
        call.send().await.status
    };
    // Nothing to resume, and nobody is signed out by it.
    let _ = at(&house, &["users", "resume", "jane@example.com"])
        .await
        .text();
    assert_eq!(profile().await, 200);
    let _ = at(&house, &["users", "suspend", "jane@example.com"])
        .await
        .text();
    assert_eq!(profile().await, 401);
    let events = house.events().await;
    let ended: Vec<_> = events
        .iter()
        .filter(|event| event["detail-type"] == "session.revoked")
        .map(|event| event["detail"]["reason"].clone())
        .collect();
    assert_eq!(ended, ["operator"]);
    house.advance(31).await;
    let code = visitor.gets_a_code().await;
    let _ = visitor.enters(&code).await.problem(403, "forbidden");
    let _ = at(&house, &["users", "resume", "jane@example.com"])
        .await
        .text();
    house.advance(31).await;
    let jane = visitor.signs_in().await;

    let roles = async |verb: &str| {
        let done = at(
            &house,
            &["--json", "users", verb, "jane@example.com", "admin"],
        )
        .await;
        done.json()["roles"].clone()
    };
    assert_eq!(roles("grant").await, json!(["admin"]));
    let shown = house.get("/api/profile/").bearer(&jane.access).send().await;
    assert_eq!(shown.json()["roles"], json!(["admin"]));
    assert_eq!(roles("revoke-role").await, json!([]));
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let house = House::open().await;
    let visitor = house.visitor("jane@example.com");
    let first = visitor.signs_in().await;
    house.advance(31).await;
    let second = visitor.signs_in().await;
    let listed = at(&house, &["--json", "sessions", "list", "jane@example.com"]).await;
    let listed = listed.json();
    let ids: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["id"])
        .collect();
    assert_eq!(ids.len(), 2);
    let own = house
        .get("/api/auth/sessions/")
        .bearer(&first.access)
        .send()
        .await;
    let own = own.json();
    let mine = own["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["current"] == true);
    let mine = mine.unwrap()["id"].as_str().unwrap();
    let _ = at(&house, &["sessions", "revoke", "jane@example.com", mine])
        .await
        .text();
    let profile = async |access: &str| {
        house
            .get("/api/profile/")
            .bearer(access)
            .send()
            .await
            .status
    };
    assert_eq!(profile(&first.access).await, 401);
    assert_eq!(profile(&second.access).await, 200);
    let ended = at(
        &house,
        &["--json", "sessions", "revoke", "jane@example.com"],
    )
    .await
    .json();
    assert_eq!(ended["ended"].as_array().unwrap().len(), 1);
    assert_eq!(profile(&second.access).await, 401);
    let other = at(&house, &["sessions", "revoke", "jane@example.com", mine]).await;
    other.failed(3, "has no session");
}

#[tokio::test]
async fn messages_suppressions_and_locks_are_looked_after() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let asked = jane.asks_for_a_code().await.is(200).json();
    let id = asked["delivery_id"].as_str().unwrap();
    let shown = at(&house, &["--json", "deliveries", "show", id])
        .await
        .json();
    assert_eq!(shown["channel"], "email");
    assert!(["queued", "sent"].contains(&shown["status"].as_str().unwrap()));
    let bounced = json!({ "eventType": "Bounce", "mail": { "tags": { "delivery_id": [id] } }, "bounce": {
        "bounceType": "Transient", "bouncedRecipients": [{ "emailAddress": "jane@example.com", "status": "4.2.2" }],
    } });
    assert_eq!(house.provider_reports("ses", &bounced).await.0, 200);
    let shown = at(&house, &["--json", "deliveries", "show", id])
        .await
        .json();
    assert_eq!(
        (&shown["status"], &shown["error_code"]),
        (&json!("failed"), &json!("4.2.2"))
    );
    at(&house, &["deliveries", "show", "dlv_0"])
        .await
        .failed(2, "was not issued here");

    let _ = at(&house, &["suppressions", "add", "tom@example.com"])
        .await
        .text();
    let _ = house
        .visitor("tom@example.com")
        .asks_for_a_code()
        .await
        .is(200);
    assert!(house.sent_to("tom@example.com").await.is_empty());
    let listed = at(&house, &["--json", "suppressions", "list"]).await.json();
    assert_eq!(listed[0]["reason"], "operator");
    assert!(!listed.to_string().contains("tom@"), "{listed}");
    let _ = at(&house, &["suppressions", "remove", "tom@example.com"])
        .await
        .text();
    at(&house, &["suppressions", "remove", "tom@example.com"])
        .await
        .failed(3, "not suppressed");

    for round in 0..2 {
        let code = jane.reads_the_code().await;
        for n in 0..3 {
            let _ = jane.enters(&another_code(&code, n)).await;
        }
        house.advance(31).await;
        if round == 0 {
            let _ = jane.asks_for_a_code().await.is(200);
        }
    }
    let locks = at(&house, &["--json", "locks", "show", "jane@example.com"])
        .await
        .json();
    assert_eq!(locks[0]["failures"], 5, "{locks}");
    let _ = at(&house, &["locks", "open", "jane@example.com"])
        .await
        .text();
    let locks = at(&house, &["--json", "locks", "show", "jane@example.com"])
        .await
        .json();
    assert_eq!(locks, Value::Array(Vec::new()));
}

/// What `cargo run` was started with, the command line goes by as well: the cap, and the peppers that ids are sealed
/// with.
#[tokio::test]
async fn the_settings_of_the_local_cloud_are_the_command_line_s_too() {
    let pepper = STANDARD.encode([7; 32]);
    let peppers = json!([{ "version": 7, "secret": pepper }]).to_string();
    let options = Options::memory()
        .set("OTP_FAILURE_CAP", "12")
        .set("ERASE_GRACE_DAYS", "2")
        .set("PEPPERS", peppers);
    let house = House::with(options).await;
    let jane = house.visitor("jane@example.com");
    let asked = jane.asks_for_a_code().await.is(200).json();
    let id = asked["delivery_id"].as_str().unwrap();
    let shown = at(&house, &["--json", "deliveries", "show", id]).await;
    assert_eq!(shown.json()["channel"], "email");
    for n in 0..12 {
        // No wait is longer than an hour, and eight codes a day are within every limit.
        house.advance(3 * 3600).await;
        let code = jane.gets_a_code().await;
        let _ = jane.enters(&another_code(&code, n)).await.is(401);
    }
    let locks = ["--json", "locks", "show", "jane@example.com"];
    let locks = at(&house, &locks).await.json();
    assert_eq!(locks[0]["closed"], true, "{locks}");
    assert_eq!(locks[0]["wait_seconds"], 86_400, "{locks}");

    let tom = house.visitor("tom@example.com").signs_in().await;
    let id = tom.user["id"].as_str().unwrap();
    let erase = ["--json", "users", "erase", id, "--yes", "--grace"];
    let erased = at(&house, &erase).await.json();
    let erases: jiff::Timestamp = erased["erases_at"].as_str().unwrap().parse().unwrap();
    let days = erases.duration_since(house.now()).as_secs_f64() / 86_400.0;
    assert!((1.9..=2.0).contains(&days), "{days}");
    let told = house.get("/_local/endpoints").send().await.text;
    assert!(!told.contains(&pepper), "secrets stay in the secret");
}

#[tokio::test]
async fn the_doctor_finds_a_new_local_cloud_well() {
    let house = House::open().await;
    let checks = at(&house, &["--json", "doctor"]).await.json();
    let checks = checks.as_array().unwrap();
    let unwell: Vec<_> = checks
        .iter()
        .filter(|check| check["state"] == "failed")
        .collect();
    assert!(unwell.is_empty(), "{unwell:#?}");
    for name in [
        "pepper",
        "signing keys",
        "accounts table",
        "ephemeral table",
        "key set",
    ] {
        let found = checks.iter().find(|check| check["check"] == name);
        assert_eq!(
            found.map(|check| &check["state"]),
            Some(&json!("ok")),
            "{name}"
        );
    }
}

/// What an operator let through again stays so, however often the old reports come again; what happens after it counts.
#[tokio::test]
async fn suppressions_that_are_removed_are_not_made_again_by_old_reports() {
    for (provider, to) in [
        ("ses", "jane@example.com"),
        ("sendgrid", "jane@example.com"),
        ("twilio", "+14155552671"),
    ] {
        let mail = if provider == "twilio" {
            "ses"
        } else {
            provider
        };
        let house = House::with(Options::memory().set("MAIL_PROVIDER", mail)).await;
        let visitor = house.visitor(to);
        let asks = async || {
            house.advance(3_700).await;
            let before = house.sent_to(to).await.len();
            let answer = visitor.asks_for_a_code().await.is(200).json();
            let sent = house.sent_to(to).await.len() > before;
            (answer["delivery_id"].as_str().unwrap().to_owned(), sent)
        };
        let report = |id: &str| match provider {
            "ses" => {
                json!({ "eventType": "Bounce", "mail": { "tags": { "delivery_id": [id] } }, "bounce": {
                "bounceType": "Permanent", "bounceSubType": "NoEmail", "timestamp": house.now(),
                "bouncedRecipients": [{ "emailAddress": to }],
            } })
            }
            "sendgrid" => json!({ "events": [{
                "event": "bounce", "type": "bounce", "email": to, "delivery_id": id,
                "timestamp": house.now().as_second(),
            }] }),
            _ => json!({ "delivery_id": id, "fields": {
                "MessageSid": "SM00000000000000000000000000000001", "MessageStatus": "failed",
                "ErrorCode": "21610", "To": to,
            } }),
        };
        let (id, sent) = asks().await;
        assert!(sent);
        let old = report(&id);
        assert!(house.provider_reports(provider, &old).await.0 < 300);
        assert!(!asks().await.1, "{provider}: suppressed");

        let _ = at(&house, &["suppressions", "remove", to]).await.text();
        for _ in 0..2 {
            assert!(house.provider_reports(provider, &old).await.0 < 300);
            let (id, sent) = asks().await;
            assert!(sent, "{provider}: let through");
            let _ = id;
        }
        let (id, _) = asks().await;
        assert!(house.provider_reports(provider, &report(&id)).await.0 < 300);
        assert!(!asks().await.1, "{provider}: it bounced again");
    }
}

/// A broken record of ours on one day: all who bounced since then are let through at once, and nobody else.
#[tokio::test]
async fn suppressions_are_removed_by_reason_and_day() {
    let house = House::open().await;
    let bounces = async |to: &str, kind: &str| {
        let id = house.visitor(to).asks_for_a_code().await.is(200).json();
        let id = &id["delivery_id"];
        let report = match kind {
            "bounce" => {
                json!({ "eventType": "Bounce", "mail": { "tags": { "delivery_id": [id] } }, "bounce": {
                "bounceType": "Permanent", "bounceSubType": "NoEmail", "bouncedRecipients": [{ "emailAddress": to }],
            } })
            }
            _ => {
                json!({ "eventType": "Complaint", "mail": { "tags": { "delivery_id": [id] } }, "complaint": {
                "complaintFeedbackType": "abuse", "complainedRecipients": [{ "emailAddress": to }],
            } })
            }
        };
        assert_eq!(house.provider_reports("ses", &report).await.0, 200);
    };
    bounces("old@example.com", "bounce").await;
    house.advance(3 * 86_400).await;
    let since = house.now().to_string();
    for n in 0..5 {
        bounces(&format!("jane{n}@example.com"), "bounce").await;
    }
    bounces("tom@example.com", "complaint").await;
    let all = [
        "suppressions",
        "remove",
        "--reason",
        "bounce",
        "--since",
        &since,
        "--json",
    ];
    let dry = at(&house, &[&all[..], &["--dry-run"]].concat())
        .await
        .json();
    assert_eq!(dry.as_array().unwrap().len(), 5, "{dry}");
    let done = at(&house, &all).await.json();
    assert_eq!(done, json!({ "removed": 5 }));
    let left = at(&house, &["suppressions", "list", "--json"]).await.json();
    let mut reasons: Vec<_> = left
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["reason"].as_str())
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons, [Some("bounce"), Some("complaint")], "{left}");
    at(
        &house,
        &[
            "suppressions",
            "remove",
            "--reason",
            "bounce",
            "--since",
            "yesterday",
        ],
    )
    .await
    .failed(2, "expected 2026-11-30");
    at(&house, &["suppressions", "remove"])
        .await
        .failed(2, "required");
}
