//! A person of the crowd: an address or two, the code that should open it, and what a service that keeps its contract
//! does with all that.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::book::Book;
use super::dice::Dice;
use crate::{Answer, Call, House, REQUEST, SignedIn, VERIFY, another_code, code_in};

/// The code of one address, as far as its owner can know.
#[derive(Clone, Debug, Default)]
struct Code {
    /// It was sent, or kept quiet about, and is not used yet.
    live: bool,
    expires: Timestamp,
    /// Comparisons so far, by strangers and by known devices.
    attempts: [u32; 2],
    text: Option<String>,
    /// Nothing was sent for it, so that nothing matches.
    muted: bool,
    via: &'static str,
}

/// A message that was sent.
#[derive(Clone, Debug)]
struct Message {
    outbox: Value,
    channel: &'static str,
    /// How far it came, as the contract orders it.
    rank: u8,
    arrived: bool,
    /// Its person was erased, and its record with them.
    gone: bool,
}

#[derive(Clone, Debug)]
struct Address {
    text: String,
    code: Code,
    suppressed: bool,
    device: Option<String>,
    messages: Vec<Message>,
}

/// An account, as its person knows it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    sessions: Vec<SignedIn>,
    pub(crate) suspended: bool,
    /// The last sign of life, as long as it is certain.
    pub(crate) alive: Option<Timestamp>,
}

/// A person.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) dice: Dice,
    ip: String,
    addresses: Vec<Address>,
    /// An address that may be added.
    spare: Option<String>,
    pub(crate) account: Option<Account>,
}

/// What is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guess {
    Right,
    Wrong,
}

/// Where people come from.
const SOURCES: [&str; 5] = [
    "https://one.example/a",
    "https://one.example/b?c",
    "https://two.example",
    "http://three.example:8080/x",
    "https://four.example",
];

/// Nothing is done so near to a moment at which the answer changes.
const MARGIN: SignedDuration = SignedDuration::from_secs(20);

impl Person {
    pub(crate) fn new(dice: Dice, ip: String, address: &str, spare: Option<String>) -> Self {
        Self {
            dice,
            ip,
            addresses: vec![Address::new(address)],
            spare,
            account: None,
        }
    }

    /// Whether this person can still get in.
    pub(crate) fn is_lost(&self) -> bool {
        self.addresses.iter().all(|address| address.suppressed)
    }

    /// Nobody is called back about messages any more.
    pub(crate) fn forget_messages(&mut self) {
        for address in &mut self.addresses {
            address.messages.clear();
        }
    }

    /// Does one thing at random.
    pub(crate) async fn acts(&mut self, house: &House, book: &mut Book) {
        match self.dice.below(100) {
            0..8 => {
                let at = self.any();
                self.asks(house, at, false, book).await;
            }
            8..12 => {
                let at = self.any();
                self.asks(house, at, true, book).await;
            }
            12..22 => {
                let at = self.any();
                self.enters(house, at, Guess::Wrong, book).await;
            }
            22..27 => {
                let at = self.any();
                self.enters(house, at, Guess::Right, book).await;
            }
            27..60 => {
                let _ = self.signs_in(house, book).await;
            }
            60..75 => self.refreshes(house).await,
            75..93 => self.is_called_back_about(house, book).await,
            93..97 => self.adds_an_address(house, book).await,
            _ => self.leaves(house, book).await,
        }
    }

    fn any(&mut self) -> usize {
        let end = self.addresses.len() as u64;
        usize::try_from(self.dice.below(end)).unwrap_or(0)
    }

