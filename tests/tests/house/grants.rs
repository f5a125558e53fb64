//! What template.yaml grants each function, against what the function does when every one of its routes is driven:
//! whatever is seen is granted, and whatever is granted is seen or has its reason here.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use tests::{ACCOUNTS, Answer, Call, CallPart, EPHEMERAL, House, SignedIn, Visitor};

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
        "otp-verify",
        "dynamodb:DeleteItem",
        "a sign-in with one session too many ends the oldest",
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

/// The IAM action that a call, or a part of it, needs.
fn needed(service: &str, operation: &str) -> String {
    match (service, operation) {
        ("s3", "ListObjectsV2" | "ListObjects") => "s3:ListBucket".to_owned(),
        ("s3", "HeadObject") => "s3:GetObject".to_owned(),
        ("s3", "DeleteObjects") => "s3:DeleteObject".to_owned(),
        ("eventbridge", other) => format!("events:{other}"),
        _ => format!("{service}:{operation}"),
    }
}

/// Whether a statement grants a part of a call to DynamoDB: the action, the table, the partition where the grant
/// narrows it, and the transaction where the grant demands one.
fn grants(statement: &Value, part: &CallPart) -> bool {
    let resource = match part.table.as_deref() {
        Some(ACCOUNTS) => "Accounts.Arn",
        Some(EPHEMERAL) => "Ephemeral.Arn",
        other => panic!("a call about the table {other:?}"),
    };
    let actions = template::list(&statement["Action"]);
    let resources = template::list(&statement["Resource"]);
    let condition = &statement["Condition"];
    let enclosing = &condition["StringEquals"]["dynamodb:EnclosingOperation"];
    let keys = template::list(&condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
    let partition = part.partition.as_deref();
    let fits = |pattern: &Value| match (pattern.as_str(), partition) {
        (Some(pattern), Some(partition)) => match pattern.strip_suffix('*') {
            Some(prefix) => partition.starts_with(prefix),
            None => partition == pattern,
        },
        _ => true,
    };
    let needed = needed("dynamodb", &part.operation);
    actions.iter().any(|action| action == needed.as_str())
        && resources
            .iter()
            .any(|granted| granted.to_string().contains(resource))
        && (enclosing.is_null() || part.within.as_deref() == enclosing.as_str())
        && (keys.is_empty() || keys.iter().any(fits))
}

/// Drives every route there is, and returns the answers.
async fn drive(house: &House) -> Vec<Answer> {
    let mut drive = Drive {
        house,
        answers: Vec::new(),
    };
    let (first, second) = drive.codes().await;
    drive.links_an_address(&second).await;
    drive.tokens(&first, &second).await;
    drive.numbers(&second).await;
    drive.pictures(&second).await;
    drive.report().await;
    drive.answers
}

/// A drive under way, and what was answered so far.
struct Drive<'h> {
    house: &'h House,
    answers: Vec<Answer>,
}

