//! A person takes everything along, or leaves.

use local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use shared::avatars::AvatarBucket;
use shared::cloud::Setup;
use shared::config::Variables;
use shared::flows::erase::erase_due;
use shared::keyring::{Peppers, Reloading};
use shared::store::Store;
use tests::{Answer, House, SignedIn};

use crate::profile::{call, shows};

const PROFILE: &str = "/api/profile/";
const DAY: i64 = 24 * 60 * 60;

async fn leaves(house: &House, who: &SignedIn) -> Answer {
    call(house, &who.access, Method::DELETE, PROFILE, None).await
}

async fn restores(house: &House, who: &SignedIn) -> Answer {
    call(
        house,
        &who.access,
        Method::POST,
        "/api/profile/restore/",
        None,
    )
    .await
}

/// A house with somebody who has left traces everywhere.
async fn lived_in(options: Options) -> (House, SignedIn) {
    let house = House::with(options).await;
    let visitor = house.visitor("jane@example.com");
    let body =
        json!({ "identifier": "jane@example.com", "source_url": "https://app.example.com/" });
    let _ = visitor.asks(&body).await.is(200);
    let code = visitor.reads_the_code().await;
    let jane = visitor.is_let_in_with(&code).await;
    let changes = json!({ "first_name": "Jane", "bio": "Here" });
    let _ = call(&house, &jane.access, Method::PATCH, PROFILE, Some(&changes))
        .await
        .is(200);
    for identifier in ["+14155550100", "jane@example.org"] {
        let path = "/api/profile/identifiers/";
        let _ = call(
            &house,
            &jane.access,
            Method::POST,
            path,
            Some(&json!({ "identifier": identifier })),
        )
        .await
        .is(200);
        let code = house.codes_sent_to(identifier).await.remove(0);
        let body = json!({ "identifier": identifier, "otp_code": code });
        let path = "/api/profile/identifiers/verify/";
        let _ = call(&house, &jane.access, Method::POST, path, Some(&body))
            .await
            .is(200);
    }
    let found = traces(&house, &jane).await;
    for trace in [
        "USER#",
        "CLAIM#",
        "CODE#",
        "DELIVERY#",
        "STATS#JOINED#",
        "SEEN#welcome#",
    ] {
        let mut found = found.iter();
        assert!(
            found.any(|found| found.contains(trace)),
            "there is no {trace}"
        );
    }
    (house, jane)
}

/// Every trace of the person in the tables, once the streams were read to their end.
async fn traces(house: &House, who: &SignedIn) -> Vec<String> {
    assert!(house.cloud().settle().await);
    let id = who.user["id"].as_str().unwrap();
    let needles = [id, "jane@example.com", "jane@example.org", "+14155550100"];
    let items = [
        house.tables().accounts().await,
        house.tables().ephemeral().await,
    ]
    .concat();
    let items = items.iter().filter(|item| {
        let text = json!(item).to_string();
        let pk = item["pk"].as_str().unwrap_or_default();
        needles.iter().any(|needle| text.contains(needle)) || pk.starts_with("DELIVERY#")
    });
    items
        .map(|item| format!("{} {}", item["pk"], item["sk"]))
        .collect()
}

