//! What must be true of the tables and the outbox after every race, fault and load run (the invariants of the threat
//! model). I11 and I12 need more than a scene: see the tests of erasure and the canary.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::domain::identifier::Identifier;

use crate::dev_api::code_in;
use crate::{House, Item, Ledger};

/// The limits that a house was opened with.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Comparisons per code and lane.
    pub max_attempts: u64,
    /// Failures in a row.
    pub failure_cap: u64,
    /// Milliseconds between two sends.
    pub resend_ms: i64,
    /// Sends in any hour.
    pub per_hour: usize,
    /// Sends in any day.
    pub per_day: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            failure_cap: 100,
            resend_ms: 30_000,
            per_hour: 5,
            per_day: 10,
        }
    }
}

/// Everything that a house holds at one moment.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The table of people.
    pub accounts: Vec<Item>,
    /// The table of codes.
    pub ephemeral: Vec<Item>,
    /// What was sent, newest first.
    pub outbox: Vec<Value>,
    /// What visitors did and were told.
    pub ledger: Ledger,
}

impl House {
    /// What this house holds now.
    pub async fn scene(&self) -> Scene {
        Scene {
            accounts: self.tables().accounts().await,
            ephemeral: self.tables().ephemeral().await,
            outbox: self.outbox().await,
            ledger: self.ledger(),
        }
    }

