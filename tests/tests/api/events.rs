//! What happened is told once, without codes, tokens or addresses, and written to people.

use serde_json::{Value, json};
use tests::{House, another_code};

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().map(|event| event["detail-type"].as_str());
    kinds.map(Option::unwrap).collect()
}

#[tokio::test]
async fn events_tell_a_sign_in_and_welcome_once() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let code = jane.gets_a_code().await;
    let _ = jane.enters(&another_code(&code, 0)).await.is(401);
    let signed_in = jane.is_let_in_with(&code).await;
    let events = house.events().await;
    let mut found = kinds(&events);
    found.sort_unstable();
    let expected = [
        "otp.failed",
        "otp.requested",
        "user.registered",
        "user.signed_in",
    ];
    assert_eq!(found, expected);
    for event in &events {
        assert_eq!(event["source"], "latchkey");
        let told = event.to_string();
        for secret in ["jane@", code.as_str(), signed_in.access.as_str()] {
            assert!(!told.contains(secret), "{told}");
        }
    }
    let registered = events
        .iter()
        .find(|e| e["detail-type"] == "user.registered")
        .unwrap();
    assert_eq!(registered["detail"]["user_id"], signed_in.user["id"]);
    assert_eq!(registered["detail"]["registration_method"], "otp_email");

    // The same event again is no second mail.
    let _ = house.cloud().invoke("events", registered).await.unwrap();
    let welcomes = house.sent_to("jane@example.com").await;
    let welcomes = welcomes
        .iter()
        .filter(|m| m["subject"].as_str().unwrap().contains("Welcome"));
    assert_eq!(welcomes.count(), 1);
}

#[tokio::test]
async fn events_warn_the_owner_when_somebody_guesses() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let _ = jane.signs_in().await;
    house.advance(60).await;
    let stranger = jane.at("203.0.113.9");
    for _ in 0..2 {
        let code = stranger.gets_a_code().await;
        for n in 0..3 {
            let _ = stranger.enters(&another_code(&code, n)).await;
        }
        house.advance(31).await;
    }
    let events = house.events().await;
    let locked: Vec<_> = events
        .iter()
        .filter(|e| e["detail-type"] == "otp.locked")
        .collect();
    assert_eq!(locked.len(), 1, "{events:#?}");
    assert_eq!(locked[0]["detail"]["wait_seconds"], 30);
    assert!(locked[0]["detail"]["user_id"].is_string());
    let warnings = house.sent_to("jane@example.com").await;
    let warnings = warnings
        .iter()
        .filter(|m| m["subject"].as_str().unwrap().contains("Wrong codes"));
    assert_eq!(warnings.count(), 1);
}

/// Records that come again, and calls that fail or lose their replies, count nothing twice and lose nothing.
#[tokio::test]
async fn events_count_every_change_once_whatever_fails() {
    let house = House::open().await;
    for (n, fault) in ["error", "lost_reply", "conflict", "throttle"]
        .into_iter()
        .enumerate()
    {
        for operation in ["TransactWriteItems", "PutItem", "UpdateItem"] {
            let order = json!({
                "service": "dynamodb", "operation": operation, "fault": fault, "times": 1, "background": true,
            });
            house.fault(order).await;
        }
        house
            .fault(json!({ "service": "eventbridge", "fault": fault, "times": 1 }))
            .await;
        let _ = house
            .visitor(format!("jane{n}@example.com"))
            .signs_in()
            .await;
        assert!(house.cloud().settle().await);
    }
    let sums = counters(&house).await;
    assert_eq!(sums["registered"], 4, "{sums}");
    assert_eq!(sums["requested"], 4, "{sums}");
    assert_eq!(sums["verified"], 4, "{sums}");
    assert_eq!(sums["active"], 4, "{sums}");
    // What the bus did not take is told within the hour.
    house.advance(60 * 60).await;
    let mut ids: Vec<_> = house
        .events()
        .await
        .iter()
        .map(|event| event["detail"]["id"].to_string())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(
        ids.len(),
        12,
        "three events for each, however often they were told"
    );
}

