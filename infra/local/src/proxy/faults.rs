//! Faults on order: `POST /_local/faults` says which calls fail, and how.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Service;

/// What happens to a call that a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The service says that it is called too often.
    Throttle,
    /// Someone else is writing the same item; a service that knows no such thing fails as by an error.
    Conflict,
    /// The service fails before it did anything; Twilio refuses with `code` where there is one.
    Error { code: Option<u32> },
    /// No answer comes, and nothing was done.
    Timeout,
    /// The connection is reset before anything was done.
    Reset,
    /// The call takes effect, and the answer is lost.
    LostReply,
    /// The call takes effect, and the function that made it is killed.
    Crash,
    /// The call takes effect after a while.
    Delay(Duration),
}

const ACTIONS: [&str; 8] = [
    "throttle",
    "conflict",
    "error",
    "timeout",
    "reset",
    "lost_reply",
    "crash",
    "delay",
];

/// One order.
#[derive(Debug)]
struct Fault {
    service: Service,
    operation: Option<String>,
    /// What the partition key of a call to DynamoDB begins with.
    partition: Option<String>,
    action: Action,
    /// Whether it is for what the event sources have functions do, in place of requests.
    background: bool,
    /// Matching calls that still pass before it begins.
    after: u64,
    /// Calls that it still hits.
    left: u64,
    hits: u64,
    /// As ordered, to be listed.
    order: Map<String, Value>,
}

/// All orders, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Takes an order.
    ///
    /// # Errors
    /// A sentence that names the member that is wrong.
    pub(crate) fn order(&self, order: Value) -> Result<Value, String> {
        let Value::Object(order) = order else {
            return Err("expected a JSON object".to_owned());
        };
        let fault = read(order)?;
        let listed = fault.listed();
        self.all().push(fault);
        Ok(listed)
    }

    /// What is to happen to this call; counts it.
    ///
    /// The first order that fits and is not used up decides; one that still lets calls pass takes note of this one.
    /// What functions do in the background, after the answers, is struck by its own orders only: a test that counts the
    /// calls of its requests would otherwise lose faults to it. To publish events is done in the background alone.
    pub(super) fn strike(
        &self,
        service: Service,
        operation: &str,
        partition: Option<&str>,
        background: bool,
    ) -> Option<Action> {
        let mut all = self.all();
        let fitting = all
            .iter_mut()
            .filter(|fault| fault.service == service && fault.left > 0)
            .filter(|fault| fault.operation.as_deref().is_none_or(|o| o == operation))
            .filter(|fault| {
                let begins = |prefix| partition.is_some_and(|key| key.starts_with(prefix));
                fault.partition.as_deref().is_none_or(begins)
            })
            .filter(|f| f.background == background || f.service == Service::EventBridge);
        for fault in fitting {
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            fault.left -= 1;
            fault.hits += 1;
            return Some(fault.action);
        }
        None
    }

    /// The orders with their hits.
    pub(crate) fn list(&self) -> Vec<Value> {
        self.all().iter().map(Fault::listed).collect()
    }

    /// Drops all orders.
    pub(crate) fn clear(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn listed(&self) -> Value {
        let mut listed = self.order.clone();
        listed.insert("hits".to_owned(), json!(self.hits));
        Value::Object(listed)
    }
}

/// The longest delay that can be ordered, in milliseconds.
const LONGEST_DELAY: u64 = 120_000;

/// The delay of an order that says nothing of it, in milliseconds.
const USUAL_DELAY: u64 = 1_000;

fn read(order: Map<String, Value>) -> Result<Fault, String> {
    const KNOWN: [&str; 9] = [
        "service",
        "operation",
        "partition",
        "fault",
        "times",
        "after",
        "delay_ms",
        "error_code",
        "background",
    ];
    if let Some(unknown) = order.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!(
            "{unknown}: there is no such member; a fault has {}",
            KNOWN.join(", ")
        ));
    }
    let service: Service = text(&order, "service")?
        .ok_or("service: it is required")?
        .parse()?;
    let operation = text(&order, "operation")?.map(str::to_owned);
    let partition = text(&order, "partition")?.map(str::to_owned);
    let name = text(&order, "fault")?.ok_or("fault: it is required")?;
    let delay = whole(&order, "delay_ms", 0..=LONGEST_DELAY)?;
    let code = whole(&order, "error_code", 1..=99_999)?.and_then(|c| u32::try_from(c).ok());
    let action = match name {
        "throttle" => Action::Throttle,
        "conflict" => Action::Conflict,
        "error" => Action::Error { code },
        "timeout" => Action::Timeout,
        "reset" => Action::Reset,
        "lost_reply" => Action::LostReply,
        "crash" => Action::Crash,
        "delay" => Action::Delay(Duration::from_millis(delay.unwrap_or(USUAL_DELAY))),
        _ => {
            return Err(format!(
                "fault: expected one of {}, found {name:?}",
                ACTIONS.join(", ")
            ));
        }
    };
    if code.is_some() && service != Service::Twilio {
        return Err("error_code: only twilio has one".to_owned());
    }
    let background = match order.get("background") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(background)) => *background,
        Some(_) => return Err("background: expected true or false".to_owned()),
    };
    Ok(Fault {
        service,
        operation,
        partition,
        background,
        action,
        after: whole(&order, "after", 0..=1_000_000)?.unwrap_or(0),
        left: whole(&order, "times", 1..=1_000_000)?.unwrap_or(1),
        hits: 0,
        order,
    })
}

