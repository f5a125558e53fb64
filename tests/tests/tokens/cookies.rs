//! The refresh token in a cookie: who may use it, where it travels, when it is taken away.

use futures_util::future::join_all;
use local::Options;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::visitor::{Answer, House, answer};

const REFRESH: &str = "/api/auth/token/refresh/";
const REVOKE: &str = "/api/auth/token/revoke/";
const VERIFY: &str = "/api/auth/otp/verify/";
const LISTED: &str = "https://app.example.com";

/// A browser at a page of the service, with the cookies that it was given.
struct Browser<'a> {
    house: &'a House,
    cookie: Option<String>,
}

impl<'a> Browser<'a> {
    fn at(house: &'a House) -> Self {
        Self {
            house,
            cookie: None,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .house
            .request(method, path)
            .header("x-session-cookie", "1");
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    /// Sends, and keeps what the answer sets.
    async fn send(&mut self, request: RequestBuilder) -> Answer {
        let answer = answer(request).await;
        if let Some(set) = set_cookie(&answer) {
            let (pair, attributes) = set.split_once("; ").unwrap();
            let gone = attributes.ends_with("Max-Age=0");
            self.cookie = (!gone).then(|| pair.to_owned());
        }
        answer
    }

    async fn sign_in(&mut self, email: &str) -> Answer {
        self.house.wait(11).await;
        let wish = json!({ "identifier": email });
        let asked = self.house.post("/api/auth/otp/request/", &wish).await;
        assert_eq!(asked.status, 200, "{asked:?}");
        let body = json!({"identifier": email, "otp_code": self.house.code(email).await});
        let answer = self
            .send(self.request(Method::POST, VERIFY).json(&body))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    async fn refresh(&mut self) -> Answer {
        self.send(self.request(Method::POST, REFRESH)).await
    }
}

/// The access token that a sign-in gives.
fn access_of(entered: &Answer) -> String {
    let access = &entered.body["tokens"]["access"];
    access.as_str().unwrap().to_owned()
}

fn set_cookie(answer: &Answer) -> Option<&str> {
    let mut all = answer.headers.get_all("set-cookie").iter();
    let only = all.next().map(|value| value.to_str().unwrap());
    assert!(all.next().is_none(), "{answer:?}");
    only
}

fn is_clearing(answer: &Answer) -> bool {
    set_cookie(answer).is_some_and(|set| set.contains("=; ") && set.ends_with("Max-Age=0"))
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_carries_the_refresh_token_and_nothing_else_does() {
    let house = House::open().await;
    let mut browser = Browser::at(&house);
    let entered = browser.sign_in("jane@example.com").await;
    assert_eq!(entered.body["tokens"].get("refresh"), None, "{entered:?}");
    assert!(entered.body["tokens"]["access"].is_string());
    let url = house.cloud.url();
    let port = url.rsplit_once(':').unwrap().1;
    let set = set_cookie(&entered).unwrap();
    assert!(
        set.starts_with(&format!("latchkey-refresh-{port}=rt_"))
            && set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000"),
        "{set}"
    );
    house.wait(100).await;
    let before = browser.cookie.clone();
    let refreshed = browser.refresh().await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert_eq!(refreshed.body.get("refresh"), None);
    assert!(house.is_active(&refreshed.text("access")).await);
    assert_ne!(browser.cookie, before, "it rotates");
    let max_age = set_cookie(&refreshed).unwrap().rsplit_once('=').unwrap().1;
    assert_eq!(
        max_age,
        refreshed.body["refresh_expires_in"].to_string(),
        "the cookie lasts as long as the session"
    );

    // Without the header the cookie is not read, and none is set.
    let cookie = browser.cookie.clone().unwrap();
    let plain = house
        .request(Method::POST, REFRESH)
        .header("cookie", &cookie);
    let plain = answer(plain.json(&json!({}))).await;
    assert_eq!(plain.code(), (422, "invalid_request"));
    let held = house.sign_in("joe@example.com").await;
    let plain = house.refresh(&held.refresh).await;
    assert_eq!((plain.status, set_cookie(&plain)), (200, None));
}

const FORBIDDEN: (u16, &str) = (403, "forbidden");
const INVALID: (u16, &str) = (422, "invalid_request");

/// One way to ask: the header, `Origin`, `Sec-Fetch-Site`, and what a browser with the cookie and an empty body gets.
struct Row<'a> {
    header: Option<&'a str>,
    origin: Option<&'a str>,
    site: Option<&'a str>,
    expected: (u16, &'static str),
}

fn row<'a>(
    header: impl Into<Option<&'a str>>,
    origin: impl Into<Option<&'a str>>,
    site: impl Into<Option<&'a str>>,
    expected: (u16, &'static str),
) -> Row<'a> {
    Row {
        header: header.into(),
        origin: origin.into(),
        site: site.into(),
        expected,
    }
}

impl Row<'_> {
    /// What this page gets with or without the cookie, and with this body.
    fn with(&self, cookie: bool, body: Option<&Value>) -> (u16, &'static str) {
        let has_token = body.is_some_and(|body| body.get("refresh").is_some());
        match (self.header, body, self.expected) {
            (None, None, _) => (400, "malformed_request"),
            (None, Some(_), _) if has_token => (401, "refresh_invalid"),
            (_, _, (200, _)) if has_token => INVALID,
            (_, _, (200, _)) if !cookie => (401, "refresh_invalid"),
            (_, _, expected) => expected,
        }
    }

    fn request(&self, house: &House, cookie: Option<&str>, body: Option<&Value>) -> RequestBuilder {
        let headers = [
            ("x-session-cookie", self.header),
            ("origin", self.origin),
            ("sec-fetch-site", self.site),
            ("cookie", cookie),
        ];
        let given = headers
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let request = given.fold(
            house.request(Method::POST, REFRESH),
            |request, (name, value)| request.header(name, value),
        );
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

/// header × `Origin` × `Sec-Fetch-Site` × cookie × body, at each route that takes the header.
#[tokio::test(flavor = "multi_thread")]
async fn cookie_is_for_pages_of_this_site() {
    let house = House::with(Options::memory().set("CORS_ORIGINS", LISTED)).await;
    let mut browser = Browser::at(&house);
    browser.sign_in("jane@example.com").await;
    let cookie = browser.cookie.clone().unwrap();
    let own = house.cloud.url();
    let (own, loopback) = (own.as_str(), own.replace("localhost", "127.0.0.1"));
    let evil = "https://evil.example";
    let rows = [
        row("1", None, None, (200, "")),
        row("1", own, "same-origin", (200, "")),
        row("1", loopback.as_str(), "same-site", (200, "")),
        row("1", LISTED, "same-site", (200, "")),
        row("1", None, "none", (200, "")),
        row("1", LISTED, "cross-site", FORBIDDEN),
        row("1", own, "cross-site", FORBIDDEN),
        row("1", None, "cross-site", FORBIDDEN),
        row("1", evil, None, FORBIDDEN),
        row("1", evil, "same-site", FORBIDDEN),
        row("1", "https://app.example.com.evil.example", None, FORBIDDEN),
        row("1", "null", "same-origin", FORBIDDEN),
        row("0", own, "same-origin", INVALID),
        row("", None, None, INVALID),
        row(None, evil, "cross-site", INVALID),
    ];
    let bodies = [None, Some(json!({})), Some(json!({"refresh": "rt_x"}))];
    for row in rows {
        for cookie in [Some(cookie.as_str()), None] {
            for body in &bodies {
                let expected = row.with(cookie.is_some(), body.as_ref());
                let answer = answer(row.request(&house, cookie, body.as_ref())).await;
                let about = format!("{:?} {:?} {:?} {body:?}", row.header, row.origin, row.site);
                assert_eq!(answer.code(), expected, "{about}: {answer:?}");
                if expected == FORBIDDEN {
                    assert!(answer.text("detail").contains("session cookie"), "{about}");
                    assert_eq!(set_cookie(&answer), None, "{about}");
                }
            }
        }
    }
    for path in [REVOKE, VERIFY] {
        let request = browser.request(Method::POST, path).header("origin", evil);
        let answer = answer(request.json(&json!({}))).await;
        assert_eq!(answer.code(), FORBIDDEN, "{path}");
    }
    let last = browser.refresh().await;
    assert_eq!(last.status, 200, "nothing was used up: {last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_of_a_refused_page_leaves_the_code_unused() {
    let house = House::open().await;
    let mut browser = Browser::at(&house);
    let wish = json!({"identifier": "jane@example.com"});
    let asked = house.post("/api/auth/otp/request/", &wish).await;
    assert_eq!(asked.status, 200, "{asked:?}");
    let body =
        json!({"identifier": "jane@example.com", "otp_code": house.code("jane@example.com").await});
    for _ in 0..5 {
        let request = browser.request(Method::POST, VERIFY).json(&body);
        let refused = answer(request.header("sec-fetch-site", "cross-site")).await;
        assert_eq!(refused.code(), (403, "forbidden"));
    }
    let entered = browser
        .send(browser.request(Method::POST, VERIFY).json(&body))
        .await;
    assert_eq!(entered.status, 200, "{entered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_of_sixty_tabs_is_refreshed_to_one() {
    let house = House::with(Options::memory().set("REFRESH_GRACE_SECONDS", "60")).await;
    let mut browser = Browser::at(&house);
    browser.sign_in("jane@example.com").await;
    let tabs = (0..60).map(|_| answer(browser.request(Method::POST, REFRESH)));
    let answers = join_all(tabs).await;
    let mut kept: Vec<_> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 200, "{answer:?}");
            set_cookie(answer).unwrap().split(';').next().unwrap()
        })
        .collect();
    kept.dedup();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_is_cleared_where_its_session_is_over_and_nowhere_else() {
    let house = House::open().await;
    let mut browser = Browser::at(&house);
    browser.sign_in("jane@example.com").await;
    let cookie = browser.cookie.clone().unwrap();

    // What is wrong for another reason leaves it.
    let wrong = browser
        .request(Method::POST, REFRESH)
        .json(&json!({"x": 1}));
    let wrong = answer(wrong).await;
    assert_eq!((wrong.status, set_cookie(&wrong)), (422, None));
    house
        .breaks(&json!({"service": "dynamodb", "operation": "UpdateItem", "fault": "error", "times": 20}))
        .await;
    let down = answer(browser.request(Method::POST, REFRESH)).await;
    assert_eq!((down.status, set_cookie(&down)), (503, None));
    answer(house.request(Method::DELETE, "/_local/faults")).await;
    let none = answer(
        house
            .request(Method::POST, REFRESH)
            .header("x-session-cookie", "1"),
    )
    .await;
    assert_eq!(
        (none.code(), set_cookie(&none)),
        ((401, "refresh_invalid"), None)
    );

    let twice = format!("{cookie}; {cookie}");
    for bad in ["latchkey-refresh-1=rt_x", twice.as_str()] {
        let request = house.request(Method::POST, REFRESH);
        let request = request
            .header("x-session-cookie", "1")
            .header("cookie", bad);
        assert_eq!(
            answer(request).await.code(),
            (401, "refresh_invalid"),
            "{bad}"
        );
    }

    let out = browser.send(browser.request(Method::POST, REVOKE)).await;
    assert!(out.status == 204 && is_clearing(&out), "{out:?}");
    browser.cookie = Some(cookie);
    let over = browser.refresh().await;
    assert!(
        over.code() == (401, "refresh_invalid") && is_clearing(&over),
        "{over:?}"
    );
    assert_eq!(browser.cookie, None);
    let again = browser.send(browser.request(Method::POST, REVOKE)).await;
    assert_eq!(again.status, 204, "there is nothing left to revoke");
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_goes_with_its_session_where_the_person_ends_it() {
    let house = House::open().await;
    let mut browser = Browser::at(&house);
    let entered = browser.sign_in("jane@example.com").await;
    let access = access_of(&entered);
    let other = house.sign_in("jane@example.com").await;
    let sessions = house.get("/api/auth/sessions/", &access).await;
    let id = |current: bool| {
        let all: &Vec<Value> = sessions.body["results"].as_array().unwrap();
        let one = all.iter().find(|one| one["current"] == current).unwrap();
        format!("/api/auth/sessions/{}/", one["id"].as_str().unwrap())
    };
    let ended = browser
        .request(Method::DELETE, &id(false))
        .bearer_auth(&access);
    let ended = answer(ended).await;
    assert_eq!((ended.status, set_cookie(&ended)), (204, None));
    assert!(!house.is_active(&other.access).await);

    let foreign = browser.request(Method::DELETE, &id(true));
    let foreign = foreign.header("sec-fetch-site", "cross-site");
    assert_eq!(answer(foreign).await.code(), (401, "unauthenticated"));
    let foreign = browser
        .request(Method::DELETE, &id(true))
        .bearer_auth(&access);
    let foreign = foreign.header("sec-fetch-site", "cross-site");
    assert_eq!(answer(foreign).await.code(), (403, "forbidden"));
    let ended = browser
        .request(Method::DELETE, &id(true))
        .bearer_auth(&access);
    let ended = browser.send(ended).await;
    assert!(ended.status == 204 && is_clearing(&ended), "{ended:?}");
    assert!(!house.is_active(&access).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_goes_with_a_request_to_be_erased() {
    let house = House::open().await;
    let mut browser = Browser::at(&house);
    let entered = browser.sign_in("jane@example.com").await;
    let access = access_of(&entered);
    let wish = browser
        .request(Method::DELETE, "/api/profile/")
        .bearer_auth(&access);
    let foreign = wish.try_clone().unwrap().header("origin", "null");
    assert_eq!(answer(foreign).await.code(), (403, "forbidden"));
    assert!(house.is_active(&access).await);
    let asked = browser.send(wish).await;
    assert!(asked.status == 202 && is_clearing(&asked), "{asked:?}");
    assert!(!house.is_active(&access).await, "the session ends with it");
    // Signing in again is the way to stay.
    let back = browser.sign_in("jane@example.com").await;
    let access = access_of(&back);
    let restore = house.request(Method::POST, "/api/profile/restore/");
    assert_eq!(answer(restore.bearer_auth(&access)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_of_a_session_ends_it_at_the_next_sign_in() {
    let house = House::open().await;
    let mut browser = Browser::at(&house);
    for (before, after) in [
        ("jane@example.com", "jane@example.com"),
        ("jane@example.com", "joe@example.com"),
    ] {
        let first = browser.sign_in(before).await;
        let first = access_of(&first);
        assert!(house.is_active(&first).await);
        let second = browser.sign_in(after).await;
        let second = access_of(&second);
        assert!(house.is_active(&second).await, "{after}");
        assert!(!house.is_active(&first).await, "{before} before {after}");
    }
    // One that is over already, or was never ours, changes nothing.
    for stale in ["rt_x", ""] {
        let name = browser.cookie.take().unwrap();
        let name = name.split('=').next().unwrap().to_owned();
        browser.cookie = Some(format!("{name}={stale}"));
        browser.sign_in("jane@example.com").await;
        assert_eq!(browser.refresh().await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_is_let_through_by_cors_for_listed_origins() {
    let house = House::with(Options::memory().set("CORS_ORIGINS", LISTED)).await;
    for (origin, allowed) in [(LISTED, Some("true")), ("https://evil.example", None)] {
        let preflight = house
            .request(Method::OPTIONS, REFRESH)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-session-cookie");
        let refused = house
            .request(Method::POST, REFRESH)
            .header("origin", origin);
        for answer in [answer(preflight).await, answer(refused).await] {
            let said = answer.headers.get("access-control-allow-credentials");
            assert_eq!(
                said.map(|value| value.to_str().unwrap()),
                allowed,
                "{answer:?}"
            );
        }
    }
}
