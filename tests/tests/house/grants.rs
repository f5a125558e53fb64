//! What template.yaml grants each function, against what the function does when every one of its routes is driven:
//! whatever is seen is granted, and whatever is granted is seen or has its reason here.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use tests::{ACCOUNTS, Answer, CallRecord, EPHEMERAL, House};

use crate::template;

/// Grants that no request of the drive below uses, and why they stand.
const UNSEEN: &[(&str, &str, &str)] = &[
    (
        "*",
        "secretsmanager:GetSecretValue",
        "read at the start and when a key is unknown, outside of any request",
    ),
    (
        "otp-request",
        "dynamodb:PutItem",
        "an opt-out that Twilio tells when it is sent to is noted as a suppression",
    ),
    (
        "webhooks",
        "sns:ConfirmSubscription",
        "a subscription is confirmed once, at the first deployment",
    ),
    (
        "webhooks",
        "dynamodb:GetItem",
        "opens the connection at the start, outside of any request",
    ),
    (
        "setup",
        "secretsmanager:PutSecretValue",
        "called by CloudFormation at a deployment; functions/setup/tests takes no other call",
    ),
    (
        "setup",
        "secretsmanager:UpdateSecretVersionStage",
        "as above",
    ),
    (
        "avatar",
        "dynamodb:PutItem",
        "the activity of a picture that came through S3",
    ),
    (
        "avatar",
        "s3:GetObject",
        "a picture that was uploaded to S3 by form is read from there",
    ),
    (
        "avatar",
        "s3:ListBucket",
        "pictures that nobody points to are looked for",
    ),
];

/// The IAM actions that a call needs: any of them.
fn needed(service: &str, operation: &str) -> Vec<String> {
    let action = |name: &str| format!("{service}:{name}");
    match (service, operation) {
        ("dynamodb", "TransactWriteItems") => {
            ["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"]
                .map(action)
                .to_vec()
        }
        ("dynamodb", "BatchGetItem") => vec![action("BatchGetItem")],
        ("s3", "ListObjectsV2" | "ListObjects") => vec![action("ListBucket")],
        ("s3", "HeadObject") => vec![action("GetObject")],
        ("s3", "DeleteObjects") => vec![action("DeleteObject")],
        ("eventbridge", other) => vec![format!("events:{other}")],
        _ => vec![action(operation)],
    }
}

