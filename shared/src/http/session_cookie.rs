//! A refresh token in a cookie that no script can read, for pages that ask for it by `X-Session-Cookie: 1`.
//!
//! Cookies travel with requests that other sites make, so the header, which only a page that CORS lets through can set,
//! says that the request means it; `Origin` and `Sec-Fetch-Site` are looked at as well. Sources: RFC 6265bis (the
//! prefix `__Host-`), the Fetch Metadata specification, OWASP's page on cross-site request forgery.

use std::sync::Arc;

use axum::extract::OptionalFromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::ExposeSecret;
use url::Url;

use crate::Error;
use crate::config::{OwnOrigins, Public};
use crate::keyring::token_pair::TokenPair;

/// The header by which a page asks for the cookie.
pub(super) const ASKED: &str = "x-session-cookie";

/// Which pages may keep their session in the cookie, and what it is called.
#[derive(Debug)]
pub(super) struct CookiePolicy {
    own: OwnOrigins,
    listed: Vec<String>,
    name: String,
    secure: bool,
}

impl CookiePolicy {
    pub(super) fn new(public: &Public) -> Self {
        // Plain http is taken on loopback alone, where cookies know no port and browsers want no `Secure`.
        let plain = Url::parse(&public.url)
            .ok()
            .filter(|url| url.scheme() == "http");
        let name = match &plain {
            Some(url) => format!(
                "latchkey-refresh-{}",
                url.port_or_known_default().unwrap_or(80)
            ),
            None => "__Host-latchkey-refresh".to_owned(),
        };
        Self {
            own: public.own_origins(),
            listed: public.cors_origins.clone(),
            secure: plain.is_none(),
            name,
        }
    }

    /// Whether the request comes from a page that may use the cookie. Programs that are no browser send neither header.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let is_cross_site = headers
            .get_all("sec-fetch-site")
            .iter()
            .any(|site| site == "cross-site");
        let admitted = |origin: &HeaderValue| {
            origin.to_str().is_ok_and(|origin| {
                self.own.include(origin) || self.listed.iter().any(|one| one == origin)
            })
        };
        !is_cross_site && headers.get_all(header::ORIGIN).iter().all(admitted)
    }

    /// The values of all cookies of the name.
    fn values(&self, headers: &HeaderMap) -> Vec<String> {
        let lines = headers.get_all(header::COOKIE).iter();
        lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim_matches([' ', '\t']).split_once('='))
            .filter(|(name, _)| *name == self.name)
            .map(|(_, value)| value.to_owned())
            .collect()
    }

    fn cookie(&self, value: &str, max_age: i64) -> (HeaderName, HeaderValue) {
        let secure = if self.secure { " Secure;" } else { "" };
        let cookie = format!(
            "{}={value}; Path=/;{secure} HttpOnly; SameSite=Lax; Max-Age={max_age}",
            self.name
        );
        let cookie = HeaderValue::try_from(cookie);
        // Tokens and names of ours are visible ASCII.
        (
            header::SET_COOKIE,
            cookie.unwrap_or_else(|_| HeaderValue::from_static("")),
        )
    }
}

/// A page that keeps its refresh token in the cookie; as an optional extractor it is `None` where the request does not
/// ask for it.
///
/// # Errors
/// 422 for another value of the header than `1`; 403 `forbidden` for a page of another site, before anything is used up.
#[derive(Debug)]
pub struct SessionCookie {
    policy: Arc<CookiePolicy>,
    values: Vec<String>,
}

impl SessionCookie {
    /// The refresh token, if the browser sent exactly one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match self.values.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether the browser sent any.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        !self.values.is_empty()
    }

    /// Moves the refresh token out of an answer's body: the header `Set-Cookie` that carries it.
    #[must_use]
    pub fn carry(&self, tokens: &mut TokenPair) -> [(HeaderName, HeaderValue); 1] {
        let (token, max_age) = tokens.take_refresh();
        [self.policy.cookie(token.expose_secret(), max_age)]
    }

    /// The header `Set-Cookie` that takes the cookie away.
    #[must_use]
    pub fn clear(&self) -> [(HeaderName, HeaderValue); 1] {
        [self.policy.cookie("", 0)]
    }
}

/// The header has another value than `1`, or stands twice.
#[must_use]
pub fn wrong_header() -> Error {
    Error::field(
        "/X-Session-Cookie",
        "invalid_header",
        "Expected the header once with the value 1, or no such header.",
    )
}

