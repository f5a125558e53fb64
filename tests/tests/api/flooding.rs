//! Flooding and cost: a caller who is refused has touched nothing, and the wait is a true one.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use local::Options;
use reqwest::Method;
use serde_json::json;
use tests::{House, REQUEST, asking};

use crate::race::Rounds;

/// B01, B12: whatever the caller's address, one send per 30 s, 5 in any hour, 10 in any day; the wait is true.
#[tokio::test]
async fn request_sends_stay_in_their_windows_and_the_wait_is_true() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let (mut sent, mut waits, mut promised) = (0, Vec::new(), 0);
    while sent < 12 {
        let asked = house.now();
        let answer = jane.at(&house.new_ip()).asks_for_a_code().await;
        if answer.status == 200 {
            sent += 1;
            promised = answer.json()["resend_in"].as_u64().unwrap();
            continue;
        }
        let wait = answer.limited();
        assert!(
            (wait..=wait + 2).contains(&promised),
            "the answer said {promised}, and then it was {wait}"
        );
        waits.push(wait);
        let refused = house.now();
        // The true end lies in the last second of the wait; another second is left to a slow machine.
        #[expect(clippy::cast_precision_loss, reason = "at most a day")]
        let wait = wait as f64;
        house.set_clock_after(asked, wait - 2.0);
        jane.at(&house.new_ip()).asks_for_a_code().await.limited();
        house.set_clock_after(refused, wait);
        let next = jane.at(&house.new_ip()).asks_for_a_code().await.is(200);
        promised = next.json()["resend_in"].as_u64().unwrap();
        sent += 1;
    }
    assert_eq!(waits[..4], [30; 4], "the cooldown");
    assert!((3470..=3480).contains(&waits[4]), "the hour: {waits:?}");
    assert!(waits.iter().any(|wait| *wait > 4000), "the day: {waits:?}");
    assert_eq!(house.sent_to("jane@example.com").await.len(), 12);
    house.is_sound().await;
}

/// B01
#[tokio::test]
async fn request_a_hundred_times_in_ten_seconds_sends_one_mail() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let _ = jane.asks_for_a_code().await.is(200);
    let before = house.tables().challenge("email", "jane@example.com").await;
    for _ in 0..99 {
        jane.at(&house.new_ip()).asks_for_a_code().await.limited();
    }
    assert_eq!(house.outbox().await.len(), 1);
    let after = house.tables().challenge("email", "jane@example.com").await;
    assert_eq!(before, after, "a caller who is refused has touched nothing");
}

/// B02
#[tokio::test]
async fn request_sixty_times_at_once_sends_one_mail() {
    let house = House::open().await;
    let mut rounds = Rounds::default();
    while let Some(round) = rounds.next() {
        let jane = house.visitor(format!("jane{round}@example.com"));
        let asks = (0..60).map(|_| {
            let caller = jane.at(&house.new_ip());
            async move { caller.asks_for_a_code().await }
        });
        let answers = join_all(asks).await;
        let sent = answers.iter().filter(|a| a.status == 200).count();
        let mails = house.sent_to(&jane.identifier).await.len();
        assert!(sent <= 1 && mails <= 1, "{sent} {mails}");
        if rounds.is_clean(&answers) {
            assert_eq!((sent, mails), (1, 1));
            for answer in answers.iter().filter(|a| a.status != 200) {
                // Counted from the winner's moment, which may be later than this one's.
                assert!((25..=35).contains(&answer.limited()), "{answer:?}");
            }
        }
    }
    house.is_sound().await;
}

