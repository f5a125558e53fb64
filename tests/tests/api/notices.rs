//! People are told what happens to their account: each recipient once, whatever happens to the others.

use local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{House, SignedIn};

use crate::addresses::{asks, links};
use crate::profile::call;

const MAIL: &str = "jane@example.com";
const NUMBER: &str = "+14155552671";
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

async fn leaves(house: &House, who: &SignedIn) -> Value {
    let answer = call(house, &who.access, Method::DELETE, "/api/profile/", None).await;
    answer.is(202).json()
}

async fn restores(house: &House, who: &SignedIn) {
    let path = "/api/profile/restore/";
    let _ = call(house, &who.access, Method::POST, path, None)
        .await
        .is(200);
}

/// What an hour brings. It fails where one of its parts does, after all of them.
async fn janitor(house: &House) {
    let event = json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event" });
    let _ = house.cloud().invoke("events", &event).await;
}

/// The subjects of the mails to an address with this word in them.
async fn mails(house: &House, to: &str, word: &str) -> Vec<String> {
    let sent = house.sent_to(to).await;
    let subjects = sent.iter().filter_map(|mail| mail["subject"].as_str());
    let found = subjects.filter(|subject| subject.contains(word));
    found.map(str::to_owned).collect()
}

/// What is still to be told, as the table has it.
async fn pending(house: &House) -> Vec<tests::Item> {
    let accounts = house.tables().accounts().await;
    let is_notice = |item: &tests::Item| item["pk"].as_str().unwrap().starts_with("NOTICES");
    accounts.into_iter().filter(is_notice).collect()
}

/// The provider takes nothing for now, neither from requests nor behind them.
async fn fails(house: &House, provider: &str) {
    for background in [false, true] {
        let mut order = json!({
            "service": provider, "fault": "error", "times": 1000, "background": background
        });
        if provider == "twilio" {
            order["error_code"] = json!(20429);
        }
        house.fault(order).await;
    }
}

/// How often a message was given to the provider.
async fn tries_by(house: &House, service: &str) -> usize {
    let calls = house.calls().await;
    let sends =
        |call: &&tests::CallRecord| call.service == service && call.operation == "CreateMessage";
    calls.iter().filter(sends).count()
}

/// Who was told is not told again, and who cannot be is tried for some days.
#[tokio::test]
async fn notices_reach_one_recipient_once_while_the_other_fails() {
    let house = House::open().await;
    let jane = house.visitor(MAIL).signs_in().await;
    let _ = links(&house, &jane, NUMBER).await;
    fails(&house, "twilio").await;
    house.advance(61).await;
    let before = tries_by(&house, "twilio").await;
    let _ = links(&house, &jane, "jane@example.org").await;
    assert_eq!(mails(&house, MAIL, "was changed").await.len(), 1);
    for _ in 0..20 {
        house.advance(8 * HOUR).await;
    }
    assert_eq!(mails(&house, MAIL, "was changed").await.len(), 1);
    let tries = tries_by(&house, "twilio").await - before;
    assert!((4..=8).contains(&tries), "{tries} tries");
    assert_eq!(pending(&house).await, []);
}

/// A message that went out is not repeated, although nobody could note that it did.
#[tokio::test]
async fn notices_that_went_out_and_could_not_be_forgotten_are_not_repeated() {
    let house = House::open().await;
    let jane = house.visitor(MAIL).signs_in().await;
    let _ = asks(&house, &jane, NUMBER).await.is(200);
    let code = house.codes_sent_to(NUMBER).await.remove(0);
    // The change itself goes through, and what forgets its notice does not.
    let order = json!({ "service": "dynamodb", "operation": "TransactWriteItems", "fault": "error", "after": 1, "times": 20 });
    house.fault(order).await;
    let _ = crate::addresses::proves(&house, &jane, NUMBER, &code)
        .await
        .is(200);
    assert!(house.end_faults().await > 0);
    assert_eq!(mails(&house, MAIL, "phone number").await.len(), 1);
    assert_eq!(
        pending(&house).await.len(),
        2,
        "the notice, and when it is due"
    );
    house.advance(2 * HOUR).await;
    assert_eq!(mails(&house, MAIL, "phone number").await.len(), 1);
    assert_eq!(pending(&house).await, []);
}

