//! A crowd of people who do at random what people do, while the streams and what reads them behave as badly as they
//! may. Afterwards every number of the API must equal a recount of the tables and of what was done.

mod book;
mod dice;
mod person;
mod recount;

use futures_util::future::join_all;
use jiff::tz::TimeZone;
use local::Options;
use reqwest::Method;
use serde_json::json;
use shared::cloud::Setup;
use shared::config::Variables;
use shared::domain::id::UserId;
use shared::domain::user::Status;
use shared::store::Store;

use crate::{ACCOUNTS, EPHEMERAL, House};
use book::Book;
use dice::Dice;
use person::Person;

/// A crowd at the doors of a house of its own.
pub struct Crowd {
    house: House,
    store: Store,
    dice: Dice,
    people: Vec<Person>,
    /// Numbers people before them had.
    names: u64,
    book: Book,
    /// How often the streams were let go on.
    phases: u64,
    /// Calls that failed on order behind the answers.
    struck: u64,
}

/// How many people are about at any time.
const PEOPLE: usize = 32;
/// How many act at the same time.
const AT_ONCE: usize = 8;
/// How many things are done before the streams are let go on.
const PHASE: usize = 100;
/// After how many phases nobody is called back any more about what was sent.
const REMEMBERED: u64 = 5;

impl Crowd {
    /// A crowd that does the same for the same seed.
    pub async fn gather(seed: u64) -> Self {
        let options = Options::memory()
            .set("ERASE_GRACE_DAYS", "0")
            .set("SMS_DAILY_BUDGET", "1000000");
        let house = House::with(options).await;
        let store = store(&house);
        let mut crowd = Self {
            house,
            store,
            dice: Dice::new(seed),
            people: Vec::new(),
            names: 0,
            book: Book::default(),
            phases: 0,
            struck: 0,
        };
        for _ in 0..PEOPLE {
            let newcomer = crowd.newcomer();
            crowd.people.push(newcomer);
        }
        crowd
    }

    /// So many things are done; then everything is counted again.
    ///
    /// # Panics
    /// If anything is not as it must be.
    pub async fn does(&mut self, things: usize) {
        let mut done = 0;
        while done < things {
            self.streams(&json!({ "paused": true })).await;
            let phase = PHASE.min(things - done);
            let mut left = phase;
            while left > 0 {
                left -= self.round(left).await;
            }
            done += phase;
            self.catch_up().await;
        }
        self.every_number_is_right().await;
    }

    /// Where all this happens.
    #[must_use]
    pub fn house(&self) -> &House {
        &self.house
    }