/// B03, B04: other accounts, one mailbox.
#[tokio::test]
async fn request_for_tags_and_dots_shares_the_mailboxs_day() {
    let house = House::open().await;
    let tags: Vec<_> = (0..11).map(|n| format!("jane+{n}@example.com")).collect();
    let dots: Vec<_> = [
        "janedoe",
        "j.anedoe",
        "ja.nedoe",
        "jan.edoe",
        "jane.doe",
        "janed.oe",
        "janedo.e",
        "j.a.nedoe",
        "j.an.edoe",
        "j.ane.doe",
        "jane.doe+shop",
    ]
    .iter()
    .enumerate()
    .map(|(n, local)| {
        format!(
            "{local}@{}",
            if n % 2 == 0 {
                "gmail.com"
            } else {
                "googlemail.com"
            }
        )
    })
    .collect();
    for addresses in [tags, dots] {
        for address in &addresses[..10] {
            let _ = house.visitor(address).asks_for_a_code().await.is(200);
        }
        let wait = house
            .visitor(&addresses[10])
            .asks_for_a_code()
            .await
            .limited();
        assert!((86_000..=86_400).contains(&wait), "{wait}");
    }
    // Dots elsewhere than at Gmail are other mailboxes.
    let _ = house
        .visitor("j.ane@example.com")
        .asks_for_a_code()
        .await
        .is(200);
    house.is_sound().await;
}

/// The most that a rate admits in a while that has lasted since `begun`: the burst, and what came back since.
fn most(house: &House, begun: jiff::Timestamp, burst: usize, seconds: i64) -> usize {
    let passed = house.now().duration_since(begun).as_secs() / seconds + 1;
    burst + usize::try_from(passed).expect("forwards")
}

/// B05, B06
#[tokio::test]
async fn request_limit_of_a_caller_holds_whatever_its_headers_say() {
    let house = House::open().await;
    let ip = house.new_ip();
    let ask = |n: usize| {
        house
            .post(REQUEST, &asking(&format!("victim{n}@example.com")))
            .from(&ip)
            .header("x-forwarded-for", format!("1.2.3.{n}"))
            .header("x-real-ip", format!("1.2.3.{n}"))
            .header("forwarded", format!("for=1.2.3.{n}"))
            .send()
    };
    let begun = house.now();
    let mut sent = 0;
    let (asked, wait) = loop {
        let asked = house.now();
        let answer = ask(sent).await;
        if answer.status == 429 {
            break (asked, answer.limited());
        }
        let answer = answer.is(200);
        assert!(answer.header("ratelimit").is_some(), "{answer:?}");
        sent += 1;
    };
    assert!((20..=most(&house, begun, 20, 6)).contains(&sent), "{sent}");
    assert!(
        (1..=6).contains(&wait),
        "one comes back every six seconds: {wait}"
    );
    let refused = house.now();
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    let wait = wait as f64;
    if wait > 2.0 {
        house.set_clock_after(asked, wait - 2.0);
        ask(100).await.limited();
    }
    house.set_clock_after(refused, wait);
    let _ = ask(101).await.is(200);
    assert_eq!(house.outbox().await.len(), sent + 1);
}

/// B05: an IPv6 caller is its /64, an IPv4-mapped one its IPv4 address.
#[tokio::test]
async fn request_limit_takes_neighbours_in_one_network_for_one_caller() {
    let house = House::open().await;
    for (kind, elsewhere) in [("six", "2001:db8:1:3::1"), ("four", "203.0.113.8")] {
        let ip = |n: usize| match (kind, n % 2) {
            ("six", _) => format!("2001:db8:1:2::{n:x}"),
            (_, 0) => "203.0.113.7".to_owned(),
            _ => "::ffff:203.0.113.7".to_owned(),
        };
        let ask = |n: usize, ip: &str| {
            let visitor = house.visitor(format!("{kind}{n}@example.com")).at(ip);
            async move { visitor.asks_for_a_code().await }
        };
        let begun = house.now();
        let mut sent = 0;
        while ask(sent, &ip(sent)).await.status == 200 {
            sent += 1;
        }
        assert!(
            (20..=most(&house, begun, 20, 6)).contains(&sent),
            "{kind}: {sent}"
        );
        let _ = ask(1000, elsewhere).await.is(200);
    }
}

