//! The people: who registers when, from where and how, and how often they come back.

use std::collections::BTreeMap;

use futures_util::stream::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use tests::{REQUEST, VERIFY, another_code, code_in};

use crate::client::{Failure, LocalCloud};

/// How many calls are under way at once.
const AT_ONCE: usize = 8;

/// Sources, and how many in a hundred come from there.
const SOURCES: [(&str, u64); 6] = [
    ("https://app.example.com/sign-in", 38),
    ("https://dashboard.example.com/", 24),
    ("https://shop.example.com/checkout", 17),
    ("https://partner.example.net/offer?id=7", 9),
    ("https://docs.example.com/", 4),
    ("", 8),
];

/// Ranges of numbers that a library of numbers takes as real.
const RANGES: [&str; 12] = [
    "+1212555", "+1213555", "+1312555", "+1415555", "+1512555", "+1617555", "+1702555", "+1718555",
    "+1305555", "+1206555", "+1404555", "+1303555",
];

/// Chance that can be repeated (SplitMix64).
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Somebody.
struct Person {
    address: String,
    channel: &'static str,
    source: &'static str,
    /// The day of their registration.
    joins: u32,
    /// In how many of a hundred days they come back.
    returns: u64,
    refresh: Option<String>,
    /// Their address takes no mail any more.
    bounced: bool,
}

/// What one visit is to be.
pub(crate) struct Visit {
    person: usize,
    dice: Dice,
}

/// What happened, in numbers.
#[derive(Default)]
pub(crate) struct Day {
    sums: BTreeMap<&'static str, u64>,
}

impl Day {
    fn count(&mut self, what: &'static str) {
        *self.sums.entry(what).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (what, sum) in other.sums {
            *self.sums.entry(what).or_default() += sum;
        }
    }

    pub(crate) fn told(&self) -> &BTreeMap<&'static str, u64> {
        &self.sums
    }
}

/// Everybody.
pub(crate) struct Town {
    dice: Dice,
    people: Vec<Person>,
}

impl Town {
    /// People who register over so many days: more of them each week, fewer at weekends, many on the day of a campaign.
    pub(crate) fn plan(seed: u64, people: usize, days: u32) -> Self {
        let mut dice = Dice(seed);
        let weights: Vec<u64> = (0..days).map(|day| weight(day, days)).collect();
        let all: u64 = weights.iter().sum();
        let people = (0..people)
            .map(|n| {
                let mut left = dice.below(all);
                let mut joins = 0;
                while left >= weights[joins as usize] {
                    left -= weights[joins as usize];
                    joins += 1;
                }
                person(n, joins, joins == campaign(days), &mut dice)
            })
            .collect();
        Self { dice, people }
    }

    /// Who comes on a day, by the hour: newcomers, and some of those who came before.
    pub(crate) fn day(&mut self, day: u32) -> Vec<(u32, Vec<Visit>)> {
        let mut hours = BTreeMap::<u32, Vec<Visit>>::new();
        for (place, person) in self.people.iter().enumerate() {
            if person.bounced {
                continue;
            }
            let comes = match person.joins.cmp(&day) {
                std::cmp::Ordering::Equal => true,
                std::cmp::Ordering::Less => {
                    let share = if is_weekend(day) { 2 } else { 3 };
                    self.dice.percent(person.returns * share / 3)
                }
                std::cmp::Ordering::Greater => false,
            };
            if comes {
                let hour = [7, 10, 13, 17, 21][usize::try_from(self.dice.below(5)).unwrap_or(0)];
                let dice = Dice(self.dice.below(u64::MAX));
                let visit = Visit {
                    person: place,
                    dice,
                };
                hours.entry(hour).or_default().push(visit);
            }
        }
        hours.into_iter().collect()
    }

    /// Everybody who comes in this hour asks for a code or refreshes; then codes are read and entered; then the
    /// providers report.
    pub(crate) async fn hour(
        &mut self,
        client: &LocalCloud,
        visits: Vec<Visit>,
    ) -> Result<Day, Failure> {
        let people = &self.people;
        let begun: Vec<_> = futures_util::stream::iter(visits)
            .map(|visit| begin(client, &people[visit.person], visit))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut messages = BTreeMap::<String, Value>::new();
        for message in client.messages().await? {
            let id = message["delivery_id"].as_str().map(str::to_owned);
            messages.extend(id.map(|id| (id, message)));
        }
        let messages = &messages;
        let ended: Vec<_> = futures_util::stream::iter(begun)
            .map(|begun| end(client, &people[begun.visit.person], begun, messages))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        client.forget_messages().await?;
        let mut sums = Day::default();
        for ended in ended {
            let person = &mut self.people[ended.person];
            person.refresh = ended.refresh.or(person.refresh.take());
            person.bounced |= ended.bounced;
            sums.add(ended.sums);
        }
        Ok(sums)
    }
}

/// A visit whose code is on its way.
struct Begun {
    visit: Visit,
    sums: Day,
    delivery: Option<String>,
    refresh: Option<String>,
}