/// Any number of notices that cannot be sent go to the back, and the next one goes out with the same run.
#[tokio::test]
async fn notices_that_fail_hold_no_others_up() {
    let house = House::open().await;
    let jane = house.visitor(MAIL).signs_in().await;
    let id = jane.user["id"].as_str().unwrap();
    let mut items = Vec::new();
    for n in 1..=106 {
        let to = if n == 106 {
            MAIL.to_owned()
        } else {
            format!("+1415555{n:04}")
        };
        let name = format!("{n:015}#removed#email");
        items.push(json!({
            "pk": { "S": format!("NOTICES#{id}") }, "sk": { "S": name },
            "to": { "L": [{ "S": to }] }, "change": { "S": "removed" }, "kind": { "S": "email" },
            "masked": { "S": "j***@example.net" }, "lang": { "S": "en" },
            "due": { "N": n.to_string() }, "tries": { "N": "0" },
        }));
        let note = format!("{n:015}#{id}#{name}");
        items.push(json!({ "pk": { "S": "NOTICES" }, "sk": { "S": note } }));
    }
    house.tables().put_all(tests::ACCOUNTS, &items).await;
    fails(&house, "twilio").await;
    janitor(&house).await;
    assert_eq!(mails(&house, MAIL, "was removed").await.len(), 1);
    let left = pending(&house).await;
    assert_eq!(left.len(), 210, "each comes back later");
    let now = house.now().as_millisecond();
    for item in left.iter().filter(|item| item["pk"] != "NOTICES") {
        assert!(item["due"].as_i64().unwrap() > now, "{item:?}");
    }
    let path = "/api/profile/export/";
    let all = call(&house, &jane.access, Method::GET, path, None).await;
    let all = all.is(200).json();
    assert_eq!(
        all["pending_notices"]["items"].as_array().unwrap().len(),
        105
    );
    assert_eq!(all["pending_notices"]["items"][0]["subject"], "removed");
}

/// What is still to be told of somebody goes with them.
#[tokio::test]
async fn notices_of_an_erased_person_go_with_them() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
    let jane = house.visitor(NUMBER).signs_in().await;
    let _ = asks(&house, &jane, MAIL).await.is(200);
    let code = house.codes_sent_to(MAIL).await.remove(0);
    fails(&house, "twilio").await;
    let _ = crate::addresses::proves(&house, &jane, MAIL, &code)
        .await
        .is(200);
    assert_eq!(pending(&house).await.len(), 2);
    let _ = leaves(&house, &jane).await;
    assert_eq!(pending(&house).await, []);
    assert_eq!(mails(&house, MAIL, "was erased").await.len(), 1);
}

/// A notice for several recipients at once, as the version before wrote it.
#[tokio::test]
async fn notices_of_the_version_before_are_told() {
    let house = House::open().await;
    let jane = house.visitor(MAIL).signs_in().await;
    let id = jane.user["id"].as_str().unwrap();
    let sk = format!("{:015}#{id}", house.now().as_millisecond() - 100_000);
    let item = json!({
        "pk": { "S": "NOTICES" }, "sk": { "S": sk },
        "to": { "L": [{ "S": MAIL }, { "S": NUMBER }] }, "change": { "S": "changed" },
        "kind": { "S": "email" }, "masked": { "S": "j***@example.net" }, "lang": { "S": "en" },
    });
    house.tables().put_all(tests::ACCOUNTS, &[item]).await;
    janitor(&house).await;
    janitor(&house).await;
    assert_eq!(mails(&house, MAIL, "was changed").await.len(), 1);
    assert_eq!(house.sent_to(NUMBER).await.len(), 1);
    assert_eq!(pending(&house).await, []);
}

/// An erasure is told when it is asked for, some days before its time, when it is undone, and when it is done.
#[tokio::test]
async fn erasure_is_told_at_every_step() {
    let house = House::open().await;
    let visitor = house.visitor(MAIL);
    let jane = visitor.signs_in().await;
    let _ = links(&house, &jane, NUMBER).await;
    let texts = house.sent_to(NUMBER).await.len();
    let accepted = leaves(&house, &jane).await;
    assert_eq!(mails(&house, MAIL, "will be erased on").await.len(), 1);
    let mail = house.sent_to(MAIL).await.remove(0);
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("restore it"), "{text}");
    let erases: jiff::Timestamp = accepted["erases_at"].as_str().unwrap().parse().unwrap();
    let day = erases.strftime("%-d %B %Y").to_string();
    assert!(mail["subject"].as_str().unwrap().ends_with(&day), "{mail}");
    let _ = leaves(&house, &jane).await;
    assert_eq!(
        mails(&house, MAIL, "will be erased on").await.len(),
        1,
        "once"
    );

    house.advance(26 * DAY).await;
    assert_eq!(mails(&house, MAIL, "will be erased on").await.len(), 1);
    house.advance(DAY + HOUR).await;
    let reminded = mails(&house, MAIL, "will be erased on").await;
    assert_eq!(reminded.len(), 2);
    assert!(reminded[0].ends_with(&day), "{reminded:?}");
    house.advance(HOUR).await;
    assert_eq!(mails(&house, MAIL, "will be erased on").await.len(), 2);

    let back = visitor.signs_in().await;
    restores(&house, &back).await;
    assert_eq!(mails(&house, MAIL, "stays").await.len(), 1);
    restores(&house, &back).await;
    assert_eq!(mails(&house, MAIL, "stays").await.len(), 1, "once");
    assert_eq!(pending(&house).await, []);

    let _ = leaves(&house, &back).await;
    house.advance(31 * DAY).await;
    assert_eq!(mails(&house, MAIL, "was erased").await.len(), 1);
    assert_eq!(
        house.sent_to(NUMBER).await.len(),
        texts,
        "there is a mail address"
    );
    let dump = house.tables().dump().await;
    for trace in [MAIL, NUMBER, jane.user["id"].as_str().unwrap(), "DELIVERY#"] {
        assert!(!dump.contains(trace), "{trace}: {dump}");
    }
}

