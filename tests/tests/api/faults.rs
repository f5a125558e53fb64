//! Every upstream call of both flows fails in every way, once and for good: the answer is the contract's, nothing that
//! was accepted is lost, and once the world is well again the person gets in (THREATS section 14).
//!
//! The six kinds run beside each other, each in a house of its own; most of their time is waiting for timeouts.

use serde_json::json;
use tests::{Answer, CallRecord, House, SignedIn, Visitor};

/// A call of a flow: which operation of which service, and the how manieth of its kind.
#[derive(Clone, Debug)]
struct Place {
    service: String,
    operation: String,
    after: usize,
}

fn places(calls: &[CallRecord]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for call in calls {
        let before = places
            .iter()
            .filter(|p| p.service == call.service && p.operation == call.operation);
        places.push(Place {
            service: call.service.clone(),
            operation: call.operation.clone(),
            after: before.count(),
        });
    }
    places
}

async fn order(house: &House, fault: &str, place: &Place, times: u32) {
    house
        .fault(json!({
            "service": place.service, "operation": place.operation, "fault": fault, "times": times,
            "after": place.after,
        }))
        .await;
}

/// Where both flows can fail, as they run when all is well.
async fn flows(house: &House) -> (Vec<Place>, Vec<Place>) {
    let visitor = house.visitor("well@example.com");
    let asked = visitor.asks_for_a_code().await.is(200);
    let code = visitor.reads_the_code().await;
    let entered = visitor.enters(&code).await.is(200);
    (
        places(&house.calls_of(&asked.request_id()).await),
        places(&house.calls_of(&entered.request_id()).await),
    )
}

fn is_possible(fault: &str, place: &Place) -> bool {
    fault != "conflict" || place.service == "dynamodb"
}

/// A request while something fails: 200 and the mail is out, or 503 and the person may try again.
async fn asking_fails(house: &House, fault: &str, place: &Place, times: u32, jane: &Visitor<'_>) {
    let about = format!("{fault} x{times} at {place:?}");
    order(house, fault, place, times).await;
    let answer = jane.asks_for_a_code().await;
    let hits = house.end_faults().await;
    assert!(hits > 0, "{about}: nothing was hit");
    check_status(&about, &answer, &[200, 503]);
    let sent = house.sent_to(&jane.identifier).await.len();
    if answer.status == 200 {
        assert_eq!(sent, 1, "{about}");
        return;
    }
    assert!(sent <= 1, "{about}");
    if place.service == "ses" && matches!(fault, "error" | "throttle") {
        // The provider refused: nothing is charged, and the same request is admitted at once.
        answer.problem(503, "delivery_failed");
        assert_eq!(sent, 0, "{about}");
        let again = jane.asks_for_a_code().await;
        assert_eq!(again.status, 200, "{about}: {}", again.text);
        return;
    }
    if sent == 1 {
        // Nobody knew, and the mail was out: its code is valid.
        let code = jane.reads_the_code().await;
        jane.is_let_in_with(&code).await;
    }
}

/// A right code entered while something fails: let in, or nothing lost.
async fn entering_fails(house: &House, fault: &str, place: &Place, times: u32, jane: &Visitor<'_>) {
    let about = format!("{fault} x{times} at {place:?}");
    let code = jane.gets_a_code().await;
    order(house, fault, place, times).await;
    let answer = jane.enters(&code).await;
    let hits = house.end_faults().await;
    assert!(hits > 0, "{about}: nothing was hit");
    check_status(&about, &answer, &[200, 503]);
    let sessions = sessions_of(house, &jane.identifier).await;
    if answer.status == 200 {
        assert_eq!(sessions, 1, "{about}");
        return;
    }
    // Never a burnt code without a session, never two sessions from one code.
    let again = jane.enters(&code).await;
    match again.status {
        200 => assert_eq!(sessions, 0, "{about}: a session stood already"),
        401 => assert_eq!(
            sessions, 1,
            "{about}: the code is burnt and nothing came of it"
        ),
        _ => panic!("{about}: then {} {}", again.status, again.text),
    }
    assert_eq!(sessions_of(house, &jane.identifier).await, 1, "{about}");
}

