//! `--stack`: what the outputs used to be copied by hand for.

use tests::House;

use crate::account::{STACK, WELL};
use crate::latchkey;

#[tokio::test]
async fn a_stack_tells_where_everything_is() {
    let house = House::open().await;
    let _ = house.visitor("jane@example.com").signs_in().await;
    let account = WELL.open(&house).await;
    let order = [
        "--stack",
        STACK,
        "--reveal",
        "users",
        "find",
        "jane@example.com",
    ];
    let found = latchkey(&order, &account.signed_in()).await.text();
    assert!(found.contains("jane@example.com"), "{found}");
    let order = ["--stack", STACK, "--json", "keys", "list"];
    let keys = latchkey(&order, &account.signed_in()).await.json();
    assert_eq!(keys.as_array().map(Vec::len), Some(1), "{keys}");
}

#[tokio::test]
async fn variables_of_another_stack_change_nothing_but_what_is_said() {
    let house = House::open().await;
    let _ = house.visitor("jane@example.com").signs_in().await;
    let account = WELL.open(&house).await;
    let mut environment = account.signed_in();
    environment.extend([("ACCOUNTS_TABLE", "another"), ("SECRET_ID", "another")]);
    let order = ["--stack", STACK, "users", "find", "jane@example.com"];
    let _ = latchkey(&order, &environment).await.text();
    let mut order = order.to_vec();
    order.extend(["--set", "ACCOUNTS_TABLE=restored"]);
    latchkey(&order, &account.signed_in())
        .await
        .failed(3, "AWS knows no such table");
    for wrong in ["ACCOUNTS=restored", "ACCOUNTS_TABLE"] {
        let order = [
            "--stack",
            STACK,
            "--set",
            wrong,
            "users",
            "find",
            "jane@example.com",
        ];
        latchkey(&order, &account.signed_in())
            .await
            .failed(2, "expected NAME=VALUE");
    }
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_told_with_its_region() {
    let house = House::open().await;
    let account = WELL.open(&house).await;
    let order = ["--stack", "other", "keys", "list"];
    let ended = latchkey(&order, &account.signed_in()).await;
    ended.failed(3, "there is no stack other in us-east-1");
    let order = [
        "--stack",
        "other",
        "--region",
        "eu-central-1",
        "keys",
        "list",
    ];
    let ended = latchkey(&order, &account.signed_in()).await;
    ended.failed(3, "there is no stack other in eu-central-1");
    let without: Vec<_> = account
        .signed_in()
        .into_iter()
        .filter(|(name, _)| *name != "AWS_REGION")
        .collect();
    latchkey(&order[..2], &without).await.failed(2, "");
    let order = ["--stack", "other", "keys", "list"];
    latchkey(&order, &without)
        .await
        .failed(2, "AWS_REGION: it is not set");
    let order = ["--stack", "other", "--local", "keys", "list"];
    latchkey(&order, &[]).await.failed(2, "cannot be used with");
}