    /// How many calls failed on order behind the answers.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.struck
    }

    /// What was done, in a line.
    #[must_use]
    pub fn told(&self) -> String {
        let figures = book::FIGURES.map(|name| format!("{} {name}", self.book.sum(name)));
        format!(
            "codes: {}; {} let in, {} erased; {} calls failed behind the answers",
            figures.join(", "),
            self.book.let_in,
            self.book.erased,
            self.struck
        )
    }

    /// Some people act at the same time, then time passes; how many.
    async fn round(&mut self, most: usize) -> usize {
        self.keep_away_from_midnight().await;
        let some = AT_ONCE.min(most);
        let first = self.dice.below((self.people.len() - some) as u64 + 1);
        let first = usize::try_from(first).unwrap_or(0);
        let house = &self.house;
        let acting = self.people[first..first + some]
            .iter_mut()
            .map(|person| async {
                let mut page = Book::default();
                person.acts(house, &mut page).await;
                page
            });
        for page in join_all(acting).await {
            self.book.add(page);
        }
        // A shuffle, so that it is not always the same who act together.
        let other = self.dice.below(self.people.len() as u64);
        self.people.swap(first, usize::try_from(other).unwrap_or(0));
        self.stop_somebody().await;
        let pause = match self.dice.below(200) {
            0..80 => 0,
            80..150 => 31 + self.dice.below(60),
            150..180 => 300 + self.dice.below(3_000),
            180..198 => 3_600 * (1 + self.dice.below(5)),
            _ => 86_400 * (1 + self.dice.below(3)),
        };
        if pause > 0 {
            self.house.advance(i64::try_from(pause).unwrap_or(0)).await;
        }
        for person in 0..self.people.len() {
            if self.people[person].is_lost() && self.dice.percent(10) {
                self.people[person] = self.newcomer();
            }
        }
        some
    }

    /// An operator suspends or resumes somebody.
    async fn stop_somebody(&mut self) {
        let place = usize::try_from(self.dice.below(self.people.len() as u64)).unwrap_or(0);
        let stop = self.dice.percent(10);
        let Some(account) = &self.people[place].account else {
            return;
        };
        if !stop && !account.suspended {
            return;
        }
        let status = if account.suspended {
            Status::Active
        } else {
            Status::Suspended
        };
        let id = UserId::parse(&account.id).expect("an id");
        let changed = self.store.set_status(id, status, self.house.now()).await;
        assert!(changed.expect("the store answers"));
        self.people[place].is_stopped(status == Status::Suspended);
    }

    /// The streams go on, badly, and what reads them fails at places left to chance, until everything is taken.
    async fn catch_up(&mut self) {
        self.phases += 1;
        if self.phases.is_multiple_of(REMEMBERED) {
            for person in &mut self.people {
                person.forget_messages();
            }
            let cleared = self.house.call(Method::DELETE, "/_local/outbox").send();
            let _ = cleared.await.is(204);
        }
        for _ in 0..=self.dice.below(4) {
            let fault = self.fault();
            self.house.fault(fault).await;
        }
        self.streams(&json!({ "paused": false, "shards": 4, "duplicates": 20 }))
            .await;
        self.settle().await;
        self.struck += self.house.end_faults().await;
    }

    async fn settle(&self) {
        for _ in 0..12 {
            if self.house.cloud().settle().await {
                return;
            }
        }
        panic!("the streams are not read to their end");
    }

    fn fault(&mut self) -> serde_json::Value {
        const OPERATIONS: [&str; 6] = [
            "TransactWriteItems",
            "TransactWriteItems",
            "UpdateItem",
            "PutItem",
            "GetItem",
            "DeleteItem",
        ];
        const KINDS: [&str; 6] = [
            "throttle",
            "conflict",
            "error",
            "lost_reply",
            "reset",
            "crash",
        ];
        let (after, times) = (self.dice.below(8), 1 + self.dice.below(3));
        let kind = self.dice.pick(&KINDS);
        if self.dice.percent(20) {
            return json!({ "service": "eventbridge", "fault": kind, "times": times, "after": after });
        }
        json!({
            "service": "dynamodb", "operation": self.dice.pick(&OPERATIONS), "fault": kind, "times": times,
            "after": after, "background": true,
        })
    }

    /// An answer that is on its way at midnight could be counted on either day.
    async fn keep_away_from_midnight(&self) {
        let time = TimeZone::UTC.to_datetime(self.house.now()).time();
        let seconds = i64::from(time.hour()) * 3600
            + i64::from(time.minute()) * 60
            + i64::from(time.second());
        if seconds > 86_400 - 90 {
            self.house.advance(120).await;
        }
    }

    async fn streams(&self, order: &serde_json::Value) {
        let _ = self
            .house
            .post("/_local/streams", order)
            .send()
            .await
            .is(200);
    }

    fn newcomer(&mut self) -> Person {
        // Each number in a range of its own, so that the limit of ranges is not met.
        const AREAS: [&str; 40] = [
            "201", "202", "203", "205", "206", "207", "208", "209", "210", "212", "213", "214",
            "215", "216", "217", "218", "219", "224", "225", "228", "229", "231", "234", "239",
            "240", "248", "251", "252", "253", "254", "256", "260", "262", "267", "269", "270",
            "276", "281", "301", "302",
        ];
        self.names += 1;
        let n = self.names;
        let area = AREAS[usize::try_from(n % 40).unwrap_or(0)];
        let number = format!("+1{area}555{:04}", 2_000 + n / 40);
        let mail = format!("person{n}@example.com");
        let (address, spare) = if n.is_multiple_of(3) {
            (number, mail)
        } else {
            (mail, number)
        };
        let spare = self.dice.percent(50).then_some(spare);
        Person::new(self.dice.split(), self.house.new_ip(), &address, spare)
    }
}

/// The store, as the operator's command line opens it.
fn store(house: &House) -> Store {
    let endpoint = house.cloud().endpoint("dynamodb").expect("DynamoDB");
    let variables: Variables = [
        ("STAGE", "local"),
        ("AWS_REGION", "us-east-1"),
        ("ACCOUNTS_TABLE", ACCOUNTS),
        ("EPHEMERAL_TABLE", EPHEMERAL),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
    ]
    .into_iter()
    .collect();
    let clock = house.cloud().clock().clone();
    let setup = Setup::prepare(variables, clock).expect("a way to the tables");
    let mut reader = setup.reader();
    let store = Store::open(&setup, &mut reader);
    reader.finish(store).expect("the tables' names")
}