/// THREATS L03: whatever the tables hold on the person is in the export.
#[tokio::test]
async fn export_has_everything() {
    let (house, jane) = lived_in(Options::memory()).await;
    let answer = call(
        &house,
        &jane.access,
        Method::GET,
        "/api/profile/export/",
        None,
    )
    .await
    .is(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let disposition = answer.header("content-disposition").unwrap();
    assert!(
        disposition.starts_with("attachment; filename=\"latchkey-export-"),
        "{disposition}"
    );
    let all = answer.json();
    let profile = shows(&house, &jane).await;
    for (name, value) in profile.as_object().unwrap() {
        assert_eq!(all["profile"][name], *value, "{name}");
    }
    assert_eq!(all["profile"]["registration_method"], "otp_email");
    assert_eq!(
        all["profile"]["registration_source"]["url"],
        "https://app.example.com"
    );
    for (name, part) in all.as_object().unwrap() {
        if part.is_object() {
            let about = part["about"].as_str();
            assert!(about.is_some_and(|a| a.ends_with('.')), "{name}: {part}");
        }
    }
    export_has_each_item(&house, &jane, &all).await;
    export_speaks_as_the_api_does(&house, &jane, &all).await;
    // Somebody else's export has nothing of it.
    let bob = house.visitor("bob@example.com").signs_in().await;
    let other = call(
        &house,
        &bob.access,
        Method::GET,
        "/api/profile/export/",
        None,
    )
    .await
    .is(200);
    for needle in ["jane", "4155550100", jane.user["id"].as_str().unwrap()] {
        assert!(!other.text.contains(needle), "{needle}");
    }
}

/// Every item that names the person is in its part.
async fn export_has_each_item(house: &House, jane: &SignedIn, all: &Value) {
    // What the account has used of its changes is in its own item.
    let mut kinds = std::collections::BTreeMap::from([("limits", 1)]);
    for trace in traces(house, jane).await {
        let trace = trace.replace('"', "");
        let (pk, sk) = trace.split_once(' ').unwrap();
        let hanging = sk.split('#').next().unwrap_or_default();
        let part = match (pk.split('#').next().unwrap_or_default(), hanging) {
            // The account, what `profile` says of it, and marks that hold its id alone.
            ("USER", "USER") | ("CLAIM" | "STATS" | "SEEN", _) => continue,
            ("USER", "SESSION") => "sessions",
            ("USER", "SOURCE") => "sources",
            ("USER", "ACTIVITY") => "activity",
            ("USER", "FORMER") => "former_addresses",
            ("USER", "ASKED") => "pending_requests",
            ("CODE", _) => "codes",
            ("DELIVERY", _) => "deliveries",
            ("LIMIT", _) => "limits",
            _ => panic!("{trace} is in no part"),
        };
        *kinds.entry(part).or_default() += 1;
    }
    for (part, many) in kinds {
        let items = all[part]["items"].as_array();
        let items = items.unwrap_or_else(|| panic!("{part}: {all}"));
        assert_eq!(items.len(), many, "{part}: {items:#?}");
    }
}

/// Names and ids are those of the other answers, and nothing of the inside shows.
async fn export_speaks_as_the_api_does(house: &House, jane: &SignedIn, all: &Value) {
    for (path, part) in [
        ("/api/auth/sessions/", "sessions"),
        ("/api/profile/sources/", "sources"),
        ("/api/profile/activity/", "activity"),
    ] {
        let listed = call(house, &jane.access, Method::GET, path, None).await;
        let listed = listed.is(200).json();
        let (shown, exported) = (&listed["results"], &all[part]["items"]);
        let (shown, exported) = (shown.as_array().unwrap(), exported.as_array().unwrap());
        assert_eq!(shown.len(), exported.len(), "{part}");
        for (shown, exported) in shown.iter().zip(exported) {
            for (name, value) in shown.as_object().unwrap() {
                // Which session asks is not held; an operator gets the same document.
                if name != "current" {
                    assert_eq!(exported[name], *value, "{part}: {name}");
                }
            }
        }
    }
    let delivery = &all["deliveries"]["items"][0];
    let id = delivery["delivery_id"].as_str().unwrap();
    let path = format!("/api/auth/otp/deliveries/{id}/");
    let shown = house.get(&path).send().await.is(200).json();
    for (name, value) in shown.as_object().unwrap() {
        assert_eq!(delivery[name], *value, "{name}");
    }
    let text = all.to_string();
    for inside in [
        "nonce",
        "\"rh\"",
        "\"pv\"",
        "\"ka\"",
        "\"m0\"",
        "\"s0\"",
        "\"rk\"",
        "\"pk\"",
        "\"sk\"",
        "\"ttl\"",
        "\"hist\"",
        "\"to\"",
        "USER#",
        "CODE#",
        "DELIVERY#",
        "FORMER#",
        "avatars/",
    ] {
        assert!(!text.contains(inside), "{inside}");
    }
}

#[tokio::test]
async fn erasure_can_be_undone_within_the_grace() {
    let house = House::open().await;
    let visitor = house.visitor("jane@example.com");
    let elsewhere = visitor.signs_in().await;
    house.advance(60).await;
    let jane = visitor.signs_in().await;
    let accepted = leaves(&house, &jane).await.is(202).json();
    let expected = house.now().as_second() + 30 * DAY;
    let erases: jiff::Timestamp = accepted["erases_at"].as_str().unwrap().parse().unwrap();
    assert!((erases.as_second() - expected).abs() <= 5);
    let _ = call(&house, &elsewhere.access, Method::GET, PROFILE, None)
        .await
        .is(401);
    assert_eq!(
        shows(&house, &jane).await["erases_at"],
        accepted["erases_at"]
    );
    house.advance(60).await;
    assert_eq!(
        leaves(&house, &jane).await.is(202).json(),
        accepted,
        "the moment stays"
    );

    house.advance(10 * DAY).await;
    let back = visitor.signs_in().await;
    assert_eq!(back.user["id"], jane.user["id"]);
    house.advance(700).await;
    let profile = restores(&house, &back).await.is(200);
    assert_eq!(profile.json()["erases_at"], Value::Null);
    assert!(profile.header("etag").is_some());
    let _ = restores(&house, &back).await.is(200);
    let due = house.tables().accounts().await;
    assert!(due.iter().all(|item| item["pk"] != "ERASURES"));
    house.is_sound().await;
}

/// THREATS L01, L02, I11.
#[tokio::test]
async fn erasure_without_a_grace_is_done_at_once() {
    let (house, jane) = lived_in(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let _ = leaves(&house, &jane).await.is(202);
    assert_eq!(traces(&house, &jane).await, Vec::<String>::new());
    let _ = call(&house, &jane.access, Method::GET, PROFILE, None)
        .await
        .is(401);
    let refresh = json!({ "refresh": jane.refresh });
    house
        .post("/api/auth/token/refresh/", &refresh)
        .send()
        .await
        .problem(401, "refresh_invalid");

    let again = house.visitor("jane@example.org").signs_in().await;
    assert_eq!(again.user["is_new_user"], true);
    assert_ne!(again.user["id"], jane.user["id"]);
    let shown = shows(&house, &again).await;
    assert_eq!(
        (&shown["bio"], &shown["phone_number"]),
        (&json!(""), &Value::Null)
    );
    let sources = call(
        &house,
        &again.access,
        Method::GET,
        "/api/profile/sources/",
        None,
    )
    .await
    .json();
    assert_eq!(sources["results"], json!([]));
}

/// I11: of a tagged address nothing is left in its mailbox's item either, and the mailbox's own codes stay.
#[tokio::test]
async fn erasure_of_a_tagged_address_leaves_nothing_at_its_mailbox() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let jane = house.visitor("jane+shop@example.com").signs_in().await;
    let mailbox = || async { house.tables().challenge("email", "jane@example.com").await };
    assert!(
        mailbox().await.is_some(),
        "the day's sends are counted there"
    );
    let _ = leaves(&house, &jane).await.is(202);
    assert_eq!(mailbox().await, None);

    let jane = house.visitor("jane+shop@example.com").signs_in().await;
    let code = house.visitor("jane@example.com").gets_a_code().await;
    let _ = leaves(&house, &jane).await.is(202);
    house
        .visitor("jane@example.com")
        .is_let_in_with(&code)
        .await;
}

/// A test that moves the clock over the time of an account need not wait for the janitor's hour as well.
#[tokio::test]
async fn erasure_is_done_once_the_clock_has_moved_past_the_grace() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "1")).await;
    let noon = json!({ "set": "2030-03-01T12:00:00Z" });
    let _ = house.post("/_local/clock", &noon).send().await.is(200);
    let jane = house.visitor("jane@example.com").signs_in().await;
    let _ = leaves(&house, &jane).await.is(202);
    let is_erased = async || {
        let told = house.events().await;
        told.iter()
            .any(|event| event["detail-type"] == "user.erased")
    };
    house.advance(DAY - 60).await;
    assert!(!traces(&house, &jane).await.is_empty());
    assert!(!is_erased().await);
    // Both moves end on one day.
    house.advance(30).await;
    assert!(!traces(&house, &jane).await.is_empty());
    house.advance(60).await;
    assert_eq!(traces(&house, &jane).await, Vec::<String>::new());
    assert!(is_erased().await);
}

