//! A person adds, changes and gives up addresses.

use local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, House, SignedIn, steps};

use crate::profile::{call, shows};

const ADD: &str = "/api/profile/identifiers/";
const PROVE: &str = "/api/profile/identifiers/verify/";

pub(crate) async fn asks(house: &House, who: &SignedIn, identifier: &str) -> Answer {
    let body = json!({ "identifier": identifier });
    call(house, &who.access, Method::POST, ADD, Some(&body)).await
}

pub(crate) async fn proves(house: &House, who: &SignedIn, identifier: &str, code: &str) -> Answer {
    let body = json!({ "identifier": identifier, "otp_code": code });
    call(house, &who.access, Method::POST, PROVE, Some(&body)).await
}

async fn gives_up(house: &House, who: &SignedIn, kind: &str) -> Answer {
    let path = format!("/api/profile/identifiers/{kind}/");
    call(house, &who.access, Method::DELETE, &path, None).await
}

async fn code(house: &House, identifier: &str) -> String {
    house.codes_sent_to(identifier).await.remove(0)
}

pub(crate) async fn links(house: &House, who: &SignedIn, identifier: &str) -> Value {
    let _ = asks(house, who, identifier).await.is(200);
    let code = code(house, identifier).await;
    proves(house, who, identifier, &code).await.is(200).json()
}

/// Invariant I6.
async fn claims_and_users_agree(house: &House) {
    let accounts = house.tables().accounts().await;
    let text = |item: &tests::Item, name: &str| {
        item.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let mut claims: Vec<_> = accounts
        .iter()
        .filter(|item| text(item, "sk") == "CLAIM")
        .map(|item| (text(item, "pk"), text(item, "user")))
        .collect();
    let mut wanted = Vec::new();
    for user in accounts.iter().filter(|item| text(item, "sk") == "USER") {
        for kind in ["email", "phone"] {
            if user.contains_key(kind) {
                let id = text(user, "pk").replacen("USER#", "", 1);
                wanted.push((format!("CLAIM#{kind}#{}", text(user, kind)), id));
            }
        }
    }
    claims.sort();
    wanted.sort();
    assert_eq!(claims, wanted);
}

/// Two people want the same address and happen to use the same key: each gets a code of their own.
#[tokio::test]
async fn link_idempotency_key_is_its_owners() {
    let house = House::open().await;
    let mut deliveries = Vec::new();
    for who in ["jane@example.com", "mary@example.com"] {
        let person = house.visitor(who).signs_in().await;
        let body = json!({ "identifier": "new@example.com" });
        let ask = || {
            let call = house.post(ADD, &body).bearer(&person.access);
            call.header("idempotency-key", "1").send()
        };
        let sent = ask().await.is(200).json();
        assert_eq!(
            ask().await.is(200).json()["delivery_id"],
            sent["delivery_id"]
        );
        deliveries.push(sent["delivery_id"].clone());
        let code = code(&house, "new@example.com").await;
        if who == "mary@example.com" {
            let _ = proves(&house, &person, "new@example.com", &code)
                .await
                .is(200);
        }
        house.advance(31).await;
    }
    assert_ne!(deliveries[0], deliveries[1]);
    assert_eq!(house.sent_to("new@example.com").await.len(), 2);
}

/// 401 is decided before the body is read.
#[tokio::test]
async fn link_refuses_an_old_sign_in_before_the_body_is_read() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    house.advance(11 * 60).await;
    for path in [ADD, PROVE] {
        for (kind, body) in [
            ("application/json", "{bad".to_owned()),
            ("text/plain", "{}".to_owned()),
            ("application/json", "x".repeat(17 * 1024)),
        ] {
            let call = house.call(Method::POST, path).bearer(&jane.access);
            let answer = call.body(kind, body).send().await;
            answer.problem(401, "reauthentication_required");
        }
    }
}

/// THREATS E02, E05, E10.
#[tokio::test]
async fn link_adds_a_number_changes_an_address_and_removes_it() {
    let house = House::open().await;
    let visitor = house.visitor("jane@example.com");
    let elsewhere = visitor.signs_in().await;
    house.advance(60).await;
    let jane = visitor.signs_in().await;
    adds_a_number(&house, &jane, &elsewhere).await;

    // The number signs in to the same account.
    let by_phone = house.visitor(NUMBER).signs_in().await;
    assert_eq!(by_phone.user["id"], jane.user["id"]);
    house.advance(60).await;
    changes_the_address(&house, &by_phone).await;
    // The former address signs in nobody.
    let stranger = visitor.at(&house.new_ip()).signs_in().await;
    assert_eq!(stranger.user["is_new_user"], true);
    assert_ne!(stranger.user["id"], jane.user["id"]);
    removes_the_address(&house, &by_phone).await;

    let events = call(
        &house,
        &by_phone.access,
        Method::GET,
        "/api/profile/activity/",
        None,
    );
    let events = events.await.json();
    let lines = events["results"].as_array().unwrap().iter();
    let words: Vec<_> = lines.map(|line| line["event"].clone()).collect();
    for word in [
        "identifier_added",
        "identifier_changed",
        "identifier_removed",
    ] {
        assert!(words.contains(&json!(word)), "{words:?}");
    }
    claims_and_users_agree(&house).await;
}