#[track_caller]
fn check_status(about: &str, answer: &Answer, expected: &[u16]) {
    assert!(
        expected.contains(&answer.status),
        "{about}: {} {}",
        answer.status,
        answer.text
    );
}

async fn sessions_of(house: &House, identifier: &str) -> usize {
    let accounts = house.tables().accounts().await;
    let claim = format!("CLAIM#email#{identifier}");
    let Some(claim) = accounts.iter().find(|item| item["pk"] == claim.as_str()) else {
        return 0;
    };
    let pk = format!("USER#{}", claim["user"].as_str().unwrap());
    let sessions = accounts.iter().filter(|item| {
        item["pk"] == pk.as_str() && item["sk"].as_str().unwrap().starts_with("SESSION#")
    });
    sessions.count()
}

/// N01–N05, N07–N11, N13, and the invariants after each.
async fn survives(fault: &str) {
    survives_in_part(fault, 0, 1).await;
}

/// The `part`th of `parts` of all the places where this can happen, once and for good.
async fn survives_in_part(fault: &str, part: usize, parts: usize) {
    let house = House::open().await;
    let (request, verify) = flows(&house).await;
    let asking = request.iter().map(|place| (true, place));
    let entering = verify.iter().map(|place| (false, place));
    let flows: Vec<_> = asking
        .chain(entering)
        .filter(|(_, place)| is_possible(fault, place))
        .collect();
    let mut people = Vec::new();
    for (n, times) in [1, 50].into_iter().enumerate() {
        for (m, (asking, place)) in flows.iter().enumerate() {
            if (n * flows.len() + m) % parts != part {
                continue;
            }
            let jane = house.visitor(format!("p{}@example.com", people.len()));
            if *asking {
                asking_fails(&house, fault, place, times, &jane).await;
            } else {
                entering_fails(&house, fault, place, times, &jane).await;
            }
            people.push(jane);
        }
    }
    house.is_sound().await;
    // However it went, a minute later all of them get in.
    house.advance(61).await;
    for jane in &people {
        let person: SignedIn = jane.signs_in().await;
        let profile = house
            .get("/api/profile/")
            .bearer(&person.access)
            .send()
            .await;
        assert_eq!(profile.status, 200, "{}", profile.text);
    }
    house.is_sound().await;
}

#[tokio::test]
async fn sign_in_survives_throttling() {
    survives("throttle").await;
}

#[tokio::test]
async fn sign_in_survives_conflicts() {
    survives("conflict").await;
}

#[tokio::test]
async fn sign_in_survives_errors() {
    survives("error").await;
}

#[tokio::test]
async fn sign_in_survives_lost_replies() {
    survives("lost_reply").await;
}

/// Most of this is waiting, so it is done in several houses at once.
#[tokio::test]
async fn sign_in_survives_missing_answers() {
    const HOUSES: usize = 10;
    let parts = (0..HOUSES).map(|part| survives_in_part("timeout", part, HOUSES));
    futures_util::future::join_all(parts).await;
}

#[tokio::test]
async fn sign_in_survives_reset_connections() {
    survives("reset").await;
}

/// The profile fails closed, and calmly.
#[tokio::test]
async fn profile_without_its_store_is_unavailable() {
    let house = House::open().await;
    let person = house.visitor("jane@example.com").signs_in().await;
    for fault in ["throttle", "error", "reset"] {
        house
            .fault(json!({"service": "dynamodb", "fault": fault, "times": 50}))
            .await;
        let answer = house
            .get("/api/profile/")
            .bearer(&person.access)
            .send()
            .await;
        answer.problem(503, "unavailable");
        house.end_faults().await;
        let _ = house
            .get("/api/profile/")
            .bearer(&person.access)
            .send()
            .await
            .is(200);
    }
}
