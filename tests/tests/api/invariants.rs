//! The reader that looks for broken invariants is tested itself: each one is broken on purpose, in the tables or in
//! what the visitors were told, and must be found.

use serde_json::{Value, json};
use tests::{ACCOUNTS, EPHEMERAL, Entered, House, Rules, Scene};

/// A house in which Jane has signed in, and Mary was sent a code and failed once.
async fn lived_in() -> (House, String) {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let mary = house.visitor("mary@example.com");
    let code = mary.gets_a_code().await;
    let _ = mary.enters(&tests::another_code(&code, 0)).await.is(401);
    house.is_sound().await;
    let id = jane.user["id"].as_str().unwrap().to_owned();
    (house, id)
}

#[track_caller]
fn finds(scene: &Scene, invariant: &str) {
    let complaints = scene.complaints(Rules::default());
    assert!(
        complaints
            .iter()
            .any(|c| c.starts_with(&format!("{invariant}:"))),
        "{invariant} was not found broken: {complaints:?}"
    );
}

/// The code that Mary was sent; other messages are none of these limits' business.
fn to_mary(scene: &Scene) -> Value {
    let mut outbox = scene.outbox.iter();
    let message = outbox.find(|message| message["to"] == "mary@example.com");
    message.expect("a message to Mary").clone()
}

const MARY: &str = "CODE#signin#email#mary@example.com";

#[tokio::test]
async fn i1_a_second_sign_in_from_one_code_is_found() {
    let (house, id) = lived_in().await;
    let pk = format!("USER#{id}");
    house
        .tables()
        .update(
            ACCOUNTS,
            &pk,
            "ACTIVITY#act_2",
            "SET event = :e",
            json!({":e": {"S": "signed_in"}}),
        )
        .await;
    finds(&house.scene().await, "I1");
}

#[tokio::test]
async fn i2_a_comparison_too_many_is_found() {
    let (house, _) = lived_in().await;
    let tables = house.tables();
    tables
        .update(
            EPHEMERAL,
            MARY,
            "CODE",
            "SET a = :n",
            json!({":n": {"N": "4"}}),
        )
        .await;
    finds(&house.scene().await, "I2");
}

#[tokio::test]
async fn i3_a_failure_forgiven_without_a_success_is_found() {
    let (house, _) = lived_in().await;
    let before = house.scene().await;
    assert_eq!(before.complaints_since(&before), [""; 0]);
    let tables = house.tables();
    tables
        .update(
            EPHEMERAL,
            MARY,
            "CODE",
            "SET f = :n",
            json!({":n": {"N": "0"}}),
        )
        .await;
    let after = house.scene().await;
    assert!(after.complaints_since(&before)[0].starts_with("I3:"));
}

#[tokio::test]
async fn i4_tokens_without_a_sign_in_are_found() {
    let (house, id) = lived_in().await;
    let mut scene = house.scene().await;
    scene.ledger.entered.push(Entered {
        identifier: "jane@example.com".to_owned(),
        status: 200,
        user: Some(id),
    });
    finds(&scene, "I4");
}

#[tokio::test]
async fn i5_a_session_without_its_item_is_found() {
    let (house, id) = lived_in().await;
    let pk = format!("USER#{id}");
    let accounts = house.tables().accounts().await;
    let session = accounts
        .iter()
        .find(|item| item["sk"].as_str().unwrap().starts_with("SESSION#"))
        .unwrap();
    house
        .tables()
        .delete(ACCOUNTS, &pk, session["sk"].as_str().unwrap())
        .await;
    finds(&house.scene().await, "I5");
}

#[tokio::test]
async fn i6_a_claim_that_points_nowhere_is_found() {
    let (house, _) = lived_in().await;
    house
        .tables()
        .delete(ACCOUNTS, "CLAIM#email#jane@example.com", "CLAIM")
        .await;
    finds(&house.scene().await, "I6");
    let (house, id) = lived_in().await;
    house
        .tables()
        .delete(ACCOUNTS, &format!("USER#{id}"), "USER")
        .await;
    finds(&house.scene().await, "I6");
}

#[tokio::test]
async fn i7_a_message_too_soon_is_found() {
    let (house, _) = lived_in().await;
    let mut scene = house.scene().await;
    let twice = to_mary(&scene);
    scene.outbox.push(twice);
    finds(&scene, "I7");
}

#[tokio::test]
async fn i8_a_delivery_that_goes_back_is_found() {
    let (house, _) = lived_in().await;
    let tables = house.tables();
    let all = tables.ephemeral().await;
    let delivery = all.iter().find(|item| item["sk"] == "DELIVERY").unwrap();
    let history = json!({":h": {"L": [
        {"M": {"st": {"S": "delivered"}}}, {"M": {"st": {"S": "sent"}}},
    ]}});
    let pk = delivery["pk"].as_str().unwrap();
    tables
        .update(EPHEMERAL, pk, "DELIVERY", "SET hist = :h", history)
        .await;
    finds(&house.scene().await, "I8");
}

#[tokio::test]
async fn i9_a_mail_that_was_promised_and_not_sent_is_found() {
    let (house, _) = lived_in().await;
    let mut scene = house.scene().await;
    scene.outbox.clear();
    finds(&scene, "I9");
    let mut scene = house.scene().await;
    scene.accounts.clear();
    finds(&scene, "I9");
}

#[tokio::test]
async fn i10_somebody_whom_nobody_let_in_is_found() {
    let (house, _) = lived_in().await;
    let mut scene = house.scene().await;
    scene.ledger.entered.retain(|entered| entered.status != 200);
    finds(&scene, "I10");
    let mut scene = house.scene().await;
    let mut stray: Value = to_mary(&scene);
    stray["to"] = json!("stray@example.com");
    scene.outbox.push(stray);
    finds(&scene, "I10");
}
