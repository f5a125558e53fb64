//! The target, seen from outside; a local cloud shows a little more.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Where the target says that its operator consents.
const CONSENT: &str = "/.well-known/latchkey-attack-consent";

/// What a request got.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
    pub(crate) took: Duration,
}

/// A target whose operator consents.
pub(crate) struct Target {
    client: Client,
    url: String,
    /// A local cloud: it has the development API, and a caller may choose its address.
    pub(crate) local: bool,
    counter: AtomicU32,
}

impl Target {
    /// Asks the target whether its operator consents.
    ///
    /// # Errors
    /// Why it cannot be attacked, as a sentence.
    pub(crate) async fn consenting(url: &str, token: &str) -> Result<Self, String> {
        let url = url.trim_end_matches('/').to_owned();
        let client = client().map_err(|error| error.to_string())?;
        let target = Self {
            client,
            url,
            local: false,
            counter: AtomicU32::new(0),
        };
        let answer = target.send(Method::GET, CONSENT, None, &[]).await?;
        if answer.status != 200 || answer.text.trim() != token {
            return Err(format!(
                "{} does not consent: {CONSENT} answers {} and not the token that was given; its operator sets ATTACK_CONSENT and tells you the same value",
                target.url, answer.status
            ));
        }
        let clock = target.send(Method::GET, "/_local/clock", None, &[]).await?;
        Ok(Self {
            local: clock.status == 200,
            ..target
        })
    }

    /// One request; `from` is the caller's address where the target is local.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let started = Instant::now();
        let told = |error: reqwest::Error| {
            format!("{} does not answer: {}", self.url, error.without_url())
        };
        let answer = request.send().await.map_err(told)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.map_err(told)?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer {
            status,
            headers,
            body,
            text,
            took: started.elapsed(),
        })
    }

    /// An identifier that nobody used before.
    pub(crate) fn stranger(&self) -> String {
        let [a, b, c, d] = shared::entropy::bytes::<4>();
        format!(
            "attack-{a:02x}{b:02x}{c:02x}{d:02x}-{}@example.com",
            self.counter.fetch_add(1, Ordering::Relaxed)
        )
    }

    /// An address to call from that nobody used before; it counts against a local cloud only.
    pub(crate) fn address(&self) -> String {
        let n = self.counter.fetch_add(1, Ordering::Relaxed);
        format!("2001:db8:{:x}:{:x}::1", n >> 16, n & 0xffff)
    }

    /// What the session cookie is called here.
    pub(crate) fn cookie_name(&self) -> String {
        match self.url.strip_prefix("http://") {
            Some(rest) => {
                let host = rest.split('/').next().unwrap_or_default();
                let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
                format!("latchkey-refresh-{port}")
            }
            None => "__Host-latchkey-refresh".to_owned(),
        }
    }

    /// Asks for a code.
    pub(crate) async fn ask(&self, identifier: &str, from: &str) -> Result<Answer, String> {
        let body = json!({"identifier": identifier});
        self.send(
            Method::POST,
            "/api/auth/otp/request/",
            Some(&body),
            &[("x-local-source-ip", from)],
        )
        .await
    }

    /// Tries a code.
    pub(crate) async fn try_code(
        &self,
        identifier: &str,
        code: &str,
        from: &str,
    ) -> Result<Answer, String> {
        let body = json!({"identifier": identifier, "otp_code": code});
        self.send(
            Method::POST,
            "/api/auth/otp/verify/",
            Some(&body),
            &[("x-local-source-ip", from)],
        )
        .await
    }

    /// The code that was sent last, from a local cloud's outbox.
    pub(crate) async fn code(&self, identifier: &str) -> Result<String, String> {
        let answer = self
            .send(
                Method::GET,
                &format!("/_local/outbox?to={identifier}"),
                None,
                &[],
            )
            .await?;
        let text = answer.body[0]["text"].as_str().unwrap_or_default();
        let digits = text
            .as_bytes()
            .windows(6)
            .find(|window| window.iter().all(u8::is_ascii_digit));
        digits
            .map(|digits| String::from_utf8_lossy(digits).into_owned())
            .ok_or_else(|| "the outbox holds no code".to_owned())
    }

    /// Moves a local cloud's clock on.
    pub(crate) async fn wait(&self, seconds: u64) -> Result<(), String> {
        self.send(
            Method::POST,
            "/_local/clock",
            Some(&json!({"advance_seconds": seconds})),
            &[],
        )
        .await
        .map(|_| ())
    }

    /// An identifier with an account.
    pub(crate) async fn resident(&self) -> Result<String, String> {
        let (identifier, from) = (self.stranger(), self.address());
        self.ask(&identifier, &from).await?;
        let code = self.code(&identifier).await?;
        let answer = self.try_code(&identifier, &code, &from).await?;
        if answer.status == 200 {
            Ok(identifier)
        } else {
            Err(format!("a sign-in answered {}", answer.status))
        }
    }
}

/// A browser that keeps its session in the cookie, and sends what a page makes it send.
#[derive(Default)]
pub(crate) struct Browser {
    /// Name and value, as the header `Cookie` has them.
    pub(crate) cookie: Option<String>,
}

impl Browser {
    /// One that this cookie was planted in.
    pub(crate) fn with(cookie: &str) -> Self {
        Self {
            cookie: Some(cookie.to_owned()),
        }
    }

    /// Signs in over whatever cookie there is.
    pub(crate) async fn signs_in(
        &mut self,
        target: &Target,
        identifier: &str,
    ) -> Result<(), String> {
        target.ask(identifier, &target.address()).await?;
        let body = json!({"identifier": identifier, "otp_code": target.code(identifier).await?});
        let headers = [("x-session-cookie", "1")];
        let path = "/api/auth/otp/verify/";
        let answer = self.posts(target, path, Some(&body), &headers).await?;
        if answer.status == 200 && answer.body["tokens"]["refresh"].is_null() {
            Ok(())
        } else {
            Err(format!("a sign-in by cookie answered {}", answer.status))
        }
    }

    /// A request without a body.
    pub(crate) async fn sends(
        &mut self,
        target: &Target,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, String> {
        self.posts(target, path, None, headers).await
    }

    async fn posts(
        &mut self,
        target: &Target,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let (from, cookie) = (target.address(), self.cookie.clone().unwrap_or_default());
        let mut all = headers.to_vec();
        all.push(("x-local-source-ip", &from));
        if !cookie.is_empty() {
            all.push(("cookie", &cookie));
        }
        let answer = target.send(Method::POST, path, body, &all).await?;
        let set = answer.headers.get("set-cookie");
        if let Some(set) = set.and_then(|set| set.to_str().ok()) {
            let is_gone = set.ends_with("Max-Age=0");
            let pair = set.split(';').next().unwrap_or_default();
            self.cookie = (!is_gone).then(|| pair.to_owned());
        }
        Ok(answer)
    }
}

/// More patient than the service's own clients: sixty requests at once may take a while.
#[expect(
    clippy::disallowed_methods,
    reason = "an attacker sets limits of its own"
)]
fn client() -> reqwest::Result<Client> {
    Client::builder()
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// A code that is not this one.
pub(crate) fn other_than(code: &str) -> String {
    code.chars()
        .map(|digit| {
            if digit == '9' {
                '0'
            } else {
                char::from(digit as u8 + 1)
            }
        })
        .collect()
}