/// Whether a statement grants a call to DynamoDB that is about one table: the table, the partition where the grant
/// narrows it, and that it need not stand in a transaction. A call about none or many is taken as granted here.
fn grants(statement: &Value, call: &CallRecord) -> bool {
    let resource = match call.table.as_deref() {
        Some(ACCOUNTS) => "Accounts.Arn",
        Some(EPHEMERAL) => "Ephemeral.Arn",
        _ => return true,
    };
    let actions = template::list(&statement["Action"]);
    let resources = template::list(&statement["Resource"]);
    let condition = &statement["Condition"];
    let keys = template::list(&condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
    let partition = call.partition.as_deref();
    let fits = |pattern: &Value| match (pattern.as_str(), partition) {
        (Some(pattern), Some(partition)) => match pattern.strip_suffix('*') {
            Some(prefix) => partition.starts_with(prefix),
            None => partition == pattern,
        },
        _ => true,
    };
    needed("dynamodb", &call.operation)
        .iter()
        .any(|needed| actions.iter().any(|action| action == needed.as_str()))
        && resources
            .iter()
            .any(|granted| granted.to_string().contains(resource))
        && condition["StringEquals"]["dynamodb:EnclosingOperation"].is_null()
        && (keys.is_empty() || keys.iter().any(fits))
}

/// Drives every route there is, and returns the answers by path.
async fn drive(house: &House) -> Vec<Answer> {
    let jane = house.visitor("jane@example.com");
    let mut answers = Vec::new();
    let asked = jane.asks_for_a_code().await.is(200);
    let delivery = asked.json()["delivery_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    answers.push(asked);
    answers.push(
        house
            .get(&format!("/api/auth/otp/deliveries/{delivery}/"))
            .send()
            .await,
    );
    let code = jane.reads_the_code().await;
    answers.push(jane.enters(&tests::another_code(&code, 0)).await.is(401));
    answers.push(jane.enters(&code).await.is(200));
    let person = tests::SignedIn::read(answers.last().expect("one"));
    // A known device, a tagged address, a second session.
    house.advance(31).await;
    let known = jane.on_device(&person.device_token);
    answers.push(known.asks_for_a_code().await.is(200));
    let code = jane.reads_the_code().await;
    answers.push(known.enters(&code).await.is(200));
    let second = tests::SignedIn::read(answers.last().expect("one"));
    answers.push(
        house
            .visitor("jane+tag@example.com")
            .asks_for_a_code()
            .await
            .is(200),
    );

    let post = |path: &str, body: Value| house.post(path, &body).bearer(&second.access).send();
    let link = json!({ "identifier": "+14155550142" });
    for status in [200, 429] {
        let asked = post("/api/profile/identifiers/", link.clone()).await;
        answers.push(asked.is(status));
    }
    answers.push(
        post("/api/auth/token/verify/", json!({ "token": second.access }))
            .await
            .is(200),
    );
    answers.push(
        post(
            "/api/auth/token/refresh/",
            json!({ "refresh": person.refresh }),
        )
        .await
        .is(200),
    );
    answers.push(
        post(
            "/api/auth/token/revoke/",
            json!({ "refresh": person.refresh }),
        )
        .await
        .is(204),
    );
    for path in [
        "/api/profile/",
        "/api/auth/sessions/",
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
    ] {
        answers.push(house.get(path).bearer(&second.access).send().await.is(200));
    }
    answers.push(
        house
            .call(Method::DELETE, "/api/auth/sessions/")
            .bearer(&second.access)
            .send()
            .await
            .is(204),
    );
    let pk = format!("USER#{}", second.user["id"].as_str().expect("an id"));
    let roles = json!({ ":r": { "L": [{ "S": "admin" }] } });
    house
        .tables()
        .update(ACCOUNTS, &pk, "USER", "SET #roles = :r", roles)
        .await;
    let today = house.now().to_string();
    let today = &today[..10];
    for path in [
        "sources/".to_owned(),
        format!("registrations/?from={today}&to={today}"),
        "active/?days=2".to_owned(),
        format!("otp/?from={today}&to={today}"),
        "users/".to_owned(),
    ] {
        let path = format!("/api/analytics/{path}");
        answers.push(house.get(&path).bearer(&second.access).send().await.is(200));
    }
    let picture = include_bytes!("dot.png").to_vec();
    let avatar = house
        .call(Method::POST, "/api/profile/avatar/")
        .body("image/png", picture);
    answers.push(avatar.bearer(&second.access).send().await.is(200));
    let form = json!({ "content_type": "image/png", "content_length": 1000 });
    answers.push(post("/api/profile/avatar/upload/", form).await);
    answers.push(
        house
            .call(Method::DELETE, "/api/profile/avatar/")
            .bearer(&second.access)
            .send()
            .await
            .is(204),
    );
    let message = &house.outbox().await[0];
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let _ = house
        .post(&path, &json!({ "status": "bounce" }))
        .send()
        .await
        .is(200);
    answers
}

/// The function that answered, by the longest of the template's paths.
fn function_of<'f>(functions: &'f [template::Function], path: &str) -> &'f str {
    functions
        .iter()
        .flat_map(|f| {
            f.paths
                .iter()
                .map(move |p| (f, p.trim_end_matches("{proxy+}").trim_end_matches('/')))
        })
        .filter(|(_, stem)| !stem.is_empty() && path.starts_with(stem))
        .max_by_key(|(_, stem)| stem.len())
        .map_or("", |(f, _)| f.name.as_str())
}