/// A visit that is over.
struct Ended {
    person: usize,
    sums: Day,
    refresh: Option<String>,
    bounced: bool,
}

async fn begin(client: &LocalCloud, person: &Person, mut visit: Visit) -> Result<Begun, Failure> {
    let (mut sums, mut delivery, mut refresh) = (Day::default(), None, None);
    let ip = ip(visit.person);
    if let Some(token) = person.refresh.as_ref().filter(|_| visit.dice.percent(45)) {
        let body = json!({ "refresh": token });
        let (status, fresh) = client.post("/api/auth/token/refresh/", &ip, &body).await?;
        if status == 200 {
            sums.count("refreshed");
            refresh = fresh["refresh"].as_str().map(str::to_owned);
        }
    }
    if refresh.is_none() {
        let mut body = json!({ "identifier": person.address, "channel": person.channel });
        if !person.source.is_empty() {
            body["source_url"] = json!(person.source);
        }
        let (status, told) = client.post(REQUEST, &ip, &body).await?;
        sums.count(if status == 200 {
            "requested"
        } else {
            "refused"
        });
        delivery = told["delivery_id"].as_str().map(str::to_owned);
        // Somebody who is impatient asks again at once, and is told to wait.
        if visit.dice.percent(6) {
            let (status, _) = client.post(REQUEST, &ip, &body).await?;
            sums.count(if status == 429 {
                "limited"
            } else {
                "requested"
            });
        }
    }
    Ok(Begun {
        visit,
        sums,
        delivery,
        refresh,
    })
}

async fn end(
    client: &LocalCloud,
    person: &Person,
    begun: Begun,
    messages: &BTreeMap<String, Value>,
) -> Result<Ended, Failure> {
    let Begun {
        visit,
        mut sums,
        delivery,
        refresh,
    } = begun;
    let mut dice = visit.dice;
    let mut ended = Ended {
        person: visit.person,
        sums: Day::default(),
        refresh,
        bounced: false,
    };
    let message = delivery.and_then(|id| messages.get(&id));
    if let Some((message, code)) = message.and_then(|m| Some((m, code_in(m)?))) {
        // What the provider says of it; what does not arrive is not entered.
        let chance = dice.below(1000);
        let report = match person.channel {
            "email" if chance < 12 => "bounce",
            "email" if chance < 16 => "complaint",
            "email" => "delivered",
            _ if chance < 35 => "undelivered",
            _ if chance < 45 => "failed",
            "whatsapp" if chance < 600 => "read",
            _ => "delivered",
        };
        client.report(&message["id"], report).await?;
        sums.count(report);
        ended.bounced = report == "bounce";
        let arrives = ["delivered", "read", "complaint"].contains(&report);
        if arrives && !dice.percent(7) {
            let ip = ip(visit.person);
            let body = |code: &str| json!({ "identifier": person.address, "otp_code": code });
            if dice.percent(9) {
                let (status, _) = client
                    .post(VERIFY, &ip, &body(&another_code(&code, 3)))
                    .await?;
                sums.count(if status == 401 { "mistyped" } else { "refused" });
            }
            let (status, told) = client.post(VERIFY, &ip, &body(&code)).await?;
            sums.count(if status == 200 {
                "signed in"
            } else {
                "refused"
            });
            let token = told["tokens"]["refresh"].as_str().map(str::to_owned);
            ended.refresh = token.or(ended.refresh);
        }
    }
    ended.sums = sums;
    Ok(ended)
}

/// A person's own address in the network.
fn ip(person: usize) -> String {
    format!("10.1.{}.{}", person / 256, person % 256)
}

fn person(n: usize, joins: u32, campaign: bool, dice: &mut Dice) -> Person {
    let mut left = dice.below(100);
    let mut source = SOURCES[5].0;
    for (url, share) in SOURCES {
        if left < share {
            source = url;
            break;
        }
        left -= share;
    }
    // Most people of the campaign's day come from the partner.
    if campaign && dice.percent(70) {
        source = SOURCES[3].0;
    }
    let channel = match dice.below(100) {
        0..64 => "email",
        64..86 => "phone",
        _ => "whatsapp",
    };
    let address = match channel {
        "email" => format!("person{n}@example.com"),
        _ => format!("{}{:04}", RANGES[n % RANGES.len()], 2000 + n / RANGES.len()),
    };
    // A few come nearly every day, most now and then, some never again.
    let returns = match dice.below(10) {
        0 => 55,
        1..4 => 20,
        4..8 => 6,
        _ => 0,
    };
    Person {
        address,
        channel,
        source,
        joins,
        returns,
        refresh: None,
        bounced: false,
    }
}

fn weight(day: u32, days: u32) -> u64 {
    let growth = 60 + u64::from(day) * 60 / u64::from(days.max(1));
    let week = if is_weekend(day) { 45 } else { 100 };
    let push = if day == campaign(days) { 5 } else { 1 };
    growth * week * push
}

/// The day of the campaign.
fn campaign(days: u32) -> u32 {
    days * 2 / 3
}

fn is_weekend(day: u32) -> bool {
    day % 7 >= 5
}
