//! What changes that are written out by hand mean.

use serde_json::{Value, json};

use super::*;
use crate::domain::challenge::{Live, Purpose};
use crate::domain::channel::Channel;
use crate::domain::code::OtpCode;
use crate::keyring::{Pepper, Peppers};
use crate::store::statistics::Figure;

const NOW: i64 = 1_700_000_000_000;

fn ring() -> Peppers {
    Peppers::single(Pepper::new(1, &[1; 32]))
}

fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(NOW + millis).unwrap()
}

fn interpret(pk: &str, sk: &str, old: Value, new: Value) -> Effects {
    let record = json!({
        "eventID": "7", "eventName": "MODIFY",
        "dynamodb": {
            "Keys": {"pk": {"S": pk}, "sk": {"S": sk}}, "OldImage": old, "NewImage": new,
            "SequenceNumber": "1", "ApproximateCreationDateTime": 1_700_000_000,
        },
    });
    let peppers = ring();
    let interpreter = Interpreter {
        address_keys: AddressKeys::new(&peppers),
        failure_cap: 100,
    };
    interpreter.interpret(&Change::read(&record).unwrap())
}

fn names(effects: &Effects) -> Vec<&'static str> {
    let events = effects.events.iter();
    events.map(|event| event.happened.name()).collect()
}

fn n(number: i64) -> Value {
    json!({ "N": number.to_string() })
}

const CODE: &str = "CODE#signin#email#jane@example.com";

/// A challenge with a live code and these attributes.
fn challenge(more: Value) -> Value {
    let mut item = json!({
        "nonce": {"B": "AAAAAAAAAAAAAAAAAAAAAA=="}, "pv": n(1), "exp": n(NOW + 600_000), "digits": n(6),
        "via": {"S": "email"}, "s0": n(NOW), "a": n(0),
    });
    for (name, value) in more.as_object().unwrap() {
        if value.is_null() {
            item.as_object_mut().unwrap().remove(name);
        } else {
            item[name] = value.clone();
        }
    }
    item
}

/// The mark of the right code, or of another.
fn guess(right: bool) -> Value {
    use base64::Engine as _;
    let identifier = Identifier::parse("jane@example.com").unwrap();
    let live = Live {
        nonce: [0; 16],
        pepper: 1,
        expires: moment(600_000),
        sent: moment(0),
    };
    let peppers = ring();
    let address_keys = AddressKeys::new(&peppers);
    let code = address_keys
        .code(Purpose::SignIn, &identifier, None, &live, 6)
        .unwrap();
    let first = code.expose().as_bytes()[0];
    let other = format!("{}{}", (first - b'0' + 1) % 10, &code.expose()[1..]);
    let other = OtpCode::parse(&other, 6).unwrap();
    let mark = address_keys.guess(&identifier, None, if right { &code } else { &other });
    json!({ "B": base64::engine::general_purpose::STANDARD.encode(mark) })
}

fn otp(figure: Figure, by: i64) -> Count {
    Count::otp(moment(0), Channel::Email, figure, by)
}

#[test]
fn a_send_is_requested_and_sent() {
    let effects = interpret(CODE, "CODE", Value::Null, challenge(json!({})));
    assert_eq!(names(&effects), ["otp.requested"]);
    assert_eq!(
        effects.counts,
        [otp(Figure::Requested, 1), otp(Figure::Sent, 1)]
    );
    assert_eq!(effects.events[0].at, moment(0));
    let detail = effects.events[0].detail().to_string();
    assert!(!detail.contains("jane"), "{detail}");
}

#[test]
fn what_was_refused_or_kept_quiet_was_not_sent() {
    let earlier = n(NOW - 60_000);
    let uncharged = challenge(json!({ "s0": earlier, "nonce": null }));
    let effects = interpret(CODE, "CODE", challenge(json!({})), uncharged);
    assert_eq!(
        (names(&effects), effects.counts),
        (vec![], vec![otp(Figure::Sent, -1)])
    );

    let withheld = challenge(json!({ "mute": n(1) }));
    let effects = interpret(CODE, "CODE", challenge(json!({})), withheld.clone());
    assert_eq!(effects.counts, [otp(Figure::Sent, -1)]);

    let before = challenge(json!({ "mute": n(1), "s0": earlier }));
    let effects = interpret(CODE, "CODE", before, withheld);
    assert_eq!(effects.counts, [otp(Figure::Requested, 1)]);
}