/// A wish that was undone is not reminded of; neither is one whose time is near from the beginning.
#[tokio::test]
async fn erasure_reminds_of_nothing_that_was_undone() {
    let house = House::open().await;
    let jane = house.visitor(MAIL).signs_in().await;
    let _ = leaves(&house, &jane).await;
    restores(&house, &jane).await;
    assert_eq!(pending(&house).await, []);
    house.advance(28 * DAY).await;
    assert_eq!(mails(&house, MAIL, "will be erased on").await.len(), 1);

    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "3")).await;
    let jane = house.visitor(MAIL).signs_in().await;
    let _ = leaves(&house, &jane).await;
    assert_eq!(pending(&house).await, []);
    house.advance(4 * DAY).await;
    assert_eq!(mails(&house, MAIL, "will be erased on").await.len(), 1);
    assert_eq!(mails(&house, MAIL, "was erased").await.len(), 1);
}

/// By text where there is nothing else, and in the person's language.
#[tokio::test]
async fn erasure_is_told_by_text_where_there_is_no_mail() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "1")).await;
    let visitor = house.visitor(NUMBER);
    let _ = visitor
        .asks(&json!({ "identifier": NUMBER, "locale": "de" }))
        .await
        .is(200);
    let code = visitor.reads_the_code().await;
    let jane = visitor.is_let_in_with(&code).await;
    let _ = leaves(&house, &jane).await;
    let text = house.sent_to(NUMBER).await.remove(0);
    assert!(
        text["text"].as_str().unwrap().contains("gelöscht"),
        "{text}"
    );
    house.advance(DAY + HOUR).await;
    let text = house.sent_to(NUMBER).await.remove(0);
    assert!(
        text["text"].as_str().unwrap().contains("wurde gelöscht"),
        "{text}"
    );
}

/// The last address of an erased person stays only until they were told, or could not be.
#[tokio::test]
async fn erasure_keeps_an_address_only_until_it_is_told() {
    for comes_back in [true, false] {
        let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "0")).await;
        let jane = house.visitor(MAIL).signs_in().await;
        fails(&house, "ses").await;
        let _ = leaves(&house, &jane).await;
        assert_eq!(pending(&house).await.len(), 2);
        if comes_back {
            let _ = house.end_faults().await;
        }
        for _ in 0..20 {
            house.advance(8 * HOUR).await;
        }
        let told = mails(&house, MAIL, "was erased").await.len();
        assert_eq!(told, usize::from(comes_back));
        assert!(!house.tables().dump().await.contains(MAIL));
    }
}

/// Erasures that fail do not hold others up, rest, and are tried again.
#[tokio::test]
async fn erasure_of_others_goes_on_when_a_hundred_fail() {
    let house = House::with(Options::memory().set("ERASE_GRACE_DAYS", "1")).await;
    let mut items = Vec::new();
    for n in 0..105 {
        let id = format!("usr_{n:032x}");
        // An account without a moment of its registration cannot be read.
        items.push(json!({ "pk": { "S": format!("USER#{id}") }, "sk": { "S": "USER" }, "status": { "S": "active" } }));
        items.push(
            json!({ "pk": { "S": "ERASURES" }, "sk": { "S": format!("{:015}#{id}", n + 1) } }),
        );
    }
    house.tables().put_all(tests::ACCOUNTS, &items).await;
    let jane = house.visitor(MAIL).signs_in().await;
    let _ = leaves(&house, &jane).await;
    house.advance_without_sweeping(DAY + 60);
    let event = json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event" });
    let failed = house.cloud().invoke("events", &event).await;
    assert!(failed.is_err(), "the failures are reported");
    let accounts = house.tables().accounts().await;
    assert!(
        !accounts
            .iter()
            .any(|item| item.get("email") == Some(&json!(MAIL)))
    );
    let due: Vec<_> = accounts
        .iter()
        .filter(|item| item["pk"] == "ERASURES")
        .collect();
    assert_eq!(due.len(), 105);
    assert!(due.iter().all(|item| item["tries"] == 1), "{due:?}");
    let _ = house.cloud().invoke("events", &event).await;
}