/// A bus that fails holds up neither counters nor what is to be done, and is told of everything once it works.
#[tokio::test]
async fn events_that_the_bus_does_not_take_are_kept_and_told_later() {
    let house = House::open().await;
    house
        .fault(json!({ "service": "eventbridge", "fault": "error", "times": 100_000 }))
        .await;
    let _ = house.visitor("jane@example.com").signs_in().await;
    let tom = house.visitor("+14155552671");
    let asked = json!({ "identifier": tom.identifier, "channel": "whatsapp" });
    let id = tom.asks(&asked).await.is(200).json()["delivery_id"].clone();
    let undelivered = json!({ "delivery_id": id, "fields": {
        "MessageSid": "SM00000000000000000000000000000001", "MessageStatus": "undelivered",
        "To": "whatsapp:+14155552671",
    } });
    assert_eq!(house.provider_reports("twilio", &undelivered).await.0, 204);
    assert!(house.cloud().settle().await);
    assert_eq!(
        house.sent_to("+14155552671").await.len(),
        2,
        "the second way"
    );
    let sums = counters(&house).await;
    assert_eq!(
        (&sums["registered"], &sums["verified"]),
        (&json!(1), &json!(1)),
        "{sums}"
    );
    assert_eq!(house.events().await, [] as [Value; 0]);
    house.advance(60 * 60).await;
    assert_eq!(
        house.events().await,
        [] as [Value; 0],
        "the bus still fails"
    );

    assert!(house.end_faults().await > 0);
    house.advance(60 * 60).await;
    let told = house.events().await;
    let mut found = kinds(&told);
    found.sort_unstable();
    let expected = [
        "otp.requested",
        "otp.requested",
        "user.registered",
        "user.signed_in",
    ];
    assert_eq!(found, expected);
    let letters = house.sent_to("jane@example.com").await;
    assert!(
        letters[0]["subject"].as_str().unwrap().contains("Welcome"),
        "{letters:?}"
    );
    let left = house.tables().ephemeral().await;
    let left = left.iter().filter_map(|item| item["pk"].as_str());
    assert_eq!(left.filter(|pk| pk.starts_with("UNPUBLISHED#")).count(), 0);
    house.advance(60 * 60).await;
    assert_eq!(house.events().await.len(), 4, "once");
}

async fn counters(house: &House) -> Value {
    let mut sums = json!({ "registered": 0, "requested": 0, "verified": 0, "active": 0 });
    for item in house.tables().accounts().await {
        let name = |metric: &str, attribute: &str| match (metric, attribute) {
            ("STATS#REGISTRATIONS", "m_otp_email") => Some("registered"),
            ("STATS#OTP", "requested") => Some("requested"),
            ("STATS#OTP", "verified") => Some("verified"),
            ("STATS#ACTIVE", day) if day.starts_with('d') => Some("active"),
            _ => None,
        };
        let pk = item["pk"].as_str().unwrap_or_default().to_owned();
        let metric = pk.rsplit_once('#').map(|(metric, _shard)| metric);
        for (attribute, value) in &item {
            if let Some(name) = name(metric.unwrap_or_default(), attribute) {
                let sum = sums[name].as_i64().unwrap() + value.as_i64().unwrap();
                sums[name] = sum.into();
            }
        }
    }
    sums
}

/// The mark comes before the mail; where its reply is lost, the mail goes all the same, and once.
#[tokio::test]
async fn welcome_survives_a_lost_reply_on_its_mark() {
    for after in 0..3 {
        let house = House::open().await;
        let order = json!({
            "service": "dynamodb", "operation": "PutItem", "fault": "lost_reply", "times": 1, "after": after,
            "background": true,
        });
        house.fault(order).await;
        let _ = house.visitor("jane@example.com").signs_in().await;
        assert!(house.cloud().settle().await);
        let sent = house.sent_to("jane@example.com").await;
        let subjects = sent.iter().filter_map(|mail| mail["subject"].as_str());
        let welcomes = subjects.filter(|subject| subject.contains("Welcome"));
        assert_eq!(welcomes.count(), 1, "call {after}");
    }
}

/// A client that signs out with a token that was succeeded long ago has a copy, and that is recorded.
#[tokio::test]
async fn revoke_of_an_old_token_is_told_as_its_reuse() {
    let house = House::open().await;
    let post = async |path: &str, token: &str| {
        let body = json!({ "refresh": token });
        house.post(path, &body).send().await
    };
    for (behind, expected) in [
        (0, "session.revoked"),
        (1, "session.revoked"),
        (2, "session.refresh_reused"),
    ] {
        let who = format!("jane{behind}@example.com");
        let mut tokens = vec![house.visitor(who).signs_in().await.refresh];
        for _ in 0..2 {
            let newest = tokens.last().unwrap();
            let answer = post("/api/auth/token/refresh/", newest).await.is(200);
            tokens.push(answer.json()["refresh"].as_str().unwrap().to_owned());
        }
        let before = house.events().await.len();
        let old = &tokens[tokens.len() - 1 - behind];
        let _ = post("/api/auth/token/revoke/", old).await.is(204);
        let events = house.events().await;
        let told = kinds(&events[before..]);
        assert!(told.contains(&expected), "{behind}: {told:?}");
        let newest = tokens.last().unwrap();
        post("/api/auth/token/refresh/", newest)
            .await
            .problem(401, "refresh_invalid");
    }
}