#[test]
fn what_went_another_way_was_sent_that_way() {
    let asked = challenge(json!({ "via": {"S": "whatsapp"} }));
    let effects = interpret(CODE, "CODE", asked, challenge(json!({})));
    let before = Count::otp(moment(0), Channel::Whatsapp, Figure::Sent, -1);
    assert_eq!(effects.counts, [before, otp(Figure::Sent, 1)]);
}

#[test]
fn only_a_wrong_code_has_failed() {
    for (right, expected) in [(true, vec![]), (false, vec!["otp.failed"])] {
        let tried = challenge(json!({ "f": n(1), "fa": n(NOW), "a": n(1), "guess": guess(right) }));
        let effects = interpret(CODE, "CODE", challenge(json!({})), tried);
        assert_eq!(names(&effects), expected);
        let failed = effects.counts.contains(&otp(Figure::Failed, 1));
        assert_eq!(failed, !right);
    }
}

#[test]
fn a_muted_code_is_never_right() {
    let more = json!({ "f": n(1), "fa": n(NOW), "mute": n(1), "guess": guess(true) });
    let before = challenge(json!({ "mute": n(1) }));
    assert_eq!(
        names(&interpret(CODE, "CODE", before, challenge(more))),
        ["otp.failed"]
    );
}

#[test]
fn failures_lock_and_close() {
    for (failures, wait) in [(5, Some(30)), (6, Some(60)), (100, None)] {
        let before = challenge(json!({ "kf": n(failures - 1) }));
        let more = json!({ "kf": n(failures), "kfa": n(NOW), "guess": guess(false) });
        let effects = interpret(CODE, "CODE", before, challenge(more));
        assert_eq!(names(&effects), ["otp.failed", "otp.locked"]);
        let detail = effects.events[1].detail();
        assert_eq!(detail["wait_seconds"], json!(wait));
        assert_eq!(detail["closed"], wait.is_none());
        assert_eq!(detail["known_device"], true);
        assert!(matches!(effects.tasks[..], [Task::Locked { event: 1, .. }]));
    }
}

#[test]
fn a_used_code_is_verified_and_tells_of_failures_before() {
    let charged = challenge(json!({ "f": n(3), "fa": n(NOW), "guess": guess(true) }));
    let used = challenge(json!({ "nonce": null, "f": n(0), "kf": n(0) }));
    let effects = interpret(CODE, "CODE", charged.clone(), used);
    assert_eq!(effects.counts, [otp(Figure::Verified, 1)]);
    assert!(matches!(
        effects.tasks[..],
        [Task::Proven { failures: 2, .. }]
    ));
    // An item that goes with its person was not used.
    assert_eq!(
        interpret(CODE, "CODE", charged, Value::Null),
        Effects::default()
    );

    // A known device's proof leaves the strangers' failures, and tells of its own.
    let both = challenge(
        json!({ "f": n(4), "fa": n(NOW), "kf": n(2), "kfa": n(NOW), "guess": guess(true) }),
    );
    let used = challenge(json!({ "nonce": null, "f": n(4), "fa": n(NOW), "kf": n(0) }));
    let effects = interpret(CODE, "CODE", both, used);
    assert_eq!(effects.counts, [otp(Figure::Verified, 1)]);
    assert!(matches!(
        effects.tasks[..],
        [Task::Proven { failures: 1, .. }]
    ));
}

const USER: &str = "USER#usr_0193a5b2c3d47e8f9a0b1c2d3e4f5061";
const SESSION: &str = "ses_0193a5b2c3d47e8f9a0b1c2d3e4f5062";