/// B05: one customer with thousands of networks has sixteen allowances, and a busy network takes nothing from its neighbours.
#[tokio::test]
async fn request_limit_takes_the_networks_of_one_site_together() {
    let options = local::Options::memory()
        .set("IP_SENDS_BURST", "2")
        .set("IP_SENDS_PER_MINUTE", "1");
    let house = House::with(options).await;
    let ask = |n: usize, ip: String| {
        let visitor = house.visitor(format!("v{n}@example.com")).at(&ip);
        async move { visitor.asks_for_a_code().await }
    };
    let network = |n: usize| format!("2001:db8:1:{n:x}::1");
    // What one network is refused does not count for the site.
    let mut refused = 0;
    for n in 0..40 {
        refused += usize::from(ask(n, network(0)).await.status == 429);
    }
    assert!(refused >= 37, "{refused}");
    let mut sent = 40 - refused;
    for n in 1..40 {
        let answer = ask(100 + n, network(n)).await;
        if answer.status == 429 {
            answer.limited();
            break;
        }
        sent += 1;
    }
    assert!((32..=36).contains(&sent), "{sent}");
    let _ = ask(200, "2001:db8:2:1::1".to_owned()).await.is(200);
    // The limit is one step, as ever.
    let first = ask(201, "2001:db8:3:1::1".to_owned()).await.is(200);
    let calls = house.calls_of(&first.request_id()).await;
    assert_eq!(tests::steps(&calls), 3);
}

/// B13, B14
#[tokio::test]
async fn request_refuses_a_channel_that_does_not_fit_or_is_not_configured() {
    let house = House::with(
        Options::memory()
            .without("TWILIO_WHATSAPP_FROM")
            .without("TWILIO_WHATSAPP_CONTENT_SID"),
    )
    .await;
    for (identifier, channel) in [
        ("jane@example.com", "phone"),
        ("jane@example.com", "sms"),
        ("jane@example.com", "whatsapp"),
        ("+14155550100", "email"),
        ("+14155550100", "whatsapp"),
        ("+14155550100", "pigeon"),
        ("+14155550100", "PHONE"),
        ("+14155550100", ""),
    ] {
        let body = json!({ "identifier": identifier, "channel": channel });
        let answer = house.visitor(identifier).posts(REQUEST, &body).await;
        answer.wrong_fields(&[("/channel", "invalid_channel")]);
    }
    assert!(house.outbox().await.is_empty());
    let scene = house.is_sound().await;
    assert!(scene.ephemeral.is_empty(), "what is refused leaves nothing");
}

/// B15: a bounced address gets the ordinary answer and no message.
#[tokio::test]
async fn request_for_a_bounced_address_is_answered_and_not_sent() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let ordinary = jane.asks_for_a_code().await.is(200);
    let message = &house.sent_to("jane@example.com").await[0];
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let told = house
        .post(&path, &json!({ "status": "bounce" }))
        .send()
        .await
        .is(200);
    assert_eq!(told.json()["status"], 200, "{told:?}");
    house.advance(31).await;
    let quiet = jane.asks_for_a_code().await.is(200);
    assert_eq!(quiet.plain_headers(), ordinary.plain_headers());
    assert_eq!(house.sent_to("jane@example.com").await.len(), 1);
    let id = quiet.json()["delivery_id"].as_str().unwrap().to_owned();
    let shown = house
        .get(&format!("/api/auth/otp/deliveries/{id}/"))
        .send()
        .await
        .is(200)
        .json();
    assert_eq!(shown["status"], "bounced");
    house.is_sound().await;
}

/// B16, B17: a limit that cannot be counted denies, and nothing is sent.
#[tokio::test]
async fn request_without_its_store_sends_nothing() {
    let house = House::open().await;
    for fault in ["throttle", "error"] {
        house
            .fault(json!({"service": "dynamodb", "fault": fault, "times": 1000}))
            .await;
        let jane = house.visitor(format!("{fault}@example.com"));
        jane.asks_for_a_code().await.problem(503, "unavailable");
        jane.enters("123456").await.problem(503, "unavailable");
        assert!(house.end_faults().await > 0);
        assert!(house.sent_to(&jane.identifier).await.is_empty());
        jane.signs_in().await;
        let _ = house
            .call(Method::DELETE, "/_local/outbox")
            .send()
            .await
            .is(204);
    }
}