/// A code asked for once the account's time has come, and before the janitor comes, can be used after it.
#[tokio::test]
async fn erasure_leaves_a_code_asked_for_after_the_grace() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "1")).await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let accepted = leaves(&house, &jane).await.is(202).json();
    let erases: jiff::Timestamp = accepted["erases_at"].as_str().unwrap().parse().unwrap();
    house.set_clock_after(erases, 1.0);
    let code = house.visitor("jane@example.com").gets_a_code().await;
    janitor(&house).await;
    let again = house
        .visitor("jane@example.com")
        .is_let_in_with(&code)
        .await;
    assert_eq!(again.user["is_new_user"], true);
}

/// I6, I11: a number that the plans do not know any more is the person's all the same.
#[tokio::test]
async fn erasure_removes_a_number_that_no_plan_knows_any_more() {
    const NUMBER: &str = "+99912345678";
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let tables = house.tables();
    let left = || async { tables.dump().await.matches(NUMBER).count() };
    let jane = house.visitor("jane@example.com").signs_in().await;
    has_the_number(&house, &jane, NUMBER).await;
    let path = "/api/profile/identifiers/phone/";
    let _ = call(&house, &jane.access, Method::DELETE, path, None)
        .await
        .is(204);
    let accounts = tables.accounts().await;
    let claim = format!("CLAIM#phone#{NUMBER}");
    assert!(accounts.iter().all(|item| item["pk"] != claim.as_str()));
    let _ = leaves(&house, &jane).await.is(202);
    assert_eq!(left().await, 0, "as a former one");

    let bob = house.visitor("bob@example.com").signs_in().await;
    has_the_number(&house, &bob, NUMBER).await;
    let path = "/api/profile/export/";
    let all = call(&house, &bob.access, Method::GET, path, None).await;
    let all = all.is(200).json();
    assert_eq!(all["profile"]["phone_number"], NUMBER, "{all}");
    let codes = all["codes"]["items"].as_array().unwrap();
    assert_eq!(codes.len(), 2, "{all}");
    let _ = leaves(&house, &bob).await.is(202);
    assert_eq!(left().await, 0, "as a present one");
}