const NUMBER: &str = "+14155550100";

/// The number is there once it is proven; the address is told, and the other session ends.
async fn adds_a_number(house: &House, jane: &SignedIn, elsewhere: &SignedIn) {
    let asked = asks(house, jane, "+1 415 555 0100").await.is(200);
    let calls = house.calls_of(&asked.request_id()).await;
    assert_eq!(steps(&calls), 4, "who asks, and a code's three: {calls:#?}");
    let shown = asked.json();
    assert_eq!(shown["channel"], "phone");
    assert_eq!(
        (&shown["success"], &shown["expires_in"]),
        (&json!(true), &json!(600))
    );
    assert_eq!(
        shows(house, jane).await["phone_number"],
        Value::Null,
        "nothing before the proof"
    );

    let code = code(house, NUMBER).await;
    let profile = proves(house, jane, NUMBER, &code).await.is(200);
    let version = profile.json()["version"].as_u64().unwrap();
    assert_eq!(
        profile.header("etag"),
        Some(format!("\"{version}\"").as_str())
    );
    assert_eq!(profile.json()["phone_number"], NUMBER);
    assert_eq!(profile.json()["phone_verified"], true);
    let gone = call(house, &elsewhere.access, Method::GET, "/api/profile/", None);
    let _ = gone.await.is(401);
    assert!(
        last_told(house, "jane@example.com", "subject")
            .await
            .contains("phone number")
    );
    let again = proves(house, jane, NUMBER, &code).await;
    again.problem(401, "otp_invalid");
}

/// The address is replaced, and the old one is told without the new one being named.
async fn changes_the_address(house: &House, jane: &SignedIn) {
    let changed = links(house, jane, "jane@example.org").await;
    assert_eq!(changed["email"], "jane@example.org");
    let told = last_told(house, "jane@example.com", "text").await;
    assert!(
        told.contains("If this was not you: sign in at http"),
        "{told}"
    );
    assert!(
        !told.contains("jane@example.org"),
        "the new address is masked"
    );
}

/// The address can be removed, again and again; the number is the last and stays.
async fn removes_the_address(house: &House, jane: &SignedIn) {
    let _ = gives_up(house, jane, "email").await.is(204);
    let _ = gives_up(house, jane, "email").await.is(204);
    let last = gives_up(house, jane, "phone").await;
    last.problem(409, "last_identifier");
    let unknown = gives_up(house, jane, "fax").await;
    unknown.problem(404, "not_found");
    let shown = shows(house, jane).await;
    assert_eq!(
        (&shown["email"], &shown["phone_number"]),
        (&Value::Null, &json!(NUMBER))
    );
    assert!(
        last_told(house, "jane@example.org", "subject")
            .await
            .contains("removed")
    );
}

async fn last_told(house: &House, address: &str, part: &str) -> String {
    let message = &house.sent_to(address).await[0];
    message[part].as_str().unwrap().to_owned()
}

/// THREATS E04, E08.
#[tokio::test]
async fn link_needs_a_recent_sign_in() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    house.advance(601).await;
    let body = json!({ "identifier": 7 });
    for (method, path, body) in [
        (Method::POST, ADD, Some(&body)),
        (Method::POST, PROVE, Some(&body)),
        (Method::DELETE, "/api/profile/identifiers/email/", None),
        (Method::GET, "/api/profile/export/", None),
        (Method::DELETE, "/api/profile/", None),
    ] {
        let answer = call(&house, &jane.access, method, path, body).await;
        answer.problem(401, "reauthentication_required");
    }
    let _ = call(
        &house,
        &jane.access,
        Method::POST,
        "/api/profile/restore/",
        None,
    )
    .await
    .is(200);
}

/// THREATS C05: the address of somebody else shows as taken only after its code was proven.
#[tokio::test]
async fn link_shows_a_taken_address_after_the_proof_only() {
    let house = House::open().await;
    let _ = house.visitor("bob@example.com").signs_in().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    house.advance(60).await;
    let free = asks(&house, &jane, "free@example.com").await.is(200);
    let taken = asks(&house, &jane, "bob@example.com").await.is(200);
    assert_eq!(free.anonymous(), taken.anonymous());
    let code_ = code(&house, "bob@example.com").await;
    proves(&house, &jane, "bob@example.com", "000000")
        .await
        .problem(401, "otp_invalid");
    proves(&house, &jane, "bob@example.com", &code_)
        .await
        .problem(409, "identifier_taken");
    proves(&house, &jane, "bob@example.com", &code_)
        .await
        .problem(401, "otp_invalid");
    assert_eq!(shows(&house, &jane).await["email"], "jane@example.com");
    claims_and_users_agree(&house).await;
}