    /// Asserts every invariant.
    pub async fn is_sound(&self) -> Scene {
        let scene = self.scene().await;
        let complaints = scene.complaints(Rules::default());
        assert!(complaints.is_empty(), "{complaints:#?}");
        scene
    }
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(item: &Item, name: &str) -> u64 {
    item.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// As the service stores it.
fn canonical(identifier: &str) -> String {
    Identifier::parse(identifier).map_or_else(|_| identifier.to_owned(), |i| i.as_str().to_owned())
}

/// The mailbox or number whose day is shared.
fn mailbox(identifier: &str) -> String {
    match Identifier::parse(identifier) {
        Ok(Identifier::Email(address)) => address.mailbox(),
        _ => identifier.to_owned(),
    }
}

impl Scene {
    /// Whatever is not as it must be, each beginning with the invariant's name.
    #[must_use]
    pub fn complaints(&self, rules: Rules) -> Vec<String> {
        let mut all = Vec::new();
        self.one_session_per_code(&mut all);
        self.counters_stay_in_bounds(rules, &mut all);
        self.tokens_have_sessions(&mut all);
        self.sessions_agree(&mut all);
        self.claims_and_users_agree(&mut all);
        self.sends_stay_in_bounds(rules, &mut all);
        self.deliveries_go_forward(&mut all);
        self.nothing_is_lost(&mut all);
        self.nothing_is_invented(&mut all);
        all
    }

    /// I3, from an earlier scene to this one: the failure count falls only by a success.
    #[must_use]
    pub fn complaints_since(&self, before: &Self) -> Vec<String> {
        let signed_in = |scene: &Self, of: &str| {
            let mut entered = scene.ledger.entered.iter();
            entered.any(|e| canonical(&e.identifier) == of && matches!(e.status, 200 | 403 | 500..))
        };
        let mut all = Vec::new();
        for old in before.challenges() {
            let identifier = challenged(old);
            let new = self
                .challenges()
                .find(|new| text(new, "pk") == text(old, "pk"));
            let count = |item: &Item| number(item, "f");
            let now = new.map_or(0, count);
            let later = Self {
                ledger: Ledger {
                    asked: Vec::new(),
                    entered: self.ledger.entered[before.ledger.entered.len()..].to_vec(),
                },
                ..self.clone()
            };
            if now < count(old) && !signed_in(&later, identifier) {
                all.push(format!(
                    "I3: the failures of {identifier} fell from {} to {now} without a success",
                    count(old)
                ));
            }
        }
        all
    }

    fn challenges(&self) -> impl Iterator<Item = &Item> {
        let all = self.ephemeral.iter();
        all.filter(|item| text(item, "sk") == "CODE")
    }

    fn users(&self) -> impl Iterator<Item = (&str, &Item)> {
        let all = self.accounts.iter();
        all.filter(|item| text(item, "sk") == "USER")
            .filter_map(|item| Some((text(item, "pk").strip_prefix("USER#")?, item)))
    }

    /// Session items, by user and session id.
    fn sessions(&self) -> BTreeSet<(String, String)> {
        let all = self.accounts.iter();
        all.filter_map(|item| {
            let user = text(item, "pk").strip_prefix("USER#")?;
            let session = text(item, "sk").strip_prefix("SESSION#")?;
            Some((user.to_owned(), session.to_owned()))
        })
        .collect()
    }

    /// The addresses of each user.
    fn addresses(user: &Item) -> impl Iterator<Item = (&'static str, &str)> {
        ["email", "phone"]
            .into_iter()
            .map(|kind| (kind, text(user, kind)))
            .filter(|(_, address)| !address.is_empty())
    }

    /// I1: each code was used at most once.
    fn one_session_per_code(&self, all: &mut Vec<String>) {
        let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for message in &self.outbox {
            if let Some(code) = code_in(message) {
                let to = canonical(message["to"].as_str().unwrap_or_default());
                codes.entry(to).or_default().insert(code);
            }
        }
        for (id, user) in self.users() {
            let sent: usize = Self::addresses(user)
                .map(|(_, address)| codes.get(address).map_or(0, BTreeSet::len))
                .sum();
            let activity = self.accounts.iter().filter(|item| {
                text(item, "pk") == format!("USER#{id}") && text(item, "event") == "signed_in"
            });
            let sign_ins = activity.count();
            let open = user
                .get("sessions")
                .and_then(Value::as_object)
                .map_or(0, |map| map.len());
            if sign_ins.max(open) > sent {
                all.push(format!(
                    "I1: {id} signed in {sign_ins} times and has {open} sessions from {sent} codes"
                ));
            }
        }
        let mut let_in: BTreeMap<String, usize> = BTreeMap::new();
        for entered in self.ledger.entered.iter().filter(|e| e.status == 200) {
            *let_in.entry(canonical(&entered.identifier)).or_default() += 1;
        }
        for (address, times) in let_in {
            let sent = codes.get(&address).map_or(0, BTreeSet::len);
            if times > sent {
                all.push(format!(
                    "I1: {address} was let in {times} times with {sent} codes"
                ));
            }
        }
    }

    /// I2: comparisons per code, failures in a row.
    fn counters_stay_in_bounds(&self, rules: Rules, all: &mut Vec<String>) {
        for challenge in self.challenges() {
            // A known device's comparisons count at its own code and at the common one, each up to its own end.
            let fewer =
                challenge.contains_key("kb") && number(challenge, "kb") < number(challenge, "ka");
            let known = if fewer { "kb" } else { "ka" };
            for (name, most) in [
                ("a", rules.max_attempts),
                (known, rules.max_attempts),
                ("f", rules.failure_cap),
                ("kf", rules.failure_cap),
            ] {
                let found = number(challenge, name);
                if found > most {
                    all.push(format!(
                        "I2: {name} of {} is {found}, above {most}",
                        challenged(challenge)
                    ));
                }
            }
        }
    }

    /// I4: anyone who was let in has a sign-in in the books.
    fn tokens_have_sessions(&self, all: &mut Vec<String>) {
        let mut let_in: BTreeMap<&str, usize> = BTreeMap::new();
        for entered in self.ledger.entered.iter().filter(|e| e.status == 200) {
            match entered.user.as_deref() {
                Some(user) => *let_in.entry(user).or_default() += 1,
                None => all.push(format!("I4: {} was let in as nobody", entered.identifier)),
            }
        }
        for (user, times) in let_in {
            let pk = format!("USER#{user}");
            let activity = self.accounts.iter();
            let noted = activity
                .filter(|item| text(item, "pk") == pk && text(item, "event") == "signed_in")
                .count();
            if noted < times {
                all.push(format!(
                    "I4: {user} was given {times} pairs of tokens and signed in {noted} times"
                ));
            }
        }
    }

    /// I5: what counts as a session has its one item.
    fn sessions_agree(&self, all: &mut Vec<String>) {
        let items = self.sessions();
        for (id, user) in self.users() {
            for session in user
                .get("sessions")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                if !items.contains(&(id.to_owned(), session.0.clone())) {
                    all.push(format!("I5: {} of {id} counts and has no item", session.0));
                }
            }
        }
    }

    /// I6: claim and user point at each other.
    fn claims_and_users_agree(&self, all: &mut Vec<String>) {
        let mut claims = BTreeMap::new();
        for item in self
            .accounts
            .iter()
            .filter(|item| text(item, "sk") == "CLAIM")
        {
            claims.insert(text(item, "pk"), text(item, "user"));
        }
        let users: BTreeMap<_, _> = self.users().collect();
        for (id, user) in &users {
            for (kind, address) in Self::addresses(user) {
                let claim = format!("CLAIM#{kind}#{address}");
                if claims.get(claim.as_str()) != Some(id) {
                    all.push(format!("I6: {id} has {address}, which it does not claim"));
                }
            }
        }
        for (claim, id) in claims {
            let mut parts = claim.splitn(3, '#').skip(1);
            let (kind, address) = (
                parts.next().unwrap_or_default(),
                parts.next().unwrap_or_default(),
            );
            if users.get(id).map(|user| text(user, kind)) != Some(address) {
                all.push(format!("I6: {claim} points at {id}, who does not have it"));
            }
        }
    }

    /// I7: sends in true sliding windows.
    fn sends_stay_in_bounds(&self, rules: Rules, all: &mut Vec<String>) {
        const HOUR: i64 = 3_600_000;
        // A message is in the outbox some time after its charge, and no two as much later as each other.
        const SLACK_MS: i64 = 5_000;
        let mut by_address: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        let mut by_mailbox: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for message in self
            .outbox
            .iter()
            .filter(|message| code_in(message).is_some())
            .filter(|message| !self.went_by_whatsapp_before(message))
        {
            let to = canonical(message["to"].as_str().unwrap_or_default());
            let at = message["at"]
                .as_str()
                .and_then(|at| at.parse::<jiff::Timestamp>().ok());
            let at = at.map_or(0, jiff::Timestamp::as_millisecond);
            by_mailbox.entry(mailbox(&to)).or_default().push(at);
            by_address.entry(to).or_default().push(at);
        }
        let mut check = |who: &str, times: &mut Vec<i64>, most: usize, length: i64, slack: i64| {
            times.sort_unstable();
            for window in times.windows(most + 1) {
                if window[most] - window[0] < length - slack {
                    all.push(format!(
                        "I7: {} sends to {who} within {length} ms",
                        most + 1
                    ));
                    return;
                }
            }
        };
        for (address, times) in &mut by_address {
            check(address, times, 1, rules.resend_ms, SLACK_MS);
            check(address, times, rules.per_hour, HOUR, SLACK_MS);
            check(address, times, rules.per_day, 24 * HOUR, SLACK_MS);
        }
        for (mailbox, times) in &mut by_mailbox {
            check(mailbox, times, rules.per_day, 24 * HOUR, SLACK_MS);
        }
    }

    /// The second way of a send that was charged once.
    fn went_by_whatsapp_before(&self, message: &Value) -> bool {
        message["channel"] == "phone"
            && self.outbox.iter().any(|other| {
                other["channel"] == "whatsapp"
                    && other["delivery_id"] == message["delivery_id"]
                    && other["delivery_id"].is_string()
            })
    }

    /// I8: a delivery's state only goes forward.
    fn deliveries_go_forward(&self, all: &mut Vec<String>) {
        const ORDER: [&[&str]; 4] = [
            &["queued"],
            &["sent"],
            &["delivered", "failed", "bounced"],
            &["read", "complained"],
        ];
        let rank = |state: &str| ORDER.iter().position(|names| names.contains(&state));
        for delivery in self
            .ephemeral
            .iter()
            .filter(|item| text(item, "sk") == "DELIVERY")
        {
            let steps = delivery
                .get("hist")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            let mut ranks: Vec<_> = steps
                .iter()
                .filter_map(|step| {
                    let members: Vec<_> = step.as_object()?.values().collect();
                    members.iter().find_map(|value| rank(value.as_str()?))
                })
                .collect();
            ranks.extend(rank(text(delivery, "st")));
            if ranks.is_empty() || !ranks.is_sorted() {
                all.push(format!("I8: {} went {ranks:?}", text(delivery, "pk")));
            }
        }
    }

    /// I9: anyone who was told that it worked has what was promised.
    fn nothing_is_lost(&self, all: &mut Vec<String>) {
        let users: BTreeMap<_, _> = self.users().collect();
        for entered in self.ledger.entered.iter().filter(|e| e.status == 200) {
            let Some(id) = entered.user.as_deref() else {
                continue;
            };
            if !users.contains_key(id) {
                all.push(format!("I9: {id} was let in and does not exist"));
            }
        }
        for asked in self.ledger.asked.iter().filter(|a| a.status == 200) {
            let Some(delivery) = asked.delivery_id.as_deref() else {
                all.push(format!("I9: {} was told of no delivery", asked.identifier));
                continue;
            };
            let sent = self.outbox.iter().any(|m| m["delivery_id"] == delivery);
            // The id in the table is the sealed one without its MAC.
            let id = &delivery[..delivery.len() - 16];
            // Kept quiet on purpose, and shown as what sending would have led to.
            let kept_quiet = self.ephemeral.iter().any(|item| {
                text(item, "pk") == format!("DELIVERY#{id}")
                    && matches!(text(item, "st"), "bounced" | "failed")
            });
            if !sent && !kept_quiet {
                all.push(format!(
                    "I9: {delivery} to {} was never sent",
                    asked.identifier
                ));
            }
        }
    }

    /// I10: nothing durable without a request.
    fn nothing_is_invented(&self, all: &mut Vec<String>) {
        let entered: BTreeSet<_> = self
            .ledger
            .entered
            .iter()
            .filter(|e| matches!(e.status, 200 | 403 | 500..))
            .map(|e| canonical(&e.identifier))
            .collect();
        for (id, user) in self.users() {
            if !Self::addresses(user).any(|(_, address)| entered.contains(address)) {
                all.push(format!("I10: nobody who entered a code is {id}"));
            }
        }
        let asked: BTreeSet<_> = self
            .ledger
            .asked
            .iter()
            .map(|a| canonical(&a.identifier))
            .collect();
        for message in self.outbox.iter().filter(|m| code_in(m).is_some()) {
            let to = canonical(message["to"].as_str().unwrap_or_default());
            if !asked.contains(&to) {
                all.push(format!("I10: a code went to {to}, who did not ask"));
            }
        }
    }
}

/// Whose challenge this is.
fn challenged(challenge: &Item) -> &str {
    text(challenge, "pk")
        .splitn(4, '#')
        .nth(3)
        .unwrap_or_default()
}