#[tokio::test]
async fn every_call_is_granted_and_every_grant_is_used() {
    let house = House::open().await;
    let functions = template::functions();
    let answers = drive(&house).await;
    let by_request: BTreeMap<_, _> = answers
        .iter()
        .map(|answer| {
            (
                answer.request_id(),
                answer.to.split(' ').nth(1).unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let mut seen: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    let mut complaints = BTreeSet::new();
    for call in house.calls().await {
        let path = call.request_id.as_ref().and_then(|id| by_request.get(id));
        let by: &[&str] = match (path, &call.request_id) {
            (Some(path), _) => &[function_of(&functions, path)],
            // No request of ours: a provider called back, or the stream was read.
            (None, Some(_)) => &["(behind)"],
            (None, None) => continue,
        };
        for function in by {
            let statements = functions.iter().find(|f| f.name == *function);
            let statements = statements.map_or(&[][..], |f| &f.statements);
            if !statements.is_empty()
                && call.operation != "TransactWriteItems"
                && !statements.iter().any(|statement| grants(statement, &call))
            {
                complaints.insert(format!(
                    "{function} calls {} on {:?} of {:?}, which no statement grants",
                    call.operation, call.partition, call.table
                ));
            }
            let calls = seen.entry((*function).to_owned()).or_default();
            calls.insert((call.service.clone(), call.operation.clone()));
        }
    }
    let behind = seen.remove("(behind)").unwrap_or_default();
    for (service, operation) in &behind {
        let granted = functions
            .iter()
            .filter(|f| matches!(f.name.as_str(), "webhooks" | "events"))
            .any(|f| {
                needed(service, operation)
                    .iter()
                    .any(|action| f.actions.contains(action))
            });
        if !granted {
            complaints.insert(format!(
                "{service} {operation} is granted to nobody behind the API"
            ));
        }
    }
    for function in &functions {
        let calls = seen.remove(&function.name).unwrap_or_default();
        for (service, operation) in &calls {
            if matches!(service.as_str(), "twilio" | "sendgrid") {
                continue;
            }
            if !needed(service, operation)
                .iter()
                .any(|action| function.actions.contains(action))
            {
                complaints.insert(format!(
                    "{} calls {service} {operation}, which it is not granted",
                    function.name
                ));
            }
        }
        let more = (function.name == "webhooks").then_some(&behind);
        let used: BTreeSet<_> = calls
            .iter()
            .chain(more.into_iter().flatten())
            .flat_map(|(s, o)| needed(s, o))
            .collect();
        for action in &function.actions {
            // The first is driven by the stream and the clock, most of the second by people who change and leave; both
            // have tests of their own.
            if matches!(function.name.as_str(), "events" | "profile") {
                continue;
            }
            let excused = UNSEEN.iter().any(|(name, unseen, _)| {
                (*name == "*" || *name == function.name) && unseen == action
            });
            if !used.contains(action) && !excused {
                complaints.insert(format!(
                    "{} is granted {action} and never used it",
                    function.name
                ));
            }
        }
    }
    assert!(seen.is_empty(), "calls of no function: {seen:?}");
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// The refusals of a limit are counted beside the answer, outside of the request: the drive above does not see by whom.
#[test]
fn whoever_refuses_codes_may_count_it() {
    let count = CallRecord {
        request_id: None,
        service: "dynamodb".to_owned(),
        operation: "UpdateItem".to_owned(),
        started_us: 0,
        ended_us: 0,
        capacity_units: None,
        table: Some(ACCOUNTS.to_owned()),
        partition: Some("STATS#OTP".to_owned()),
    };
    let issuers = ["otp-request", "profile"];
    let functions = template::functions();
    let may = |name: &str| {
        let mut all = functions.iter().filter(|f| f.name == name);
        all.any(|f| f.statements.iter().any(|s| grants(s, &count)))
    };
    assert_eq!(issuers.map(may), [true, true], "{issuers:?}");
    assert!(!may("webhooks") && !may("avatar"));
}

/// M01
#[test]
fn no_grant_is_wide() {
    for function in template::functions() {
        for statement in &function.statements {
            assert_eq!(statement["Effect"], "Allow", "{statement}");
            assert!(
                statement["Sid"].is_string(),
                "{}: every statement has a name: {statement}",
                function.name
            );
            for action in template::list(&statement["Action"]) {
                let action = action.as_str().expect("an action").to_owned();
                assert!(!action.contains('*'), "{}: {action}", function.name);
                for never in [
                    "dynamodb:Scan",
                    "dynamodb:DeleteTable",
                    "iam:",
                    "s3:PutBucket",
                    "sts:",
                ] {
                    assert!(!action.starts_with(never), "{}: {action}", function.name);
                }
            }
            let resources = template::list(&statement["Resource"]);
            assert!(!resources.is_empty(), "{statement}");
            assert!(
                resources.iter().all(|resource| resource != "*"),
                "{}: {statement}",
                function.name
            );
        }
    }
}