/// THREATS L02: the address of an account whose time has come is free, whether or not the janitor was there.
#[tokio::test]
async fn link_takes_the_address_of_an_account_due_for_erasure() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "1")).await;
    let bob = house.visitor("bob@example.com").signs_in().await;
    let accepted = call(&house, &bob.access, Method::DELETE, "/api/profile/", None).await;
    let accepted = accepted.is(202).json();
    let erases: jiff::Timestamp = accepted["erases_at"].as_str().unwrap().parse().unwrap();
    house.set_clock_after(erases, -60.0);
    let jane = house.visitor("jane@example.com").signs_in().await;
    let _ = asks(&house, &jane, "bob@example.com").await.is(200);
    let early = code(&house, "bob@example.com").await;
    proves(&house, &jane, "bob@example.com", &early)
        .await
        .problem(409, "identifier_taken");

    house.set_clock_after(erases, 1.0);
    let profile = links(&house, &jane, "bob@example.com").await;
    assert_eq!(profile["email"], "bob@example.com");
    let janitor = json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event" });
    house.cloud().invoke("events", &janitor).await.unwrap();
    assert_eq!(shows(&house, &jane).await["email"], "bob@example.com");
    let left = house
        .tables()
        .person(bob.user["id"].as_str().unwrap())
        .await;
    assert_eq!(left.len(), 0, "{left:?}");
    claims_and_users_agree(&house).await;
}

/// THREATS A14, E06.
#[tokio::test]
async fn link_code_is_for_one_purpose_one_person_and_one_version() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let bob = house.visitor("bob@example.com").signs_in().await;
    let target = house.visitor("new@example.com");

    let signing_in = target.gets_a_code().await;
    proves(&house, &jane, "new@example.com", &signing_in)
        .await
        .problem(401, "otp_invalid");
    let _ = asks(&house, &jane, "new@example.com").await.is(200);
    let linking = code(&house, "new@example.com").await;
    assert_eq!(
        target.enters(&linking).await.status,
        if linking == signing_in { 200 } else { 401 }
    );
    proves(&house, &bob, "new@example.com", &linking)
        .await
        .problem(401, "otp_invalid");

    // Another change of the same kind makes the code void.
    let _ = links(&house, &jane, "third@example.com").await;
    proves(&house, &jane, "new@example.com", &linking)
        .await
        .problem(401, "otp_invalid");
    assert_eq!(shows(&house, &jane).await["email"], "third@example.com");
}

/// THREATS E03.
#[tokio::test]
async fn link_of_one_number_by_two_has_one_winner() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let bob = house.visitor("bob@example.com").signs_in().await;
    let number = "+14155550100";
    let _ = asks(&house, &jane, number).await.is(200);
    let first = code(&house, number).await;
    house.advance(31).await;
    let _ = asks(&house, &bob, number).await.is(200);
    let second = code(&house, number).await;
    let (a, b) = futures_util::join!(
        proves(&house, &jane, number, &first),
        proves(&house, &bob, number, &second)
    );
    let (won, lost) = if a.status == 200 { (a, b) } else { (b, a) };
    assert_eq!(won.is(200).json()["phone_number"], number);
    lost.problem(409, "identifier_taken");
    claims_and_users_agree(&house).await;
}

/// Somebody signs in by a number while its account gives it up: into that account before, into a new one after, and the
/// session of "before" ends with the number.
#[tokio::test]
async fn sign_in_by_an_address_that_is_being_given_up_opens_no_session_of_its_account() {
    let house = House::open().await;
    for round in 0..6 {
        let number = format!("+1415555010{round}");
        let jane = house.visitor(format!("jane{round}@example.com"));
        let jane = jane.signs_in().await;
        let _ = links(&house, &jane, &number).await;
        house.advance(31).await;
        let visitor = house.visitor(&number);
        let code = visitor.gets_a_code().await;
        let (gone, came_in) =
            futures_util::join!(gives_up(&house, &jane, "phone"), visitor.enters(&code));
        let _ = gone.is(204);
        let came_in = SignedIn::read(&came_in.is(200));
        let profile = house.get("/api/profile/").bearer(&came_in.access);
        let profile = profile.send().await;
        if came_in.user["id"] == jane.user["id"] {
            profile.problem(401, "unauthenticated");
        } else {
            let _ = profile.is(200);
            assert_eq!(came_in.user["is_new_user"], true);
        }
        claims_and_users_agree(&house).await;
    }
}