/// B18
#[tokio::test]
async fn request_limit_grants_nothing_when_the_clock_is_set_back() {
    let house = House::with(Options::memory().set("IP_SENDS_PER_MINUTE", "1")).await;
    let jane = house.visitor("jane@example.com");
    let ip = jane.ip.clone();
    let _ = jane.asks_for_a_code().await.is(200);
    for n in 0..19 {
        let _ = house
            .visitor(format!("v{n}@example.com"))
            .at(&ip)
            .asks_for_a_code()
            .await
            .is(200);
    }
    house.advance(-3600).await;
    jane.at(&house.new_ip()).asks_for_a_code().await.limited();
    house
        .visitor("v20@example.com")
        .at(&ip)
        .asks_for_a_code()
        .await
        .limited();
    assert_eq!(house.outbox().await.len(), 20);
}

/// C06: the `RateLimit` headers tell of the caller's own lane only.
#[tokio::test]
async fn request_rate_limit_headers_tell_nothing_about_an_address() {
    let house = House::open().await;
    let fields = |answer: &tests::Answer| {
        (
            answer.header("ratelimit").map(str::to_owned),
            answer.header("ratelimit-policy").map(str::to_owned),
        )
    };
    let mut seen = BTreeSet::new();
    for identifier in ["busy@example.com", "busy@example.com", "new@example.com"] {
        let answer = house.visitor(identifier).asks_for_a_code().await.is(200);
        let (limit, policy) = fields(&answer);
        assert!(limit.is_some() && policy.is_some(), "{answer:?}");
        seen.insert((limit, policy));
        house.advance(31).await;
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
}

/// `Idempotency-Key`: a repetition answers as the first did and sends nothing, until the code is used.
#[tokio::test]
async fn request_repeated_with_the_same_key_sends_nothing() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let ask = |identifier: &str, key: &str| {
        house
            .post(REQUEST, &asking(identifier))
            .from(&jane.ip)
            .header("idempotency-key", key)
            .send()
    };
    let first = ask("jane@example.com", "k1").await.is(200).json();
    house.advance(100).await;
    let again = ask("jane@example.com", "k1").await.is(200).json();
    assert_eq!(again["delivery_id"], first["delivery_id"]);
    assert!(again["expires_in"].as_u64().unwrap() <= 500, "{again}");
    assert_eq!(again["resend_in"], 0);
    assert_eq!(house.outbox().await.len(), 1);
    // K15: another address is another request.
    let other = ask("mary@example.com", "k1").await.is(200).json();
    assert_ne!(other["delivery_id"], first["delivery_id"]);
    assert_eq!(house.sent_to("mary@example.com").await.len(), 1);
    for wrong in ["", "a b", "ä", &"k".repeat(65)] {
        ask("jane@example.com", wrong)
            .await
            .problem(422, "invalid_request");
    }
    let code = jane.reads_the_code().await;
    jane.is_let_in_with(&code).await;
    let _ = ask("jane@example.com", "k1").await.is(200);
    assert_eq!(house.codes_sent_to("jane@example.com").await.len(), 2);
}

/// A delivery is shown to anyone who holds its id, and only what we issued is found.
#[tokio::test]
async fn request_delivery_can_be_watched_by_its_id() {
    let house = House::open().await;
    let sent = house
        .visitor("jane@example.com")
        .asks_for_a_code()
        .await
        .is(200)
        .json();
    let id = sent["delivery_id"].as_str().unwrap();
    let shown = house
        .get(&format!("/api/auth/otp/deliveries/{id}/"))
        .send()
        .await
        .is(200);
    let body = shown.json();
    assert_eq!(body["channel"], "email");
    assert!(
        ["queued", "sent"].contains(&body["status"].as_str().unwrap()),
        "{body}"
    );
    assert!(
        body["history"][0]["at"].as_str().unwrap().ends_with('Z'),
        "{body}"
    );
    assert!(!shown.text.contains("jane"), "no personal data");
    let last = id.chars().last().unwrap();
    let forged = format!(
        "{}{}",
        &id[..id.len() - 1],
        if last == '0' { '1' } else { '0' }
    );
    let bare = &id[..id.len() - 16];
    for unknown in [forged.as_str(), bare, "dlv_0", "x", &id.to_uppercase()] {
        let answer = house
            .get(&format!("/api/auth/otp/deliveries/{unknown}/"))
            .send()
            .await;
        answer.problem(404, "not_found");
    }
}