    /// Asks for a code, sometimes twice under one key.
    async fn asks(&mut self, house: &House, at: usize, twice: bool, book: &mut Book) -> bool {
        let address = &self.addresses[at];
        let channel = if address.text.starts_with('+') {
            *self.dice.pick(&["phone", "phone", "whatsapp"])
        } else {
            "email"
        };
        let mut order = json!({ "identifier": address.text, "channel": channel });
        if self.dice.percent(70) {
            order["source_url"] = json!(self.dice.pick(&SOURCES));
        }
        let known = self.dice.percent(40);
        let key = twice.then(|| format!("key-{}", self.dice.below(u64::MAX)));
        let now = house.now();
        if self.addresses[at].code.is_turning(now) {
            return false;
        }
        let answer = self
            .posts(house, REQUEST, &order, at, known, key.as_deref())
            .await;
        if answer.status == 429 {
            book.count(now, channel, "limited");
            return false;
        }
        let told = answer.is(200).json();
        book.count(now, channel, "requested");
        let lane = self.lane(at, known);
        let address = &mut self.addresses[at];
        let code = &mut address.code;
        let again = code.repeats(lane, now);
        if !again {
            *code = Code {
                live: true,
                expires: now + SignedDuration::from_secs(600),
                ..Code::default()
            };
        }
        code.via = channel;
        if address.suppressed {
            code.muted = true;
        } else {
            book.count(now, channel, "sent");
            let message = message(house, &address.text, &told["delivery_id"]).await;
            let text = code_in(&message);
            assert!(text.is_some(), "no code in {message}");
            if again && !code.muted {
                assert_eq!(code.text, text, "the same code comes again");
            }
            code.text = text;
            address.messages.push(Message {
                outbox: message["id"].clone(),
                channel,
                rank: 0,
                arrived: false,
                gone: false,
            });
        }
        if key.is_some() {
            let again = self
                .posts(house, REQUEST, &order, at, known, key.as_deref())
                .await;
            assert_eq!(again.is(200).json()["delivery_id"], told["delivery_id"]);
        }
        !self.addresses[at].suppressed
    }

    /// Enters a code; whether that let somebody in.
    async fn enters(&mut self, house: &House, at: usize, guess: Guess, book: &mut Book) -> bool {
        let now = house.now();
        let known = self.dice.percent(40);
        let lane = self.lane(at, known);
        let n = self.dice.below(90);
        let address = &self.addresses[at];
        let (code, sent) = (&address.code, address.code.text.clone());
        if code.is_turning(now) {
            return false;
        }
        let entered = match (guess, sent) {
            (Guess::Right, Some(code)) => code,
            (Guess::Wrong, Some(code)) => another_code(&code, n),
            (_, None) => "123456".to_owned(),
        };
        let compared = code.live && now < code.expires && code.attempts[lane] < 3;
        let opens = compared && guess == Guess::Right && code.text.is_some() && !code.muted;
        let body = json!({ "identifier": address.text, "otp_code": entered });
        let answer = self.posts(house, VERIFY, &body, at, known, None).await;
        let code = &mut self.addresses[at].code;
        match answer.status {
            429 => false,
            401 => {
                assert!(!opens, "a right code is refused: {answer:?}");
                if compared {
                    code.attempts[lane] += 1;
                    book.count(now, code.via, "failed");
                }
                false
            }
            403 => {
                assert!(
                    opens && self.account.as_ref().is_some_and(|a| a.suspended),
                    "{answer:?}"
                );
                book.count(now, code.via, "verified");
                code.live = false;
                false
            }
            _ => {
                let signed_in = SignedIn::read(&answer.is(200));
                assert!(
                    opens,
                    "a code opens that should not: {compared} {guess:?} {code:?}"
                );
                book.count(now, code.via, "verified");
                book.let_in += 1;
                code.live = false;
                self.is_in(signed_in, at, now);
                true
            }
        }
    }

    fn is_in(&mut self, signed_in: SignedIn, at: usize, now: Timestamp) {
        self.addresses[at].device = Some(signed_in.device_token.clone());
        let id = signed_in.user["id"].as_str().unwrap_or_default().to_owned();
        let new = signed_in.user["is_new_user"] == true;
        assert_eq!(self.account.is_none(), new, "{:?}", signed_in.user);
        let account = self.account.get_or_insert_with(|| Account {
            id: id.clone(),
            sessions: Vec::new(),
            suspended: false,
            alive: Some(now),
        });
        assert_eq!(account.id, id);
        account.alive = account.alive.map(|_| now);
        account.sessions.push(signed_in);
    }