/// THREATS E03: a linking code and a sign-in code of one number, entered at once. Anyone who signs in comes to the one
/// account that the number is of afterwards.
#[tokio::test]
async fn link_and_sign_in_that_race_for_a_number_have_one_winner() {
    let house = House::open().await;
    for round in 0..6 {
        let number = format!("+1415555010{round}");
        let jane = house.visitor(format!("jane{round}@example.com"));
        let jane = jane.signs_in().await;
        let visitor = house.visitor(&number);
        let sign_in = visitor.gets_a_code().await;
        let _ = asks(&house, &jane, &number).await.is(200);
        let link = code(&house, &number).await;
        let (linked, came_in) = futures_util::join!(
            proves(&house, &jane, &number, &link),
            visitor.enters(&sign_in)
        );
        let came_in = came_in.is(200).json();
        let owner = match linked.status {
            200 => jane.user["id"].clone(),
            _ => {
                linked.problem(409, "identifier_taken");
                assert_eq!(came_in["user"]["is_new_user"], true);
                came_in["user"]["id"].clone()
            }
        };
        assert_eq!(came_in["user"]["id"], owner);
        claims_and_users_agree(&house).await;
    }
}

/// THREATS N03, N10: what the answer promises is in the transaction, and the notice is kept until it was sent.
#[tokio::test]
async fn link_survives_a_lost_reply_and_keeps_a_lost_notice() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let number = "+14155550100";
    let _ = asks(&house, &jane, number).await.is(200);
    let code_ = code(&house, number).await;
    house.fault(json!({ "service": "dynamodb", "operation": "TransactWriteItems", "fault": "lost_reply", "times": 1 })).await;
    house
        .fault(json!({ "service": "ses", "fault": "error", "times": 1 }))
        .await;
    let profile = proves(&house, &jane, number, &code_).await.is(200).json();
    assert_eq!(profile["phone_number"], number);
    assert_eq!(profile["version"], 2);
    assert_eq!(house.end_faults().await, 2);
    let accounts = house.tables().accounts().await;
    let notices: Vec<_> = accounts
        .iter()
        .filter(|item| item["pk"].as_str().unwrap().starts_with("NOTICES#"))
        .collect();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0]["to"], json!(["jane@example.com"]));
    claims_and_users_agree(&house).await;
}

/// THREATS E07: two removals at once leave one address.
#[tokio::test]
async fn unlink_leaves_the_last_address_also_in_a_race() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let _ = links(&house, &jane, "+14155550100").await;
    let (a, b) = futures_util::join!(
        gives_up(&house, &jane, "email"),
        gives_up(&house, &jane, "phone")
    );
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409], "{a:?} {b:?}");
    claims_and_users_agree(&house).await;
}

/// An address that no code gets to is no way to sign in: the other one stays.
#[tokio::test]
async fn unlink_counts_an_address_that_codes_get_to_alone() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let _ = links(&house, &jane, "+14155550100").await;
    let message = &house.sent_to("jane@example.com").await[0]["id"];
    let path = format!("/_local/deliveries/{message}/status");
    let order = json!({ "status": "bounce" });
    let _ = house.post(&path, &order).send().await.is(200);
    gives_up(&house, &jane, "phone")
        .await
        .problem(409, "last_identifier");
    assert_eq!(gives_up(&house, &jane, "email").await.status, 204);
}

#[tokio::test]
async fn unlink_counts_a_number_in_a_country_that_is_served_alone() {
    let house = House::with(Options::memory().set("SMS_COUNTRIES", "DE")).await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let id = jane.user["id"].as_str().unwrap();
    // Linked while the country was on the list.
    let pk = format!("USER#{id}");
    let number = json!({ ":number": { "S": "+14155550100" } });
    house
        .tables()
        .update(tests::ACCOUNTS, &pk, "USER", "SET phone = :number", number)
        .await;
    gives_up(&house, &jane, "email")
        .await
        .problem(409, "last_identifier");
}

#[tokio::test]
async fn link_refuses_wrong_requests() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    asks(&house, &jane, "nonsense")
        .await
        .wrong_fields(&[("/identifier", "invalid_email")]);
    let body = json!({ "identifier": "+14155550100", "channel": "email", "x": 1 });
    call(&house, &jane.access, Method::POST, ADD, Some(&body))
        .await
        .wrong_fields(&[("/channel", "invalid_channel"), ("/x", "unknown_field")]);
    proves(&house, &jane, "a@example.com", "12345")
        .await
        .wrong_fields(&[("/otp_code", "invalid_otp_code")]);
    let _ = house.post(ADD, &json!({})).send().await.is(401);
}