impl<S: Sync> OptionalFromRequestParts<S> for SessionCookie {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        let mut asked = parts.headers.get_all(ASKED).iter();
        let Some(value) = asked.next() else {
            return Ok(None);
        };
        if value != "1" || asked.next().is_some() {
            return Err(wrong_header());
        }
        let policy = parts.extensions.get::<Arc<CookiePolicy>>().cloned();
        let policy = policy.ok_or_else(|| Error::internal("a route without the layer"))?;
        if !policy.admits(&parts.headers) {
            return Err(Error::ForeignPage);
        }
        Ok(Some(Self {
            values: policy.values(&parts.headers),
            policy,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use rstest::rstest;

    const LISTED: &str = "https://app.example.com";

    fn policy(url: &str) -> Arc<CookiePolicy> {
        let own = OwnOrigins::of(url);
        let plain = url.starts_with("http://");
        Arc::new(CookiePolicy {
            own,
            listed: vec![LISTED.to_owned()],
            name: if plain {
                "latchkey-refresh-3000"
            } else {
                "__Host-latchkey-refresh"
            }
            .to_owned(),
            secure: !plain,
        })
    }

    async fn asked(
        headers: &[(&'static str, &'static str)],
    ) -> Result<Option<SessionCookie>, Error> {
        let mut request = Request::new(()).into_parts().0;
        request.extensions.insert(policy("https://id.example.com"));
        for (name, value) in headers {
            request
                .headers
                .append(*name, HeaderValue::from_static(value));
        }
        <SessionCookie as OptionalFromRequestParts<()>>::from_request_parts(&mut request, &()).await
    }

    #[rstest]
    #[case::no_browser(&[])]
    #[case::our_page(&[("origin", "https://id.example.com"), ("sec-fetch-site", "same-origin")])]
    #[case::a_listed_page(&[("origin", LISTED), ("sec-fetch-site", "same-site")])]
    #[case::by_the_address_bar(&[("sec-fetch-site", "none")])]
    #[tokio::test]
    async fn session_cookie_is_for_pages_of_ours(#[case] headers: &[(&'static str, &'static str)]) {
        let headers = [headers, &[(ASKED, "1")]].concat();
        assert!(asked(&headers).await.unwrap().is_some());
    }

    #[rstest]
    #[case::another_site(&[("sec-fetch-site", "cross-site")])]
    #[case::a_listed_page_of_another_site(&[("origin", LISTED), ("sec-fetch-site", "cross-site")])]
    #[case::a_page_that_is_not_listed(&[("origin", "https://evil.example")])]
    #[case::an_opaque_origin(&[("origin", "null")])]
    #[case::another_port(&[("origin", "https://id.example.com:8443")])]
    #[case::two_origins(&[("origin", LISTED), ("origin", "https://evil.example")])]
    #[case::joined_origins(&[("origin", "https://app.example.com,https://evil.example")])]
    #[tokio::test]
    async fn session_cookie_is_refused_to_other_pages(
        #[case] headers: &[(&'static str, &'static str)],
    ) {
        let headers = [headers, &[(ASKED, "1")]].concat();
        assert!(matches!(asked(&headers).await, Err(Error::ForeignPage)));
        assert!(
            asked(&headers[..headers.len() - 1])
                .await
                .unwrap()
                .is_none()
        );
    }

    #[rstest]
    #[case(&[(ASKED, "")])]
    #[case(&[(ASKED, "true")])]
    #[case(&[(ASKED, "1, 1")])]
    #[case(&[(ASKED, "1"), (ASKED, "1")])]
    #[tokio::test]
    async fn session_cookie_is_asked_for_by_one_1(
        #[case] headers: &[(&'static str, &'static str)],
    ) {
        assert!(matches!(asked(headers).await, Err(Error::Invalid(_))));
    }

    #[rstest]
    #[case("__Host-latchkey-refresh=rt_a", Some("rt_a"))]
    #[case("a=b; __Host-latchkey-refresh=rt_a;c=d", Some("rt_a"))]
    #[case("__Host-latchkey-refresh=", Some(""))]
    #[case("__host-latchkey-refresh=rt_a", None)]
    #[case("latchkey-refresh=rt_a", None)]
    #[case("__Host-latchkey-refresh", None)]
    #[case("__Host-latchkey-refresh=rt_a; __Host-latchkey-refresh=rt_b", None)]
    #[case("__Host-latchkey-refresh=rt_a; __Host-latchkey-refresh=rt_a", None)]
    #[tokio::test]
    async fn session_cookie_counts_if_it_is_the_only_one_of_its_name(
        #[case] line: &'static str,
        #[case] token: Option<&str>,
    ) {
        let cookie = asked(&[(ASKED, "1"), ("cookie", line)]).await.unwrap();
        assert_eq!(cookie.unwrap().token(), token);
    }

    #[test]
    fn session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let text = |policy: &CookiePolicy, value, age| {
            policy.cookie(value, age).1.to_str().unwrap().to_owned()
        };
        assert_eq!(
            text(&policy("https://id.example.com"), "rt_a", 60),
            "__Host-latchkey-refresh=rt_a; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60"
        );
        assert_eq!(
            text(&policy("http://localhost:3000"), "", 0),
            "latchkey-refresh-3000=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}