    /// Asks, reads, enters; sometimes a wrong one first.
    pub(crate) async fn signs_in(&mut self, house: &House, book: &mut Book) -> Option<SignedIn> {
        let at = self.any();
        if !self.asks(house, at, false, book).await {
            return None;
        }
        if self.dice.percent(25) {
            let _ = self.enters(house, at, Guess::Wrong, book).await;
        }
        if !self.enters(house, at, Guess::Right, book).await {
            return None;
        }
        self.account.as_ref()?.sessions.last().cloned()
    }

    async fn refreshes(&mut self, house: &House) {
        let now = house.now();
        let Some(account) = &mut self.account else {
            return;
        };
        if account.sessions.is_empty() {
            return;
        }
        let place = self.dice.below(account.sessions.len() as u64);
        let place = usize::try_from(place).unwrap_or(0);
        let body = json!({ "refresh": account.sessions[place].refresh });
        let answer = house
            .post("/api/auth/token/refresh/", &body)
            .from(&self.ip)
            .send()
            .await;
        if answer.status == 401 {
            account.sessions.remove(place);
            return;
        }
        let fresh = answer.is(200).json();
        let text = |name: &str| fresh[name].as_str().unwrap_or_default().to_owned();
        account.sessions[place].access = text("access");
        account.sessions[place].refresh = text("refresh");
        account.alive = account.alive.map(|_| now);
    }

    /// A provider tells what became of a message; perhaps for the second time.
    async fn is_called_back_about(&mut self, house: &House, book: &mut Book) {
        let at = self.any();
        let end = self.addresses[at].messages.len() as u64;
        if end == 0 {
            return;
        }
        let place = usize::try_from(self.dice.below(end)).unwrap_or(0);
        let (message, now) = (&self.addresses[at].messages[place], house.now());
        let word = match (message.channel, self.dice.below(100)) {
            ("email", 0..6) => "bounce",
            ("email", 6..12) => "complaint",
            ("phone", 0..20) => "undelivered",
            ("phone", 20..40) => "failed",
            ("whatsapp", 0..30) => "read",
            (_, 90..) => "sent",
            _ => "delivered",
        };
        let path = format!("/_local/deliveries/{}/status", message.outbox);
        let told = house.post(&path, &json!({ "status": word })).send().await;
        let told = told.is(200).json();
        assert!(
            [200, 204].contains(&told["status"].as_u64().unwrap_or(0)),
            "{told}"
        );
        let (rank, arrives) = match word {
            "sent" => (1, false),
            "delivered" => (2, true),
            "read" | "complaint" => (3, true),
            _ => (2, false),
        };
        let address = &mut self.addresses[at];
        address.suppressed |= ["bounce", "complaint"].contains(&word);
        let message = &mut address.messages[place];
        if message.gone || rank <= message.rank {
            return;
        }
        message.rank = rank;
        if arrives && !message.arrived {
            message.arrived = true;
            book.count(now, message.channel, "delivered");
        }
    }