fn account(more: Value) -> Value {
    let mut item = json!({
        "status": {"S": "active"}, "joined": n(NOW), "last_activity": n(NOW), "email": {"S": "jane@example.com"},
        "registered_with": {"S": "otp_email"}, "sessions": {"M": {SESSION: n(NOW + 1_000_000)}},
    });
    for (name, value) in more.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

#[test]
fn a_new_account_is_registered_active_and_listed() {
    let effects = interpret(USER, "USER", Value::Null, account(json!({})));
    assert_eq!(names(&effects), ["user.registered"]);
    let counts = [
        Count::active(moment(0), 1),
        Count::registration(moment(0), "otp_email"),
    ];
    assert_eq!(effects.counts, counts);
    assert!(matches!(effects.tasks[..], [Task::Join { .. }]));
}

#[test]
fn an_active_user_moves_from_day_to_day() {
    let day = 24 * 60 * 60 * 1000;
    let later = account(json!({ "last_activity": n(NOW + day) }));
    let effects = interpret(USER, "USER", account(json!({})), later);
    assert_eq!(
        effects.counts,
        [Count::active(moment(0), -1), Count::active(moment(day), 1)]
    );
    assert_eq!(names(&effects), Vec::<&str>::new());
    let gone = interpret(USER, "USER", account(json!({})), Value::Null);
    assert_eq!(gone.counts, [Count::active(moment(0), -1)]);
    assert_eq!(names(&gone), ["user.erased"]);
}

#[test]
fn an_update_names_what_changed_and_no_values() {
    let new = account(
        json!({ "email": {"S": "joan@example.com"}, "bio": {"S": "secret"}, "version": n(2) }),
    );
    let effects = interpret(USER, "USER", account(json!({})), new);
    assert_eq!(names(&effects), ["user.updated"]);
    assert_eq!(
        effects.events[0].detail()["fields"],
        json!(["bio", "email"])
    );
}

#[test]
fn an_ended_session_says_why() {
    for (why, expected) in [
        ("revoked", vec!["session.revoked"]),
        (
            "refresh_reused",
            vec!["session.revoked", "session.refresh_reused"],
        ),
    ] {
        let ended = json!({"M": {"why": {"S": why}, "at": n(NOW + 5), "rid": {"S": "r"}}});
        let new = account(json!({ "sessions": {"M": {}}, "ended": ended }));
        let effects = interpret(USER, "USER", account(json!({})), new);
        assert_eq!(names(&effects), expected);
        assert_eq!(effects.events[0].detail()["reason"], why);
        assert_eq!(effects.events[0].at, moment(5));
        assert!(matches!(effects.tasks[..], [Task::SessionEnded { .. }]));
    }
}

#[test]
fn the_same_change_tells_the_same_story() {
    let effects = || interpret(USER, "USER", Value::Null, account(json!({})));
    assert_eq!(effects(), effects());
    let sessions = account(json!({ "sessions": {"M": {}} }));
    let two = interpret(
        USER,
        "USER",
        account(json!({ "bio": {"S": "x"} })),
        sessions,
    );
    assert_eq!(names(&two), ["session.revoked", "user.updated"]);
    assert_ne!(two.events[0].id, two.events[1].id);
}

#[test]
fn only_a_code_is_counted_as_delivered() {
    let id = "DELIVERY#dlv_0193a5b2c3d47e8f9a0b1c2d3e4f5063";
    let message = |state: &str, to: bool| {
        let mut item = json!({ "ch": {"S": "email"}, "st": {"S": state}, "at": n(NOW) });
        if to {
            item["to"] = json!({ "S": "mac" });
        }
        item
    };
    let noted = interpret(id, "DELIVERY", Value::Null, message("queued", true));
    assert_eq!(noted, Effects::default());
    let arrived = interpret(
        id,
        "DELIVERY",
        message("queued", true),
        message("delivered", true),
    );
    assert_eq!(names(&arrived), ["delivery.updated"]);
    assert_eq!(arrived.counts, [otp(Figure::Delivered, 1)]);
    let read = interpret(
        id,
        "DELIVERY",
        message("delivered", true),
        message("read", true),
    );
    assert_eq!(read.counts, []);
    let notice = interpret(id, "DELIVERY", Value::Null, message("delivered", false));
    assert_eq!(
        (names(&notice), notice.counts),
        (vec!["delivery.updated"], vec![])
    );
    // The report overtook our own note.
    let late = interpret(
        id,
        "DELIVERY",
        message("delivered", false),
        message("delivered", true),
    );
    assert_eq!(
        (names(&late), late.counts),
        (vec![], vec![otp(Figure::Delivered, 1)])
    );
}

#[test]
fn an_unreadable_record_is_an_error() {
    assert!(Change::read(&json!({ "eventID": "1" })).is_err());
}
