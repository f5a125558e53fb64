//! A house: one local cloud in memory, and the way to its door.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use local::{Cloud, Options};
use reqwest::{Client, Method};
use serde_json::Value;

use crate::{Answer, Asked, Entered, Ledger};

/// A local cloud of its own for one test.
pub struct House {
    cloud: Cloud,
    pub(crate) client: Client,
    guests: AtomicU32,
    pub(crate) ledger: Mutex<Ledger>,
}

impl House {
    /// A house with the settings of `cargo run`.
    pub async fn open() -> Self {
        Self::with(Options::memory()).await
    }

    /// A house with other settings.
    pub async fn with(options: Options) -> Self {
        let cloud = Cloud::start(options).await;
        let cloud = cloud.unwrap_or_else(|error| panic!("the house does not open: {error}"));
        Self {
            cloud,
            client: client(),
            guests: AtomicU32::new(0),
            ledger: Mutex::default(),
        }
    }

    /// The cloud itself.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// An IPv4 address that nobody in this house has used.
    #[must_use]
    pub fn new_ip(&self) -> String {
        let guest = self.guests.fetch_add(1, Ordering::Relaxed);
        let [_, a, b, c] = guest.to_be_bytes();
        format!("10.{a}.{b}.{c}")
    }

    /// A request to a path.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let url = format!("{}{path}", self.cloud.url());
        Call {
            request: self.client.request(method.clone(), url),
            to: format!("{method} {path}"),
            api: !path.starts_with("/_local/"),
        }
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A POST of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call(Method::POST, path)
            .body("application/json", body.to_string())
    }

    /// What is found at a whole URL, such as a link that an answer gave.
    pub async fn fetch(&self, url: &str) -> String {
        let answer = self.client.get(url).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{url}");
        answer.text().await.expect("a text")
    }

    /// Sends bytes to the gateway as they are and gives everything that comes back, for what no client would send.
    pub async fn raw(&self, request: impl AsRef<[u8]>) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let url = self.cloud.url();
        let authority = url.trim_start_matches("http://");
        let mut stream = tokio::net::TcpStream::connect(authority)
            .await
            .expect("a connection");
        stream.write_all(request.as_ref()).await.expect("sent");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) fn note_asked(&self, asked: Asked) {
        self.ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .asked
            .push(asked);
    }

    pub(crate) fn note_entered(&self, entered: Entered) {
        self.ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entered
            .push(entered);
    }

    /// What visitors did so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// One request that is being put together.
#[must_use = "nothing is sent before `send`"]
pub struct Call {
    request: reqwest::RequestBuilder,
    to: String,
    api: bool,
}

impl Call {
    /// A body of any type.
    pub fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.header("content-type", content_type).body_only(body)
    }

    /// A body without a type.
    pub fn body_only(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    /// A header more.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    /// An access token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// The caller's address.
    pub fn from(self, ip: &str) -> Self {
        self.header("x-local-source-ip", ip)
    }

    /// Sends it; an answer of the API must keep what all answers promise.
    pub async fn send(self) -> Answer {
        let response = self.request.send().await;
        let response = response.unwrap_or_else(|error| panic!("{}: {error:?}", self.to));
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.bytes().await.expect("a whole body");
        let answer = Answer {
            to: self.to,
            status,
            headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        };
        if self.api {
            answer.keeps_the_conventions();
        }
        answer
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a browser's place is taken here: it waits longer than the service does"
)]
fn client() -> Client {
    Client::builder()
        .timeout(std::time::Duration::from_mins(1))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .build()
        .expect("a client")
}