    async fn adds_an_address(&mut self, house: &House, book: &mut Book) {
        const ADD: &str = "/api/profile/identifiers/";
        let Some(spare) = self.spare.clone() else {
            return;
        };
        let Some(session) = self.signs_in(house, book).await else {
            return;
        };
        let channel = if spare.starts_with('+') {
            "phone"
        } else {
            "email"
        };
        let order = json!({ "identifier": spare });
        let now = house.now();
        let asked = self.bears(house.post(ADD, &order), &session).send().await;
        if asked.status == 429 {
            return book.count(now, channel, "limited");
        }
        let told = asked.is(200).json();
        book.count(now, channel, "requested");
        book.count(now, channel, "sent");
        let message = message(house, &spare, &told["delivery_id"]).await;
        let code = code_in(&message).expect("a code");
        let verify = format!("{ADD}verify/");
        let proof = |code: &str| json!({ "identifier": spare, "otp_code": code });
        if self.dice.percent(30) {
            let wrong = proof(&another_code(&code, 5));
            let refused = self
                .bears(house.post(&verify, &wrong), &session)
                .send()
                .await;
            let _ = refused.problem(401, "otp_invalid");
            book.count(now, channel, "failed");
        }
        let proven = self
            .bears(house.post(&verify, &proof(&code)), &session)
            .send()
            .await;
        let _ = proven.is(200);
        book.count(now, channel, "verified");
        self.spare = None;
        self.addresses.push(Address::new(&spare));
        if let Some(account) = &mut self.account {
            account
                .sessions
                .retain(|other| other.refresh == session.refresh);
        }
    }

    /// Has everything erased.
    async fn leaves(&mut self, house: &House, book: &mut Book) {
        let Some(session) = self.signs_in(house, book).await else {
            return;
        };
        let Some(account) = &self.account else {
            return;
        };
        let held = house.tables().person(&account.id).await;
        let call = house.call(Method::DELETE, "/api/profile/");
        let _ = self.bears(call, &session).send().await.is(202);
        book.gone.extend(held);
        book.erased += 1;
        self.account = None;
        self.addresses.truncate(1);
        let address = &mut self.addresses[0];
        address.code = Code::default();
        address.device = None;
        for message in &mut address.messages {
            message.gone = true;
        }
    }

    /// An operator stops the account, or lets it go on.
    pub(crate) fn is_stopped(&mut self, stopped: bool) {
        if let Some(account) = &mut self.account {
            account.suspended = stopped;
            account.sessions.clear();
            // What the stream tells of a stopped account is not noted, so nobody can say when it last lived.
            account.alive = None;
        }
    }

    fn bears(&self, call: Call, session: &SignedIn) -> Call {
        call.bearer(&session.access).from(&self.ip)
    }

    /// 1 for a known device, if there is one.
    fn lane(&self, at: usize, known: bool) -> usize {
        usize::from(known && self.addresses[at].device.is_some())
    }

    async fn posts(
        &self,
        house: &House,
        path: &str,
        body: &Value,
        at: usize,
        known: bool,
        key: Option<&str>,
    ) -> Answer {
        let mut call = house.post(path, body).from(&house.new_ip());
        if let Some(device) = self.addresses[at].device.as_ref().filter(|_| known) {
            call = call.header("x-device-token", device);
        }
        if let Some(key) = key {
            call = call.header("idempotency-key", key);
        }
        call.send().await
    }
}

impl Address {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            code: Code::default(),
            suppressed: false,
            device: None,
            messages: Vec::new(),
        }
    }
}

impl Code {
    /// Whether asking again brings the same code.
    fn repeats(&self, lane: usize, now: Timestamp) -> bool {
        let enough = SignedDuration::from_secs(120);
        self.live && self.attempts[lane] < 3 && self.expires.duration_since(now) >= enough
    }

    /// Whether a moment is so near at which it would be another that nobody can tell which.
    fn is_turning(&self, now: Timestamp) -> bool {
        let left = self.expires.duration_since(now);
        let near = |seconds: i64| (left - SignedDuration::from_secs(seconds)).abs() < MARGIN;
        self.live && (near(0) || near(120))
    }
}

async fn message(house: &House, to: &str, delivery: &Value) -> Value {
    let path = format!("/_local/outbox?to={}", to.replace('+', "%2B"));
    let messages = house.get(&path).send().await.is(200).json();
    let mut found = messages.as_array().into_iter().flatten();
    let found = found.find(|message| message["delivery_id"] == *delivery);
    found
        .unwrap_or_else(|| panic!("{to} got no {delivery}"))
        .clone()
}