fn text<'a>(order: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match order.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(format!("{key}: expected a text")),
    }
}

fn whole(
    order: &Map<String, Value>,
    key: &str,
    bounds: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, String> {
    match order.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .filter(|number| bounds.contains(number))
            .map(Some)
            .ok_or_else(|| {
                format!(
                    "{key}: expected a whole number from {} to {}",
                    bounds.start(),
                    bounds.end()
                )
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(faults: &Faults, operation: &str, calls: usize) -> Vec<bool> {
        (0..calls)
            .map(|_| {
                faults
                    .strike(Service::DynamoDb, operation, None, false)
                    .is_some()
            })
            .collect()
    }

    #[test]
    fn a_fault_lets_some_pass_hits_some_and_is_spent() {
        let faults = Faults::default();
        let order = json!({"service": "dynamodb", "fault": "throttle", "times": 2, "after": 1});
        faults.order(order).unwrap();
        assert_eq!(strikes(&faults, "PutItem", 4), [false, true, true, false]);
        assert_eq!(faults.list()[0]["hits"], 2);
    }

    #[test]
    fn it_strikes_its_own_service_and_operation_only() {
        let faults = Faults::default();
        let order =
            json!({"service": "dynamodb", "operation": "UpdateItem", "fault": "reset", "times": 1});
        faults.order(order).unwrap();
        assert_eq!(faults.strike(Service::Ses, "UpdateItem", None, false), None);
        assert_eq!(
            faults.strike(Service::DynamoDb, "PutItem", None, false),
            None
        );
        assert_eq!(
            faults.strike(Service::DynamoDb, "UpdateItem", None, false),
            Some(Action::Reset)
        );
    }

    #[test]
    fn a_delay_is_a_second_unless_it_is_said() {
        for (order, millis) in [
            (json!({"service": "s3", "fault": "delay"}), 1_000),
            (json!({"service": "s3", "fault": "delay", "delay_ms": 5}), 5),
        ] {
            let faults = Faults::default();
            faults.order(order).unwrap();
            let delay = Action::Delay(Duration::from_millis(millis));
            assert_eq!(
                faults.strike(Service::S3, "PutObject", None, false),
                Some(delay)
            );
        }
    }

    #[test]
    fn two_faults_follow_one_another() {
        let faults = Faults::default();
        for fault in ["error", "timeout"] {
            let order = json!({"service": "ses", "fault": fault, "times": 1});
            faults.order(order).unwrap();
        }
        let next = || faults.strike(Service::Ses, "SendRawEmail", None, false);
        assert_eq!(next(), Some(Action::Error { code: None }));
        assert_eq!(next(), Some(Action::Timeout));
        assert_eq!(next(), None);
        faults.clear();
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_wrong_order_is_a_sentence_that_names_the_member() {
        for (order, start) in [
            (json!([]), "expected a JSON object"),
            (json!({"fault": "error"}), "service: "),
            (json!({"service": "dynamodb"}), "fault: "),
            (json!({"service": "mail", "fault": "error"}), "service: "),
            (json!({"service": "s3", "fault": "slow"}), "fault: "),
            (
                json!({"service": "s3", "fault": "delay", "delay_ms": "1"}),
                "delay_ms: ",
            ),
            (
                json!({"service": "s3", "fault": "error", "times": 0}),
                "times: ",
            ),
            (
                json!({"service": "s3", "fault": "error", "after": -1}),
                "after: ",
            ),
            (
                json!({"service": "s3", "fault": "error", "often": 1}),
                "often: ",
            ),
        ] {
            let refusal = Faults::default().order(order.clone()).unwrap_err();
            assert!(refusal.starts_with(start), "{order}: {refusal}");
        }
    }
}
