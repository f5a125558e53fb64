//! What each limit costs, counted: the table of docs/COST.md.

use local::Options;
use serde_json::json;
use tests::{Answer, CallRecord, House, another_code, steps};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/COST.md");
const BEGIN: &str = "<!-- Counted by tests/tests/api/prices.rs. -->\n";
const END: &str = "<!-- Counted until here. -->";

/// One line of the table.
async fn line(house: &House, what: &str, answer: &Answer) -> String {
    let calls = house.calls_of(&answer.request_id()).await;
    let units = calls.iter().filter_map(|call| call.capacity_units);
    let units = units.fold(0.0, |sum, units| sum + units);
    format!(
        "| {what} | {} | {} | {} | {units} |\n",
        answer.status,
        steps(&calls),
        calls.len()
    )
}

/// By mail: the caller, the mailbox, the code, the failures, the suppression.
async fn by_mail() -> String {
    let options = Options::memory().set("IP_SENDS_PER_MINUTE", "1");
    let house = House::with(options.set("IP_VERIFIES_PER_MINUTE", "1")).await;
    let jane = house.visitor("jane@example.com");
    let anywhere = || jane.at(&house.new_ip());
    let mut table = String::new();

    let first = anywhere().asks_for_a_code().await.is(200);
    table += &line(&house, "a code by mail, admitted by all", &first).await;
    let early = anywhere().asks_for_a_code().await;
    early.limited();
    table += &line(&house, "the mailbox's 30 seconds, hour or day", &early).await;

    let ip = house.new_ip();
    let busy = loop {
        let other = format!("jane{}@example.com", house.new_ip());
        let answer = house.visitor(other).at(&ip).asks_for_a_code().await;
        if answer.status == 429 {
            break answer;
        }
    };
    table += &line(&house, "the caller's requests, the first refused", &busy).await;
    let again = jane.at(&ip).asks_for_a_code().await;
    again.limited();
    let what = "the caller's requests, refused again by the same environment";
    table += &line(&house, what, &again).await;

    let code = jane.reads_the_code().await;
    let wrong = anywhere().enters(&another_code(&code, 0)).await.is(401);
    table += &line(&house, "a wrong code, admitted and compared", &wrong).await;
    let twice = anywhere();
    for _ in 0..2 {
        let _ = twice.enters(&another_code(&code, 1)).await;
    }
    let busy = twice.enters(&another_code(&code, 1)).await;
    busy.limited();
    table += &line(&house, "the caller's verifications, refused again", &busy).await;
    let _ = anywhere().enters(&another_code(&code, 2)).await;
    let used_up = anywhere().enters(&code).await;
    used_up.problem(401, "otp_invalid");
    table += &line(&house, "the code's three attempts", &used_up).await;

    house.advance(31).await;
    let _ = anywhere().asks_for_a_code().await.is(200);
    let code = jane.reads_the_code().await;
    for n in 0..2 {
        let _ = anywhere().enters(&another_code(&code, n)).await.is(401);
    }
    let locked = anywhere().enters(&code).await;
    locked.limited();
    table += &line(&house, "the wait after five failures", &locked).await;
    house.advance(31).await;
    let welcome = anywhere().enters(&code).await.is(200);
    table += &line(&house, "the right code, a new account", &welcome).await;

    let mary = house.visitor("mary@example.com");
    let _ = mary.asks_for_a_code().await.is(200);
    let message = &house.sent_to("mary@example.com").await[0];
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let bounced = house.post(&path, &json!({ "status": "bounce" }));
    let _ = bounced.send().await.is(200);
    house.advance(31).await;
    let quiet = mary.asks_for_a_code().await.is(200);
    table += &line(
        &house,
        "a suppressed mailbox: everything but the mail",
        &quiet,
    )
    .await;
    table
}

