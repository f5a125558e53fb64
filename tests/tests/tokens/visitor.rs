//! A house, and people who come to it with a browser.

use std::sync::atomic::{AtomicU8, Ordering};

use local::{Cloud, Options};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// A running local cloud and a client for it.
pub(crate) struct House {
    pub(crate) cloud: Cloud,
    pub(crate) client: Client,
}

/// What came back: status, headers' request id, body (null where it is none).
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) request_id: String,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

/// What a sign-in gives.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) user: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) device: String,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(Options::memory()).await
    }

    /// Sends are let through more often than usual: these tests are not about codes.
    pub(crate) async fn with(options: Options) -> Self {
        let options = options
            .set("OTP_RESEND_SECONDS", "10")
            .set("OTP_SENDS_PER_HOUR", "10");
        Self {
            cloud: Cloud::start(options).await.unwrap(),
            client: client(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.cloud.url()))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn get(&self, path: &str, access: &str) -> Answer {
        answer(self.request(Method::GET, path).bearer_auth(access)).await
    }

    pub(crate) async fn delete(&self, path: &str, access: &str) -> Answer {
        answer(self.request(Method::DELETE, path).bearer_auth(access)).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        let body = json!({"refresh": token});
        self.post("/api/auth/token/refresh/", &body).await
    }

    pub(crate) async fn revoke(&self, token: &str) -> Answer {
        let body = json!({"refresh": token});
        self.post("/api/auth/token/revoke/", &body).await
    }

    /// Whether the service itself says that an access token counts.
    pub(crate) async fn is_active(&self, access: &str) -> bool {
        let body = json!({"token": access});
        let answer = self.post("/api/auth/token/verify/", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["active"].as_bool().unwrap()
    }

    pub(crate) async fn wait(&self, seconds: i64) {
        let body = json!({"advance_seconds": seconds});
        assert_eq!(self.post("/_local/clock", &body).await.status, 200);
    }

    pub(crate) async fn breaks(&self, fault: &Value) {
        assert_eq!(self.post("/_local/faults", fault).await.status, 201);
    }

    /// The upstream calls of one request.
    pub(crate) async fn calls(&self, request_id: &str) -> Vec<Value> {
        let path = format!("/_local/calls?request_id={request_id}");
        let answer = answer(self.request(Method::GET, &path)).await;
        answer.body.as_array().unwrap().clone()
    }

    /// Signs in by mail, from an address of its own and after the cooldown, so that no limit is in the way.
    pub(crate) async fn sign_in(&self, email: &str) -> Held {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        self.wait(11).await;
        let ip = format!("198.51.100.{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let post = |path, body: Value| {
            let request = self.request(Method::POST, path);
            answer(request.header("x-local-source-ip", &ip).json(&body))
        };
        let asked = post("/api/auth/otp/request/", json!({"identifier": email})).await;
        assert_eq!(asked.status, 200, "{asked:?}");
        let code = self.code(email).await;
        let body = json!({"identifier": email, "otp_code": code});
        let answer = post("/api/auth/otp/verify/", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Held {
            user: text(&answer.body["user"]["id"]),
            access: text(&answer.body["tokens"]["access"]),
            refresh: text(&answer.body["tokens"]["refresh"]),
            device: text(&answer.body["device_token"]),
        }
    }

    pub(crate) async fn code(&self, email: &str) -> String {
        let path = format!("/_local/outbox?to={email}");
        let outbox = answer(self.request(Method::GET, &path)).await;
        let messages = outbox.body.as_array().unwrap().iter();
        // Newest first; other mail, a welcome for example, has no code in it.
        let mut codes = messages.filter_map(|message| {
            let text = message["text"].as_str()?;
            let mut runs = text.split(|c: char| !c.is_ascii_digit());
            runs.find(|run| run.len() == 6).map(str::to_owned)
        });
        codes.next().unwrap()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a visitor is outside, and waits as long as it likes"
)]
fn client() -> Client {
    Client::new()
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.map_or("", |v| v.to_str().unwrap()).to_owned()
    };
    Answer {
        status: response.status().as_u16(),
        request_id: header("x-request-id"),
        headers: response.headers().clone(),
        body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default(),
    }
}

impl Answer {
    pub(crate) fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap().to_owned()
    }

    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or(""))
    }
}