/// As if the person had signed in by this number when a plan still knew it.
async fn has_the_number(house: &House, who: &SignedIn, number: &str) {
    let (id, tables) = (who.user["id"].as_str().unwrap(), house.tables());
    let (user, claim) = (format!("USER#{id}"), format!("CLAIM#phone#{number}"));
    let values = json!({ ":phone": { "S": number } });
    tables
        .update(tests::ACCOUNTS, &user, "USER", "SET #phone=:phone", values)
        .await;
    let values = json!({ ":user": { "S": id } });
    tables
        .update(tests::ACCOUNTS, &claim, "CLAIM", "SET #user=:user", values)
        .await;
    let code = format!("CODE#signin#phone#{number}");
    let values = json!({ ":sent": { "N": "1" } });
    tables
        .update(tests::EPHEMERAL, &code, "CODE", "SET s0=:sent", values)
        .await;
}

/// A session whose account's time has come opens nothing, whether or not the janitor was there.
#[tokio::test]
async fn erasure_ends_refreshing_after_the_grace() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "1")).await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let accepted = leaves(&house, &jane).await.is(202).json();
    let erases: jiff::Timestamp = accepted["erases_at"].as_str().unwrap().parse().unwrap();
    house.set_clock_after(erases, 1.0);
    house
        .post(
            "/api/auth/token/refresh/",
            &json!({ "refresh": jane.refresh }),
        )
        .send()
        .await
        .problem(401, "refresh_invalid");
}

