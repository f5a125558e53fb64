//! Events that go well, one after the other, for each function: made of those in tests/events.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{ACCOUNTS, House, SignedIn, entering};

/// The events of one function.
pub(super) struct Script {
    /// What one of them asks for, for the table.
    pub(super) what: &'static str,
    pub(super) events: Vec<Value>,
}

/// How many pictures a person may send without waiting.
const PICTURES: usize = 25;

impl Script {
    /// So many events for a function, and what they need in the house.
    pub(super) async fn write(house: &House, function: &str, count: usize) -> Self {
        let numbers = 0..count;
        let (what, events): (_, Vec<_>) = match function {
            "otp-request" => {
                let ask = |n| json!({"identifier": format!("p{n}@example.com")});
                let event = |n| posts(house, function, "/api/auth/otp/request/", &ask(n));
                ("a code by mail", numbers.map(event).collect())
            }
            "otp-verify" => {
                let codes = in_groups(count, |n| async move {
                    let person = format!("p{n}@example.com");
                    let code = house.visitor(&person).gets_a_code().await;
                    entering(&person, &code)
                });
                let event = |body| posts(house, function, "/api/auth/otp/verify/", &body);
                (
                    "a right code, a new account",
                    codes.await.into_iter().map(event).collect(),
                )
            }
            "tokens" => {
                let event = |person: SignedIn| {
                    let body = json!({"refresh": person.refresh});
                    posts(house, function, "/api/auth/token/refresh/", &body)
                };
                (
                    "a refresh",
                    people(house, count).await.into_iter().map(event).collect(),
                )
            }
            "profile" => {
                let jane = house.visitor("jane@example.com").signs_in().await;
                let event = |_| gets(house, function, "/api/profile/", "", &jane);
                ("the profile", numbers.map(event).collect())
            }
            "analytics" => {
                let admin = admin(house).await;
                let day = house.now().to_string()[..10].to_owned();
                let query = format!("from={day}&to={day}");
                let event = |_| gets(house, function, "/api/analytics/otp/", &query, &admin);
                ("a day's figures", numbers.map(event).collect())
            }
            "avatar" => {
                let people = people(house, count.div_ceil(PICTURES)).await;
                let event = |n: usize| picture(house, &people[n / PICTURES]);
                ("a picture of 2 × 2", numbers.map(event).collect())
            }
            "webhooks" => {
                let event = report(house).await;
                (
                    "a report by Twilio",
                    numbers.map(|_| event.clone()).collect(),
                )
            }
            "pages" => {
                let event = |_| event(house, function, "GET", "/");
                ("the sign-in page", numbers.map(event).collect())
            }
            _ => {
                let image = registered(house).await;
                let event = |n| batch(&image, n);
                ("a registration to count", numbers.map(event).collect())
            }
        };
        Self { what, events }
    }
}

/// Some at once; the house has two cores.
async fn in_groups<T, F: Future<Output = T>>(count: usize, make: impl Fn(usize) -> F) -> Vec<T> {
    let numbers: Vec<_> = (0..count).collect();
    let mut all = Vec::new();
    for group in numbers.chunks(8) {
        all.extend(join_all(group.iter().map(|n| make(*n))).await);
    }
    all
}

async fn people(house: &House, count: usize) -> Vec<SignedIn> {
    let sign_in = |n| async move { house.visitor(format!("p{n}@example.com")).signs_in().await };
    in_groups(count, sign_in).await
}

async fn admin(house: &House) -> SignedIn {
    let admin = house.visitor("admin@example.com").signs_in().await;
    let pk = format!("USER#{}", admin.user["id"].as_str().expect("an id"));
    let roles = json!({ ":r": { "L": [{ "S": "admin" }] } });
    house
        .tables()
        .update(ACCOUNTS, &pk, "USER", "SET #roles = :r", roles)
        .await;
    admin
}

/// The event of tests/events, for another path and from another address.
fn event(house: &House, function: &str, method: &str, path: &str) -> Value {
    let file = format!("{}/events/{function}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).expect("an event");
    let mut event: Value = serde_json::from_str(&text).expect("JSON");
    event["rawPath"] = path.into();
    let http = &mut event["requestContext"]["http"];
    http["method"] = method.into();
    http["path"] = path.into();
    http["sourceIp"] = house.new_ip().into();
    event
}

fn posts(house: &House, function: &str, path: &str, body: &Value) -> Value {
    let mut event = event(house, function, "POST", path);
    event["body"] = body.to_string().into();
    event
}

fn gets(house: &House, function: &str, path: &str, query: &str, person: &SignedIn) -> Value {
    let mut event = event(house, function, "GET", path);
    event["rawQueryString"] = query.into();
    event["headers"]["authorization"] = format!("Bearer {}", person.access).into();
    event
}

fn picture(house: &House, person: &SignedIn) -> Value {
    const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEUlEQVR4nGP4z8DA8B+MgBgAHfAD/dPQfSYAAAAASUVORK5CYII=";
    let mut event = event(house, "avatar", "POST", "/api/profile/avatar/");
    event["headers"]["authorization"] = format!("Bearer {}", person.access).into();
    event["headers"]["content-type"] = "image/png".into();
    event["isBase64Encoded"] = true.into();
    event["body"] = PICTURE.into();
    event
}

/// A report that is signed, and was taken before: what providers repeat changes nothing.
async fn report(house: &House) -> Value {
    let number = "+4915123456789";
    let _ = house.visitor(number).asks_for_a_code().await.is(200);
    let message = house.sent_to(number).await.remove(0);
    let path = format!("/_local/deliveries/{}/status", message["id"]);
    let told = house.post(&path, &json!({"status": "delivered"})).send();
    let request = told.await.is(200).json()["request"].clone();
    let url = request["url"].as_str().expect("a URL");
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut event = event(house, "webhooks", "POST", "/api/webhooks/twilio/");
    event["rawQueryString"] = query.into();
    for (name, value) in request["headers"].as_object().expect("headers") {
        event["headers"][name] = value.clone();
    }
    event["body"] = request["body"].clone();
    event["isBase64Encoded"] = false.into();
    event
}

/// The item of somebody who registered, as DynamoDB writes it.
async fn registered(house: &House) -> Value {
    let _ = house.visitor("jane@example.com").signs_in().await;
    let dump = house.tables().dump().await;
    let tables = serde_json::Deserializer::from_str(&dump).into_iter::<Value>();
    let items = tables.flat_map(|table| {
        let items = table.expect("JSON")["Items"].take();
        items.as_array().cloned().unwrap_or_default()
    });
    items
        .into_iter()
        .find(|item| item["sk"]["S"] == "USER")
        .expect("a user")
}

/// A batch of one record, unlike every other.
fn batch(image: &Value, n: usize) -> Value {
    json!({"Records": [{
        "eventID": format!("bench-{n}"),
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_773_342_238,
            "Keys": {"pk": image["pk"], "sk": image["sk"]},
            "NewImage": image,
            "SequenceNumber": format!("{n:030}"),
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/latchkey-accounts/stream/x",
    }]})
}
