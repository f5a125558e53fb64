//! A person at the door: asks for a code, reads it, enters it.

use serde_json::Value;

use crate::{Answer, Asked, Entered, House, REQUEST, VERIFY, asking, entering};

/// A person with one address, calling from one IP address.
#[derive(Clone)]
pub struct Visitor<'h> {
    house: &'h House,
    /// The address or number.
    pub identifier: String,
    /// Where the person calls from.
    pub ip: String,
    /// What a known device sends along.
    pub device_token: Option<String>,
}

/// What a sign-in gave.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub access: String,
    pub refresh: String,
    pub device_token: String,
    /// The member `user`.
    pub user: Value,
}

impl House {
    /// A person with this address or number, who calls from an IP address of their own.
    #[must_use]
    pub fn visitor(&self, identifier: impl Into<String>) -> Visitor<'_> {
        Visitor::new(self, identifier.into(), self.new_ip())
    }
}

impl<'h> Visitor<'h> {
    fn new(house: &'h House, identifier: String, ip: String) -> Self {
        Self {
            house,
            identifier,
            ip,
            device_token: None,
        }
    }

    /// The same person at another IP address.
    #[must_use]
    pub fn at(&self, ip: &str) -> Self {
        Self {
            ip: ip.to_owned(),
            ..self.clone()
        }
    }

    /// The same person on a device that has signed in before.
    #[must_use]
    pub fn on_device(&self, token: &str) -> Self {
        Self {
            device_token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// Posts anything as this person.
    pub async fn posts(&self, path: &str, body: &Value) -> Answer {
        let mut call = self.house.post(path, body).from(&self.ip);
        if let Some(token) = &self.device_token {
            call = call.header("x-device-token", token);
        }
        call.send().await
    }

    /// Asks for a code, whatever comes of it.
    pub async fn asks_for_a_code(&self) -> Answer {
        self.asks(&asking(&self.identifier)).await
    }

    /// Asks for a code with a body of one's own.
    pub async fn asks(&self, body: &Value) -> Answer {
        let answer = self.posts(REQUEST, body).await;
        self.house.note_asked(Asked {
            identifier: self.identifier.clone(),
            status: answer.status,
            delivery_id: answer.json()["delivery_id"].as_str().map(str::to_owned),
        });
        answer
    }

    /// Asks for a code, gets it, and reads it.
    pub async fn gets_a_code(&self) -> String {
        let _ = self.asks_for_a_code().await.is(200);
        self.reads_the_code().await
    }

    /// The code of the newest message to this person.
    pub async fn reads_the_code(&self) -> String {
        let codes = self.house.codes_sent_to(&self.identifier).await;
        codes
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("no code was sent to {}", self.identifier))
    }

    /// Enters a code, whatever comes of it.
    pub async fn enters(&self, code: &str) -> Answer {
        let answer = self.posts(VERIFY, &entering(&self.identifier, code)).await;
        let body = answer.json();
        self.house.note_entered(Entered {
            identifier: self.identifier.clone(),
            status: answer.status,
            user: body["user"]["id"].as_str().map(str::to_owned),
        });
        answer
    }

    /// Enters a code that opens.
    pub async fn is_let_in_with(&self, code: &str) -> SignedIn {
        SignedIn::read(&self.enters(code).await.is(200))
    }

    /// Asks, reads, enters.
    pub async fn signs_in(&self) -> SignedIn {
        let code = self.gets_a_code().await;
        self.is_let_in_with(&code).await
    }
}

impl SignedIn {
    /// Reads the answer to a right code.
    #[must_use]
    #[track_caller]
    pub fn read(answer: &Answer) -> Self {
        let body = answer.json();
        let text = |value: &Value| {
            value
                .as_str()
                .unwrap_or_else(|| panic!("not a sign-in: {}", answer.text))
                .to_owned()
        };
        Self {
            access: text(&body["tokens"]["access"]),
            refresh: text(&body["tokens"]["refresh"]),
            device_token: text(&body["device_token"]),
            user: body["user"].clone(),
        }
    }
}

/// A code of the same length that is not this one, the `n`th of them.
#[must_use]
pub fn another_code(code: &str, n: u64) -> String {
    let digits = code.len();
    let modulus = 10_u64.pow(u32::try_from(digits).expect("few digits"));
    let number: u64 = code.parse().expect("digits");
    let other = (number + 1 + n % (modulus - 1)) % modulus;
    format!("{other:0digits$}")
}
