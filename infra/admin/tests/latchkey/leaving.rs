//! Export and erasure by an operator.

use serde_json::Value;
use tests::{House, SignedIn};

use crate::at;

/// The document as its person gets it, without the moment of the export.
async fn own(house: &House, jane: &SignedIn) -> Value {
    let path = "/api/profile/export/";
    let answer = house.get(path).bearer(&jane.access).send().await.is(200);
    without_moment(answer.json())
}

fn without_moment(mut document: Value) -> Value {
    assert!(document["exported_at"].is_string());
    document["exported_at"] = Value::Null;
    document
}

#[tokio::test]
async fn an_operator_exports_what_the_person_would_get() {
    let house = House::open().await;
    let jane = house.visitor("jane@example.com").signs_in().await;
    let _ = house.cloud().settle().await;
    let own = own(&house, &jane).await;
    assert_eq!(own["profile"]["email"], "jane@example.com");
    let shown = at(&house, &["users", "export", "jane@example.com"]).await;
    assert_eq!(without_moment(shown.json()), own);

    let folder =
        std::env::temp_dir().join(format!("latchkey-{}", jane.user["id"].as_str().unwrap()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("jane.json");
    let to = file.to_str().unwrap();
    let arguments = ["users", "export", "jane@example.com", "--to", to];
    let _ = at(&house, &arguments).await.text();
    let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(without_moment(written), own);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    at(&house, &arguments).await.failed(2, "exists");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// How many mails to her say this in their subject.
async fn told(house: &House, words: &str) -> usize {
    let sent = house.sent_to("jane@example.com").await;
    let subjects = sent.iter().filter_map(|mail| mail["subject"].as_str());
    subjects.filter(|subject| subject.contains(words)).count()
}

/// Whatever of the tables names this person.
async fn traces(house: &House, jane: &SignedIn) -> usize {
    let dump = house.tables().dump().await;
    let id = jane.user["id"].as_str().unwrap();
    dump.matches(id).count() + dump.matches("jane@example.com").count()
}

#[tokio::test]
async fn an_operator_erases_at_once_when_they_mean_it() {
    let house = House::open().await;
    let visitor = house.visitor("jane@example.com");
    let jane = visitor.signs_in().await;
    let erase = ["users", "erase", "jane@example.com"];
    at(&house, &erase).await.failed(2, "--yes");
    let profile = house.get("/api/profile/").bearer(&jane.access).send().await;
    assert_eq!(profile.status, 200);

    let done = at(
        &house,
        &["--json", "users", "erase", "jane@example.com", "--yes"],
    )
    .await;
    assert_eq!(done.json()["erased"], true);
    assert!(house.cloud().settle().await);
    house.advance(60 * 60).await;
    assert_eq!(told(&house, "was erased").await, 1);
    assert_eq!(
        traces(&house, &jane).await,
        0,
        "{}",
        house.tables().dump().await
    );
    at(&house, &erase).await.failed(3, "nobody is known");
    let again = visitor.signs_in().await;
    assert_ne!(again.user["id"], jane.user["id"]);
    assert_eq!(again.user["is_new_user"], true);
}

#[tokio::test]
async fn an_erasure_by_grace_can_be_undone_or_brought_forward() {
    let house = House::open().await;
    let visitor = house.visitor("jane@example.com");
    let jane = visitor.signs_in().await;
    let by_grace = [
        "--json",
        "users",
        "erase",
        "jane@example.com",
        "--yes",
        "--grace",
        "5",
    ];
    let wished = at(&house, &by_grace).await.json();
    assert!(wished["erases_at"].is_string());
    let profile = house.get("/api/profile/").bearer(&jane.access).send().await;
    assert_eq!(profile.status, 401, "all sessions end");

    house.advance(31).await;
    let back = visitor.signs_in().await;
    let restore = house.post("/api/profile/restore/", &Value::Null);
    let restored = restore.bearer(&back.access).send().await;
    assert_eq!(restored.status, 200, "{restored:?}");
    assert_eq!(restored.json()["erases_at"], Value::Null);

    let wished = at(&house, &by_grace).await.json();
    let usual = [
        "--json",
        "users",
        "erase",
        "jane@example.com",
        "--yes",
        "--grace",
    ];
    let later = at(&house, &usual).await.json();
    assert_eq!(
        later["erases_at"], wished["erases_at"],
        "the earlier moment stands"
    );
    house.advance(60 * 60).await;
    assert_eq!(
        told(&house, "will be erased on").await,
        2,
        "one for each wish"
    );
    let _ = at(&house, &["users", "erase", "jane@example.com", "--yes"])
        .await
        .text();
    assert!(house.cloud().settle().await);
    house.advance(60 * 60).await;
    assert_eq!(told(&house, "was erased").await, 1);
    assert_eq!(
        traces(&house, &jane).await,
        0,
        "{}",
        house.tables().dump().await
    );
}
