//! Who is let in to the development API: programs of this machine, and pages that it served itself.
//!
//! The development API reads codes and moves the clock, and any page that somebody has open can send requests to this
//! machine. A page elsewhere can have its own name point here and read what it likes (DNS rebinding): then `Host` is
//! that name. Or it posts across, without reading the answer: then `Origin` is its own. A front end under development
//! on another port is another origin, and is refused as well: the API knows it by `CORS_ORIGINS`, the development API
//! would let every page on that port read everybody's codes. Its tests call from outside the browser, or through its
//! own proxy.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use shared::config::OwnOrigins;
use url::Url;

use super::{DevApi, Wrong};
use crate::here::is_here;

/// Lets a request in, or refuses it with a sentence.
pub(super) async fn keep(
    State(dev_api): State<Arc<DevApi>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    // Pictures are what a CDN shows to everybody.
    let is_api = path == "/_local" || path.starts_with("/_local/");
    let is_guarded = is_api && !path.starts_with("/_local/avatars/");
    match refusal(request.headers(), &dev_api.gateway.public_url) {
        Some(sentence) if is_guarded => {
            Wrong(StatusCode::FORBIDDEN, sentence.to_owned()).into_response()
        }
        _ => next.run(request).await,
    }
}

fn refusal(headers: &HeaderMap, public_url: &str) -> Option<&'static str> {
    let public = Url::parse(public_url).ok();
    let host = headers.get(header::HOST).map(text);
    // No browser leaves it out.
    if host.is_some_and(|host| !is_ours(host, public.as_ref())) {
        return Some(
            "Host: the development API answers to localhost and to the host of PUBLIC_URL only",
        );
    }
    let own = OwnOrigins::of(public_url);
    let mut origins = headers.get_all(header::ORIGIN).iter().map(text);
    let is_own = |origin: &str| {
        let rest = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        let same = rest
            .zip(host)
            .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        same || own.include(origin)
    };
    let sentence =
        "Origin: the development API takes nothing from pages that it did not serve itself";
    (!origins.all(is_own)).then_some(sentence)
}

fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

/// Whether a `Host` is this machine, or the configured one.
fn is_ours(host: &str, public: Option<&Url>) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host().to_ascii_lowercase();
    is_here(host) || public.and_then(Url::host_str) == Some(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_let_in(host: Option<&str>, origins: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(header::HOST, host.parse().unwrap());
        }
        for origin in origins {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        refusal(&headers, "https://id.example.com").is_none()
    }

    #[test]
    fn a_program_and_our_own_pages_are_let_in() {
        assert!(is_let_in(None, &[]));
        assert!(is_let_in(Some("[::1]:3000"), &["http://[::1]:3000"]));
        assert!(is_let_in(
            Some("ID.example.com"),
            &["https://id.example.com"]
        ));
        // A proxy before us that names us by our address.
        assert!(is_let_in(
            Some("127.0.0.1:3000"),
            &["https://id.example.com"]
        ));
    }

    #[test]
    fn other_hosts_and_other_origins_are_not() {
        for host in [
            "",
            "localhost.",
            "localhost.evil.example",
            "evil.example:3000",
            "127.0.0.1.evil.example",
            "0.0.0.0:3000",
            "128.0.0.1",
            "2130706433",
            "[::2]",
            "a b",
        ] {
            assert!(!is_let_in(Some(host), &[]), "{host}");
        }
        for origin in [
            "",
            "null",
            "http://localhost:3001",
            "http://localhost:3000.evil.example",
            "ftp://localhost:3000",
            "localhost:3000",
            "https://id.example.com.evil.example",
        ] {
            assert!(!is_let_in(Some("localhost:3000"), &[origin]), "{origin}");
        }
        let both = ["http://localhost:3000", "https://evil.example"];
        assert!(!is_let_in(Some("localhost:3000"), &both));
        assert!(!is_let_in(None, &["https://evil.example"]));
    }
}