/// By mail, from a page: the link to it is written once.
async fn from_a_page() -> String {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let _ = jane.signs_in().await;
    let mut table = String::new();
    for what in [
        "the right code, from a source for the first time",
        "the right code, from there again",
    ] {
        house.advance(31).await;
        let page =
            json!({ "identifier": "jane@example.com", "source_url": "https://a.example.com" });
        let _ = jane.asks(&page).await.is(200);
        let code = jane.reads_the_code().await;
        let back = jane.enters(&code).await.is(200);
        table += &line(&house, what, &back).await;
    }
    table
}

/// What the streams' function and the webhook do after the answers of a sign-in by mail, on a day of its own.
async fn afterwards() -> String {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com");
    let form =
        json!({ "identifier": "jane@example.com", "source_url": "https://a.example.com/page" });
    for _ in 0..2 {
        house.advance(24 * 60 * 60).await;
        let _ = jane.asks(&form).await.is(200);
        let code = jane.reads_the_code().await;
        let _ = jane.is_let_in_with(&code).await;
    }
    house.advance(24 * 60 * 60).await;
    let mut table = String::new();
    let mut since = settled(&house).await;
    let mut row = async |what: &str, answer: &Answer| {
        let all = settled(&house).await;
        let answered = answer.request_id();
        let calls = all[since.len()..].iter();
        let calls: Vec<_> = calls
            .filter(|call| call.request_id.as_deref() != Some(&answered))
            .collect();
        let units = calls.iter().filter_map(|call| call.capacity_units);
        let units = units.fold(0.0, |sum, units| sum + units);
        let published = calls.iter().filter(|call| call.service == "eventbridge");
        table += &format!("| {what} | {units} | {} |\n", published.count());
        since = all;
    };
    let asked = jane.asks(&form).await.is(200);
    row("the code was asked for and sent", &asked).await;
    let code = jane.reads_the_code().await;
    let came_in = jane.enters(&code).await.is(200);
    row("it was used, on a new day", &came_in).await;
    let message = &house.sent_to("jane@example.com").await[0];
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let reported = house.post(&path, &json!({ "status": "delivered" }));
    let reported = reported.send().await.is(200);
    row("SES reports it as delivered", &reported).await;
    table
}

/// All calls, once the streams are worked off.
async fn settled(house: &House) -> Vec<CallRecord> {
    assert!(house.cloud().settle().await);
    house.calls().await
}

/// By text: what numbers share.
async fn by_text() -> String {
    let mut table = String::new();
    let house = House::open().await;
    let number = |n: usize| format!("+1415267{n:04}");
    let first = house.visitor(number(1000)).asks_for_a_code().await.is(200);
    table += &line(&house, "a code by SMS, admitted by all", &first).await;
    let mut n = 1000;
    let ranged = loop {
        n += 1;
        let answer = house.visitor(number(n)).asks_for_a_code().await;
        if answer.status == 429 {
            break answer;
        }
    };
    table += &line(&house, "the number range", &ranged).await;

    let house = House::with(Options::memory().set("SMS_DAILY_BUDGET", "1")).await;
    let _ = house.visitor(number(1000)).asks_for_a_code().await.is(200);
    let spent = house.visitor(number(2000)).asks_for_a_code().await;
    table += &line(&house, "the day's budget", &spent).await;
    table
}

/// Exact, so that a step more is a decision.
#[tokio::test]
async fn prices_of_each_limit_are_in_the_page() {
    let mut table =
        "\n| request | answer | steps | calls | units |\n|---|---|---|---|---|\n".to_owned();
    table += &by_mail().await;
    table += &from_a_page().await;
    table += &by_text().await;
    table += "\nAfterwards, without an answer to wait for:\n\n| what happened | units | events |\n|---|---|---|\n";
    table += &afterwards().await;
    table += "\n";

    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the table's beginning");
    let (found, after) = rest.split_once(END).expect("the table's end");
    if found != table {
        std::fs::write(PAGE, [before, BEGIN, &table, END, after].concat()).unwrap();
        panic!("docs/COST.md was out of date; it is written anew, commit it:\n{table}");
    }
}