impl Drive<'_> {
    async fn call(&mut self, call: Call, who: &SignedIn, status: u16) {
        self.answers
            .push(call.bearer(&who.access).send().await.is(status));
    }

    async fn post(&mut self, path: &str, body: Value, who: &SignedIn, status: u16) {
        self.call(self.house.post(path, &body), who, status).await;
    }

    async fn get(&mut self, path: &str, who: &SignedIn) {
        self.call(self.house.get(path), who, 200).await;
    }

    async fn delete(&mut self, path: &str, who: &SignedIn) {
        self.call(self.house.call(Method::DELETE, path), who, 204)
            .await;
    }

    /// Somebody signs in, and once more as a known device; a tagged address asks.
    async fn codes(&mut self) -> (SignedIn, SignedIn) {
        let jane = self.house.visitor("jane@example.com");
        let asked = jane.asks_for_a_code().await.is(200);
        let delivery = asked.json()["delivery_id"].clone();
        self.answers.push(asked);
        let path = format!(
            "/api/auth/otp/deliveries/{}/",
            delivery.as_str().expect("an id")
        );
        self.answers.push(self.house.get(&path).send().await);
        let code = jane.reads_the_code().await;
        let wrong = tests::another_code(&code, 0);
        self.answers.push(jane.enters(&wrong).await.is(401));
        let first = self.enters(&jane, &code).await;

        self.house.advance(31).await;
        let known = jane.on_device(&first.device_token);
        self.answers.push(known.asks_for_a_code().await.is(200));
        let code = jane.reads_the_code().await;
        let second = self.enters(&known, &code).await;
        let tagged = self.house.visitor("jane+tag@example.com");
        self.answers.push(tagged.asks_for_a_code().await.is(200));
        (first, second)
    }

    async fn enters(&mut self, visitor: &Visitor<'_>, code: &str) -> SignedIn {
        let answer = visitor.enters(code).await.is(200);
        let person = SignedIn::read(&answer);
        self.answers.push(answer);
        person
    }

    async fn links_an_address(&mut self, who: &SignedIn) {
        let link = json!({ "identifier": "+14155550142" });
        for status in [200, 429] {
            let path = "/api/profile/identifiers/";
            self.post(path, link.clone(), who, status).await;
        }
    }

    async fn tokens(&mut self, first: &SignedIn, second: &SignedIn) {
        let access = json!({ "token": second.access });
        self.post("/api/auth/token/verify/", access, second, 200)
            .await;
        let refresh = json!({ "refresh": first.refresh });
        self.post("/api/auth/token/refresh/", refresh.clone(), second, 200)
            .await;
        self.post("/api/auth/token/revoke/", refresh, second, 204)
            .await;
        for path in [
            "/api/profile/",
            "/api/auth/sessions/",
            "/.well-known/jwks.json",
            "/.well-known/openid-configuration",
        ] {
            self.get(path, second).await;
        }
        self.delete("/api/auth/sessions/", second).await;
    }

    /// What admins may know.
    async fn numbers(&mut self, who: &SignedIn) {
        let id = who.user["id"].as_str().expect("an id");
        self.house.tables().make_admin(id).await;
        let today = self.house.now().to_string();
        let today = &today[..10];
        for path in [
            "sources/",
            &format!("registrations/?from={today}&to={today}"),
            "active/?days=2",
            &format!("otp/?from={today}&to={today}"),
            "users/",
        ] {
            self.get(&format!("/api/analytics/{path}"), who).await;
        }
    }

    async fn pictures(&mut self, who: &SignedIn) {
        let picture = include_bytes!("dot.png").to_vec();
        let path = "/api/profile/avatar/";
        let avatar = self.house.call(Method::POST, path);
        self.call(avatar.body("image/png", picture), who, 200).await;
        let form = json!({ "content_type": "image/png", "content_length": 1000 });
        self.post("/api/profile/avatar/upload/", form, who, 200)
            .await;
        self.delete(path, who).await;
    }

    /// A provider calls back.
    async fn report(&self) {
        let message = &self.house.outbox().await[0];
        let path = format!("/_local/deliveries/{}/status", message["id"]);
        let report = json!({ "status": "bounce" });
        let _ = self.house.post(&path, &report).send().await.is(200);
    }
}

/// Who is called by no request of the drive: by providers, and by the tables' streams.
const BEHIND: &[&str] = &["webhooks", "events"];

fn named<'f>(functions: &'f [template::Function], name: &str) -> &'f [Value] {
    let function = functions.iter().find(|f| f.name == name);
    function.map_or(&[], |function| &function.statements)
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
async fn grants_cover_every_call_and_every_one_is_used() {
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
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut complaints = BTreeSet::new();
    for call in house.calls().await {
        let Some(id) = &call.request_id else {
            continue;
        };
        if matches!(call.service.as_str(), "twilio" | "sendgrid") {
            continue;
        }
        // No request of ours: a provider called back, or the stream was read.
        let by = match by_request.get(id) {
            Some(path) => vec![function_of(&functions, path)],
            None => BEHIND.to_vec(),
        };
        for part in call.parts() {
            let needed = needed(&call.service, &part.operation);
            let mut statements = by.iter().flat_map(|name| named(&functions, name));
            let granted = statements.any(|statement| match call.service.as_str() {
                "dynamodb" => grants(statement, &part),
                _ => template::list(&statement["Action"]).contains(&json!(needed)),
            });
            if !granted {
                complaints.insert(format!("{by:?}: no statement grants {needed} for {part:?}"));
            }
            for name in &by {
                seen.entry(name).or_default().insert(needed.clone());
            }
        }
    }
    for function in &functions {
        // The first is driven by the stream and the clock, most of the second by people who change and leave; both have
        // tests of their own.
        if matches!(function.name.as_str(), "events" | "profile") {
            continue;
        }
        let used = seen.remove(function.name.as_str()).unwrap_or_default();
        for action in &function.actions {
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
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// The refusals of a limit are counted beside the answer, outside of the request: the drive above does not see by whom.
#[test]
fn grants_let_functions_that_refuse_codes_count_them() {
    let count = CallPart {
        operation: "UpdateItem".to_owned(),
        within: None,
        table: Some(ACCOUNTS.to_owned()),
        partition: Some("STATS#OTP#3".to_owned()),
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

/// O07
#[test]
fn grants_of_the_pages_are_none() {
    let functions = template::functions();
    let pages = functions.iter().find(|function| function.name == "pages");
    let pages = pages.expect("the pages");
    assert!(pages.statements.is_empty(), "{:?}", pages.statements);
    for name in &pages.variables {
        let tells = [
            "SECRET_ID",
            "ACCOUNTS_TABLE",
            "EPHEMERAL_TABLE",
            "AVATAR_BUCKET",
        ];
        assert!(!tells.contains(&name.as_str()), "{name}");
    }
}

/// M01
#[test]
fn grants_are_narrow() {
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
