//! An answer of the API, held against what every answer promises.

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::documented::undocumented;

/// An answer: status, headers and body together, so that a failed assertion shows all of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Which request it answers, for messages.
    pub to: String,
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as text; bytes that are none are replaced.
    pub text: String,
}

impl Answer {
    /// The body as JSON, `null` where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A header, where there is exactly one of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.get_all(name).iter();
        let only = all.next()?;
        assert!(
            all.next().is_none(),
            "{}: more than one {name}: {self:?}",
            self.to
        );
        only.to_str().ok()
    }

    /// The id of the request, as the header says it.
    #[must_use]
    pub fn request_id(&self) -> String {
        self.header("x-request-id")
            .unwrap_or_else(|| panic!("no X-Request-Id: {self:?}"))
            .to_owned()
    }

    /// Asserts the status.
    #[must_use = "or call `.is(…)` for its assertion alone with `let _`"]
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(
            self.status, status,
            "{}: expected {status}: {} {}",
            self.to, self.status, self.text
        );
        self
    }

    /// Asserts a problem: its status and its code; gives its body.
    #[track_caller]
    #[expect(
        clippy::must_use_candidate,
        reason = "most tests want the assertion alone"
    )]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!(
            (self.status, body["code"].as_str()),
            (status, Some(code)),
            "{}: expected {status} {code}: {}",
            self.to,
            self.text
        );
        body
    }

    /// Asserts 422 with exactly these wrong fields, each a pointer and a code, in any order.
    #[track_caller]
    pub fn wrong_fields(&self, expected: &[(&str, &str)]) {
        let body = self.problem(422, "invalid_request");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut found: Vec<_> = body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| (text(&error["pointer"]), text(&error["code"])))
            .collect();
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{}: {}", self.to, self.text);
    }

    /// Asserts 429; gives the seconds that header and body agree on.
    #[track_caller]
    #[expect(
        clippy::must_use_candidate,
        reason = "most tests want the assertion alone"
    )]
    pub fn limited(&self) -> u64 {
        let body = self.problem(429, "rate_limited");
        body["retry_after"].as_u64().expect("a whole number")
    }

    /// The body without what names this one request, to be compared with another answer's.
    #[must_use]
    pub fn anonymous(&self) -> Value {
        let mut body = self.json();
        if let Some(members) = body.as_object_mut() {
            members.remove("instance");
            members.remove("delivery_id");
        }
        body
    }

    /// The names and values of the headers without what differs from one request to the next.
    #[must_use]
    pub fn plain_headers(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        all.sort();
        all
    }

    /// What every answer of the API promises.
    #[track_caller]
    pub(crate) fn keeps_the_conventions(&self) {
        let id = self.request_id();
        assert_eq!(
            self.header("x-content-type-options"),
            Some("nosniff"),
            "{self:?}"
        );
        assert!(
            self.header("strict-transport-security").is_some(),
            "{self:?}"
        );
        let unnamed = undocumented(&self.to, self.status, &self.json());
        assert!(
            unnamed.is_empty(),
            "docs/openapi.json does not have {unnamed:?}: {self:?}"
        );
        if self.status < 400 {
            return;
        }
        if self.to.starts_with("HEAD ") {
            return;
        }
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let body = self.json();
        let code = body["code"].as_str().unwrap_or_default();
        let kind = body["type"].as_str().unwrap_or_default();
        assert!(
            kind.starts_with("http") && kind.ends_with(&format!("/problems/{code}")),
            "{self:?}"
        );
        assert_eq!(body["status"], self.status, "{self:?}");
        assert_eq!(body["success"], false, "{self:?}");
        assert_eq!(body["instance"].as_str(), Some(id.as_str()), "{self:?}");
        assert!(
            body["title"].is_string() && body["detail"].is_string(),
            "{self:?}"
        );
        assert_eq!(body["errors"].is_array(), self.status == 422, "{self:?}");
        let waits = matches!(self.status, 429 | 503);
        assert_eq!(body["retry_after"].is_u64(), waits, "{self:?}");
        let header = self
            .header("retry-after")
            .and_then(|s| s.parse::<u64>().ok());
        assert_eq!(header, body["retry_after"].as_u64(), "{self:?}");
        let bearer = self
            .header("www-authenticate")
            .is_some_and(|s| s.starts_with("Bearer"));
        assert_eq!(
            bearer,
            code == "unauthenticated" || code == "reauthentication_required",
            "{self:?}"
        );
        if self.status == 405 {
            assert!(self.header("allow").is_some(), "{self:?}");
        }
    }
}