/// THREATS L06: interrupted after any call, it is taken up again, and nobody signs in from the first step on.
#[tokio::test]
async fn erasure_that_was_interrupted_is_resumed() {
    for after in 0..40 {
        let (house, jane) = lived_in(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
        // The first transaction notes the wish; from the second on it is carried out.
        house
            .fault(
                json!({ "service": "dynamodb", "fault": "error", "times": 1000, "after": after }),
            )
            .await;
        let answer = leaves(&house, &jane).await;
        let _ = house.end_faults().await; // what follows the streams meets them too
        if answer.status == 202 {
            janitor(&house).await; // the last notice, if it met one
            assert_eq!(traces(&house, &jane).await, Vec::<String>::new());
            assert!(after > 8, "an erasure is more than {after} calls");
            return;
        }
        let _ = answer.is(503);
        let accounts = house.tables().accounts().await;
        let begun = accounts
            .iter()
            .any(|item| item.get("status") == Some(&json!("erasing")));
        if begun {
            let _ = call(&house, &jane.access, Method::GET, PROFILE, None)
                .await
                .is(401);
            assert!(
                accounts.iter().all(|item| item["sk"] != "CLAIM"),
                "claims go with the first step"
            );
        }
        if accounts.iter().any(|item| item["pk"] == "ERASURES") {
            resume(&house).await;
            janitor(&house).await;
            assert_eq!(
                traces(&house, &jane).await,
                Vec::<String>::new(),
                "after call {after}"
            );
        }
    }
    panic!("it never came to an end");
}

/// THREATS L10: what runs beside an erasure resurrects nothing.
#[tokio::test]
async fn erasure_wins_over_what_runs_in_parallel() {
    let (house, jane) = lived_in(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let body = json!({ "bio": "still here" });
    let refresh = json!({ "refresh": jane.refresh });
    let writes = (0..6).map(|_| call(&house, &jane.access, Method::PATCH, PROFILE, Some(&body)));
    let refreshes = (0..6).map(|_| house.post("/api/auth/token/refresh/", &refresh).send());
    let (left, _, _) = futures_util::join!(
        leaves(&house, &jane),
        futures_util::future::join_all(writes),
        futures_util::future::join_all(refreshes),
    );
    let _ = left.is(202);
    assert_eq!(traces(&house, &jane).await, Vec::<String>::new());
}

/// Somebody with very much is erased a part at a time, and those who are due after them in the same run.
#[tokio::test]
async fn erasure_of_somebody_with_very_much_holds_nobody_up() {
    let house = House::open().await;
    let much = house.visitor("much@example.com").signs_in().await;
    let little = house.visitor("little@example.com").signs_in().await;
    let line = |n: usize| {
        json!({
            "pk": { "S": format!("USER#{}", much.user["id"].as_str().unwrap()) },
            "sk": { "S": format!("ASKED#email#stranger{n}@example.com") },
        })
    };
    let lines: Vec<_> = (0..2_501).map(line).collect();
    house.tables().put_all(tests::ACCOUNTS, &lines).await;
    let _ = leaves(&house, &much).await.is(202);
    house.advance(5).await;
    let _ = leaves(&house, &little).await.is(202);
    house.advance(30 * DAY + 10).await;
    assert_eq!(traces(&house, &little).await.len(), 0);
    for _ in 0..3 {
        house.advance(DAY).await;
    }
    assert_eq!(traces(&house, &much).await.len(), 0);
}

/// What an hour brings.
async fn janitor(house: &House) {
    let event = json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event" });
    house.cloud().invoke("events", &event).await.unwrap();
}

/// What the janitor does once an hour, by a process that knows nothing of the one before.
async fn resume(house: &House) {
    let cloud = house.cloud();
    let endpoint = |service: &str| cloud.endpoint(service).expect("an endpoint");
    let variables: Variables = [
        ("STAGE", "local".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("PUBLIC_URL", cloud.url()),
        ("ACCOUNTS_TABLE", tests::ACCOUNTS.to_owned()),
        ("EPHEMERAL_TABLE", tests::EPHEMERAL.to_owned()),
        ("AVATAR_BUCKET", "latchkey-avatars".to_owned()),
        ("AVATAR_BASE_URL", cloud.url()),
        ("SECRET_ID", "latchkey-local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint("dynamodb")),
        ("AWS_ENDPOINT_URL_S3", endpoint("s3")),
        (
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            endpoint("secretsmanager"),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    let setup = Setup::load(variables, cloud.clock().clone())
        .await
        .expect("a setup");
    let mut reader = setup.reader();
    let store = Store::open(&setup, &mut reader);
    let bucket = AvatarBucket::open(&setup, &mut reader);
    let peppers = Reloading::<Peppers>::open(&setup, &mut reader).snapshot();
    let time = std::time::Duration::from_mins(10);
    let gone = erase_due(&store, &bucket, &peppers, house.now(), time).await;
    assert_eq!(gone.expect("erased"), 1);
}
