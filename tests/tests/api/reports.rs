//! What every kind of report means: each row is a signed callback, and docs/REPORTS.md is the same table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use local::Options;
use serde_json::{Value, json};
use tests::{House, asking};

/// One kind of report.
struct Row {
    /// What the provider says, in its own words.
    says: &'static str,
    /// The report, as the provider's part of an order to `/_local/callbacks/`.
    report: Value,
    /// The state that the delivery shows afterwards.
    state: &'static str,
    /// Why the address is suppressed, and for how many days.
    suppressed: Option<(&'static str, i64)>,
    /// What calls an operator.
    alarm: &'static str,
}

fn row(
    says: &'static str,
    report: Value,
    state: &'static str,
    suppressed: Option<(&'static str, i64)>,
    alarm: &'static str,
) -> Row {
    Row {
        says,
        report,
        state,
        suppressed,
        alarm,
    }
}

const TEXTS: &str = "TextsUndelivered";
/// Area codes of the numbers: a range of its own for each, so that no limit is in the way.
const AREAS: [u16; 9] = [201, 202, 203, 205, 206, 207, 208, 209, 210];
const BOUNCE: Option<(&str, i64)> = Some(("bounce", 90));
const COMPLAINT: Option<(&str, i64)> = Some(("complaint", 30));

/// A bounce of SES's, with the status of its DSN.
fn bounce(kind: &str, sub: &str, status: Option<&str>) -> Value {
    let mut recipient = json!({ "emailAddress": "TO" });
    if let Some(status) = status {
        recipient["status"] = json!(status);
    }
    json!({ "eventType": "Bounce", "bounce": {
        "bounceType": kind, "bounceSubType": sub, "bouncedRecipients": [recipient], "timestamp": "NOW",
    } })
}

fn complaint(feedback: Value) -> Value {
    json!({ "eventType": "Complaint", "complaint": {
        "complainedRecipients": [{ "emailAddress": "TO" }], "complaintFeedbackType": feedback,
        "complaintSubType": null, "timestamp": "NOW",
    } })
}

#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn of_ses() -> Vec<Row> {
    let plain = |kind: &str| json!({ "eventType": kind });
    let permanent = |status| bounce("Permanent", "General", Some(status));
    let transient = |sub| bounce("Transient", sub, None);
    let mut named = complaint(json!("abuse"));
    named["complaint"]["complainedRecipients"][0]["emailAddress"] = json!("Jane <TO>");
    let mut several = complaint(json!("abuse"));
    several["complaint"]["complainedRecipients"] =
        json!([{ "emailAddress": "TO" }, { "emailAddress": "joe@example.com" }]);
    let mut on_the_list = complaint(json!(null));
    on_the_list["complaint"]["complaintSubType"] = json!("OnAccountSuppressionList");
    let mut named_bounce = permanent("5.1.1");
    named_bounce["bounce"]["bouncedRecipients"][0]["emailAddress"] = json!("\"Doe, Jane\" <TO>");
    let mut foreign = permanent("5.1.1");
    foreign["bounce"]["bouncedRecipients"][0]["emailAddress"] = json!("elsewhere@example.net");
    vec![
        row("`Send`", plain("Send"), "sent", None, ""),
        row("`Delivery`", plain("Delivery"), "delivered", None, ""),
        row(
            "`DeliveryDelay`, `Open`, `Click`, `Subscription`",
            plain("DeliveryDelay"),
            "queued",
            None,
            "",
        ),
        row("`Reject` (a virus)", plain("Reject"), "failed", None, ""),
        row(
            "`Rendering Failure`",
            plain("Rendering Failure"),
            "failed",
            None,
            "",
        ),
        row(
            "`Bounce` `Permanent`/`NoEmail`",
            bounce("Permanent", "NoEmail", None),
            "bounced",
            BOUNCE,
            "MailBounces",
        ),
        row(
            "… `Suppressed`, `OnAccountSuppressionList`",
            bounce("Permanent", "OnAccountSuppressionList", None),
            "bounced",
            BOUNCE,
            "MailBounces",
        ),
        row(
            "… `General` without a status",
            bounce("Permanent", "General", None),
            "bounced",
            BOUNCE,
            "MailBounces",
        ),
        row(
            "… `General` 5.1.x: no such mailbox",
            permanent("5.1.10"),
            "bounced",
            BOUNCE,
            "MailBounces",
        ),
        row(
            "… `General` 5.2.1: the mailbox is closed",
            permanent("5.2.1"),
            "bounced",
            BOUNCE,
            "MailBounces",
        ),
        row(
            "… `General` 5.2.2: the mailbox is full",
            permanent("5.2.2"),
            "bounced",
            None,
            "MailBounces",
        ),
        row(
            "… `General` 5.3.x, 5.4.x: the receiver's system, or the way to it",
            permanent("5.4.4"),
            "bounced",
            None,
            "MailBounces",
        ),
        row(
            "… `General` 5.7.x: the receiver does not trust us",
            permanent("5.7.26"),
            "bounced",
            None,
            "MailDistrusted",
        ),
        row(
            "… another sub-type",
            bounce("Permanent", "UnsubscribedRecipient", None),
            "bounced",
            None,
            "MailBounces",
        ),
        row(
            "… the recipient is written with a name",
            named_bounce,
            "bounced",
            BOUNCE,
            "MailBounces",
        ),
        row(
            "… another final recipient: the mail was passed on",
            foreign,
            "bounced",
            None,
            "MailBounces",
        ),
        row(
            "`Bounce` `Transient`/`General`: mostly an answer from a holiday",
            transient("General"),
            "failed",
            None,
            "",
        ),
        row(
            "… `MailboxFull`, `MessageTooLarge`, `ContentRejected`, `AttachmentRejected`",
            transient("MailboxFull"),
            "failed",
            None,
            "",
        ),
        row(
            "`Bounce` `Undetermined`",
            bounce("Undetermined", "Undetermined", None),
            "failed",
            None,
            "",
        ),
        row(
            "`Complaint` `abuse`",
            complaint(json!("abuse")),
            "complained",
            COMPLAINT,
            "MailComplaints",
        ),
        row(
            "… `fraud`",
            complaint(json!("fraud")),
            "complained",
            COMPLAINT,
            "MailComplaints",
        ),
        row(
            "… `virus`",
            complaint(json!("virus")),
            "complained",
            COMPLAINT,
            "MailComplaints",
        ),
        row(
            "… without a type",
            complaint(json!(null)),
            "complained",
            COMPLAINT,
            "MailComplaints",
        ),
        row(
            "… `not-spam`: the person says that it is none (RFC 6430)",
            complaint(json!("not-spam")),
            "queued",
            None,
            "",
        ),
        row(
            "… `auth-failure`: the receiver does not believe that it is ours (RFC 6591)",
            complaint(json!("auth-failure")),
            "queued",
            None,
            "MailDistrusted",
        ),
        row(
            "… `other`, `opt-out`, or a type that is not known",
            complaint(json!("other")),
            "complained",
            None,
            "MailComplaints",
        ),
        row(
            "… the recipient is written with a name",
            named,
            "complained",
            COMPLAINT,
            "MailComplaints",
        ),
        row(
            "… several recipients: who complained is not certain",
            several,
            "complained",
            None,
            "MailComplaints",
        ),
        row(
            "… `OnAccountSuppressionList`: not even sent",
            on_the_list,
            "failed",
            COMPLAINT,
            "MailComplaints",
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn of_sendgrid() -> Vec<Row> {
    let event = |event: &str| json!({ "event": event });
    let bounce = |kind: Option<&str>, status: &str| {
        let mut bounce = json!({ "event": "bounce", "status": status });
        if let Some(kind) = kind {
            bounce["type"] = json!(kind);
        }
        bounce
    };
    let dropped = |reason: &str| json!({ "event": "dropped", "reason": reason });
    vec![
        row("`processed`", event("processed"), "sent", None, ""),
        row("`delivered`", event("delivered"), "delivered", None, ""),
        row(
            "`deferred`, `open`, `click`, `unsubscribe`, `group_unsubscribe`",
            event("unsubscribe"),
            "queued",
            None,
            "",
        ),
        row(
            "`bounce` of type `bounce`",
            bounce(Some("bounce"), "5.1.1"),
            "bounced",
            BOUNCE,
            "",
        ),
        row(
            "`bounce` without a type",
            bounce(None, "5.1.1"),
            "bounced",
            BOUNCE,
            "",
        ),
        row(
            "`bounce` with 5.2.2, 5.3.x or 5.4.x",
            bounce(Some("bounce"), "5.4.1"),
            "bounced",
            None,
            "",
        ),
        row(
            "`bounce` with 5.7.x",
            bounce(Some("bounce"), "5.7.1"),
            "bounced",
            None,
            "MailDistrusted",
        ),
        row(
            "`bounce` of type `blocked`",
            bounce(Some("blocked"), "4.2.2"),
            "failed",
            None,
            "",
        ),
        row(
            "`bounce` of type `expired`, or one that is not known",
            bounce(Some("expired"), "4.4.7"),
            "failed",
            None,
            "",
        ),
        row(
            "`dropped`: `Bounced Address`, `Invalid`",
            dropped("Bounced Address"),
            "bounced",
            BOUNCE,
            "",
        ),
        row(
            "`dropped`: `Spam Reporting Address`",
            dropped("Spam Reporting Address"),
            "failed",
            COMPLAINT,
            "",
        ),
        row(
            "`dropped`: `Unsubscribed Address`",
            dropped("Unsubscribed Address"),
            "failed",
            None,
            "",
        ),
        row(
            "`dropped`: another reason",
            dropped("Spam Content"),
            "failed",
            None,
            "",
        ),
        row(
            "`spamreport`",
            event("spamreport"),
            "complained",
            COMPLAINT,
            "",
        ),
    ]
}

fn of_twilio() -> Vec<Row> {
    let status = |status: &str| json!({ "MessageStatus": status });
    let failed = |code: &str| json!({ "MessageStatus": "undelivered", "ErrorCode": code });
    vec![
        row(
            "`accepted`, `scheduled`, `queued`, `sending`",
            status("sending"),
            "queued",
            None,
            "",
        ),
        row("`sent`", status("sent"), "sent", None, ""),
        row(
            "`delivered`, `partially_delivered`",
            status("delivered"),
            "delivered",
            None,
            "",
        ),
        row("`read` (WhatsApp)", status("read"), "read", None, ""),
        row(
            "`undelivered` or `failed`",
            failed("30003"),
            "failed",
            None,
            TEXTS,
        ),
        row(
            "… 30005, 30006: no handset, or a landline",
            failed("30006"),
            "failed",
            Some(("unreachable", 1)),
            TEXTS,
        ),
        row(
            "… 21610: the person has answered STOP",
            failed("21610"),
            "failed",
            Some(("opt_out", 90)),
            TEXTS,
        ),
        row("`canceled`", status("canceled"), "failed", None, TEXTS),
        row(
            "a status that is not known",
            status("exploded"),
            "queued",
            None,
            "",
        ),
    ]
}

/// A report with what belongs to this delivery filled in.
fn order(house: &House, provider: &str, report: &Value, id: &str, to: &str) -> Value {
    let mut report = report.clone();
    match provider {
        "ses" => report["mail"] = json!({ "messageId": "1", "tags": { "delivery_id": [id] } }),
        "sendgrid" => {
            report["email"] = json!(to);
            report["delivery_id"] = json!(id);
            report["timestamp"] = json!(house.now().as_second());
            report = json!({ "events": [report] });
        }
        _ => {
            report["MessageSid"] = json!("SM00000000000000000000000000000001");
            report["To"] = json!(to);
            report = json!({ "delivery_id": id, "fields": report });
        }
    }
    let now = house.now().to_string();
    let filled = report.to_string().replace("\"NOW\"", &format!("\"{now}\""));
    serde_json::from_str(&filled.replace("TO", to)).unwrap()
}

async fn asks(house: &House, to: &str) -> String {
    let answer = house.visitor(to).asks(&asking(to)).await.is(200).json();
    answer["delivery_id"].as_str().unwrap().to_owned()
}

async fn state(house: &House, id: &str) -> String {
    let path = format!("/api/auth/otp/deliveries/{id}/");
    let shown = house.get(&path).send().await.is(200).json();
    shown["status"].as_str().unwrap().to_owned()
}

/// Every suppression by its key.
async fn suppressions(house: &House) -> BTreeMap<String, Value> {
    let all = house.tables().ephemeral().await.into_iter();
    let all = all.filter(|item| item["sk"] == "SUPPRESSED");
    all.map(|item| (item["pk"].as_str().unwrap().to_owned(), json!(item)))
        .collect()
}

async fn report(house: &House, provider: &str, order: &Value) -> Value {
    let (status, request) = house.provider_reports(provider, order).await;
    assert!(matches!(status, 200 | 204), "{order}: {status}");
    request
}

/// Each row has its state and its suppression, and a repetition changes neither.
async fn every_row_holds(provider: &'static str, rows: Vec<Row>) {
    let mail = if provider == "twilio" {
        "ses"
    } else {
        provider
    };
    let house = House::with(Options::memory().set("MAIL_PROVIDER", mail)).await;
    for (n, row) in rows.iter().enumerate() {
        let to = match provider {
            "twilio" => format!("+1{}5552671", AREAS[n]),
            _ => format!("jane{n}@example.com"),
        };
        let id = asks(&house, &to).await;
        let before = suppressions(&house).await;
        let order = order(&house, provider, &row.report, &id, &to);
        for _ in 0..2 {
            let _ = report(&house, provider, &order).await;
            assert_eq!(state(&house, &id).await, row.state, "{}", row.says);
            let after = suppressions(&house).await;
            let new: Vec<_> = after
                .iter()
                .filter(|(key, _)| !before.contains_key(*key))
                .map(|(_, item)| {
                    let moment = |name: &str| item[name].as_i64().unwrap();
                    let days = (moment("until") - moment("at")) / 86_400_000;
                    (item["reason"].as_str().unwrap().to_owned(), days)
                })
                .collect();
            let expected: Vec<_> = row
                .suppressed
                .map(|(reason, days)| (reason.to_owned(), days))
                .into_iter()
                .collect();
            assert_eq!(new, expected, "{}", row.says);
        }
        house.advance(31).await;
        let _ = asks(&house, &to).await;
        let sent = if row.suppressed.is_some() { 1 } else { 2 };
        assert_eq!(house.sent_to(&to).await.len(), sent, "{}", row.says);
    }
}

#[tokio::test]
async fn reports_by_ses_mean_what_the_table_says() {
    every_row_holds("ses", of_ses()).await;
}

#[tokio::test]
async fn reports_by_sendgrid_mean_what_the_table_says() {
    every_row_holds("sendgrid", of_sendgrid()).await;
}

#[tokio::test]
async fn reports_by_twilio_mean_what_the_table_says() {
    every_row_holds("twilio", of_twilio()).await;
}

#[test]
fn reports_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/REPORTS.md");
    let kept = std::fs::read_to_string(path).unwrap();
    let (prose, _) = kept.split_once("## Amazon SES").expect("its tables");
    let mut page = prose.to_owned();
    for (title, rows) in [
        ("Amazon SES", of_ses()),
        ("SendGrid", of_sendgrid()),
        ("Twilio", of_twilio()),
    ] {
        writeln!(page, "## {title}\n").unwrap();
        writeln!(
            page,
            "| it says | the delivery is | the address is suppressed | alarm |"
        )
        .unwrap();
        writeln!(page, "|---|---|---|---|").unwrap();
        for row in rows {
            let suppressed = match row.suppressed {
                Some((reason, 1)) => format!("`{reason}`, a day"),
                Some((reason, days)) => format!("`{reason}`, {days} days"),
                None => String::new(),
            };
            let state = if row.state == "queued" {
                "as it was"
            } else {
                row.state
            };
            writeln!(
                page,
                "| {} | {state} | {suppressed} | {} |",
                row.says, row.alarm
            )
            .unwrap();
        }
        page.push('\n');
    }
    let page = page.trim_end().to_owned() + "\n";
    if page != kept {
        std::fs::write(path, page).unwrap();
        panic!("docs/REPORTS.md was out of date; it is written anew, commit it");
    }
}

/// The order of a provider's reports is not guaranteed: what bounced for now has arrived all the same.
#[tokio::test]
async fn reports_of_a_soft_bounce_are_overtaken_by_the_delivery() {
    let house = House::open().await;
    let soft = bounce("Transient", "General", None);
    for (n, orders) in [
        ["Send", "soft", "Delivery"],
        ["soft", "Send", "Delivery"],
        ["Delivery", "soft", "Send"],
        ["soft", "Delivery", "soft"],
    ]
    .into_iter()
    .enumerate()
    {
        let to = format!("jane{n}@example.com");
        let id = asks(&house, &to).await;
        for says in orders {
            let said = if says == "soft" {
                soft.clone()
            } else {
                json!({ "eventType": says })
            };
            let _ = report(&house, "ses", &order(&house, "ses", &said, &id, &to)).await;
        }
        assert_eq!(state(&house, &id).await, "delivered", "{orders:?}");
    }
    let id = asks(&house, "joe@example.com").await;
    for said in [soft, bounce("Permanent", "NoEmail", None)] {
        let _ = report(
            &house,
            "ses",
            &order(&house, "ses", &said, &id, "joe@example.com"),
        )
        .await;
    }
    assert_eq!(state(&house, &id).await, "bounced");
    house.is_sound().await;
}

/// A feedback notification has no tags; the mail's own header names the delivery, where SES includes headers.
#[tokio::test]
async fn reports_without_tags_are_matched_by_the_mail_s_header() {
    let house = House::open().await;
    let to = "jane@example.com";
    let id = asks(&house, to).await;
    let mut said = bounce("Permanent", "NoEmail", None);
    said["notificationType"] = said["eventType"].take();
    said.as_object_mut().unwrap().remove("eventType");
    let mut without = order(&house, "ses", &said, &id, to);
    without["mail"] = json!({ "messageId": "1" });
    let _ = report(&house, "ses", &without).await;
    assert_eq!(state(&house, &id).await, "queued");
    without["mail"]["headers"] = json!([{ "name": "X-Entity-Ref-ID", "value": id }]);
    let _ = report(&house, "ses", &without).await;
    assert_eq!(state(&house, &id).await, "bounced");
}

/// Suppressions end by their reason, and an old report that comes again begins none anew.
#[tokio::test]
async fn reports_suppress_for_a_time_that_a_repetition_does_not_lengthen() {
    let house = House::open().await;
    for (n, (said, days)) in [
        (bounce("Permanent", "NoEmail", None), 90),
        (complaint(json!("abuse")), 30),
    ]
    .into_iter()
    .enumerate()
    {
        let to = format!("jane{n}@example.com");
        let id = asks(&house, &to).await;
        let said = order(&house, "ses", &said, &id, &to);
        let _ = report(&house, "ses", &said).await;
        house.advance(days * 86_400 - 60).await;
        let _ = report(&house, "ses", &said).await;
        let _ = asks(&house, &to).await;
        assert_eq!(house.sent_to(&to).await.len(), 1);
        house.advance(120).await;
        let _ = report(&house, "ses", &said).await;
        let _ = asks(&house, &to).await;
        assert_eq!(house.sent_to(&to).await.len(), 2, "after {days} days");
    }
}

/// STOP and START as people write them to our number; Twilio forwards what it has taken for one.
#[tokio::test]
async fn reports_of_stop_and_start_suppress_and_lift() {
    let house = House::open().await;
    let to = "+14155552671";
    let id = asks(&house, to).await;
    let said = |fields: Value| {
        let mut fields = fields;
        fields["MessageSid"] = json!("SM00000000000000000000000000000002");
        fields["SmsStatus"] = json!("received");
        fields["From"] = json!(to);
        json!({ "delivery_id": "", "fields": fields })
    };
    let stopped = json!({ "MessageStatus": "failed", "ErrorCode": "21610" });
    let stopped = order(&house, "twilio", &stopped, &id, to);
    let mut sent = 1;
    for (order, arrives) in [
        (said(json!({ "Body": "hello" })), true),
        (said(json!({ "Body": " Stop " })), false),
        (said(json!({ "Body": "hello" })), false),
        (
            said(json!({ "Body": "whatever", "OptOutType": "START" })),
            true,
        ),
        (stopped.clone(), true), // of before
    ] {
        house.advance(3_700).await;
        let _ = report(&house, "twilio", &order).await;
        let _ = asks(&house, to).await;
        sent += usize::from(arrives);
        assert_eq!(house.sent_to(to).await.len(), sent, "{order}");
    }
}

/// SendGrid repeats a batch for a day.
#[tokio::test]
async fn reports_by_sendgrid_are_taken_for_a_day() {
    let house = House::with(Options::memory().set("MAIL_PROVIDER", "sendgrid")).await;
    let to = "jane@example.com";
    let id = asks(&house, to).await;
    let said = order(
        &house,
        "sendgrid",
        &json!({ "event": "delivered" }),
        &id,
        to,
    );
    let request = report(&house, "sendgrid", &said).await;
    let again = async || {
        let mut call = house.call(reqwest::Method::POST, "/api/webhooks/sendgrid/");
        for (name, value) in request["headers"].as_object().unwrap() {
            call = call.header(name, value.as_str().unwrap());
        }
        let body = request["body"].as_str().unwrap().to_owned();
        call.body_only(body).send().await.status
    };
    house.advance(24 * 60 * 60 + 290).await;
    assert_eq!(again().await, 204);
    house.advance(20).await;
    assert_eq!(again().await, 403);
}
