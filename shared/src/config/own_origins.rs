//! Which web origins are the service's own.

use url::{Host, Url};

/// The origins of `PUBLIC_URL`.
///
/// A loopback host has many names: a browser that reaches `http://localhost:3000` reaches the same service at
/// `http://127.0.0.1:3000` and `http://[::1]:3000`, so every loopback host at its port is ours.
#[derive(Clone, Debug)]
pub struct OwnOrigins {
    public: Option<Url>,
}

impl OwnOrigins {
    /// The origins of this `PUBLIC_URL`; none where it is no URL.
    #[must_use]
    pub fn of(public_url: &str) -> Self {
        let public = Url::parse(public_url).ok();
        Self {
            public: public.filter(|url| url.origin().is_tuple()),
        }
    }

    /// Whether an `Origin` header names one of them. It has to be written as browsers write it.
    #[must_use]
    pub fn include(&self, origin: &str) -> bool {
        let Some((public, other)) = self.public.as_ref().zip(Url::parse(origin).ok()) else {
            return false;
        };
        if other.origin().ascii_serialization() != origin {
            return false;
        }
        let same_port = public.scheme() == other.scheme()
            && public.port_or_known_default() == other.port_or_known_default();
        let same_host = public.host() == other.host();
        same_port && (same_host || (is_on_loopback(public) && is_on_loopback(&other)))
    }
}

/// Whether a URL's host is this machine itself: `localhost` and the names below it (RFC 6761, section 6.3), 127.0.0.0/8
/// and `[::1]`.
#[must_use]
pub fn is_on_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("http://localhost:3000")]
    #[case("http://127.0.0.1:3000")]
    #[case("http://127.3.2.1:3000")]
    #[case("http://[::1]:3000")]
    #[case("http://app.localhost:3000")]
    fn on_loopback_every_loopback_host_at_the_port_is_ours(#[case] origin: &str) {
        for public in [
            "http://localhost:3000",
            "http://127.0.0.1:3000/",
            "http://[::1]:3000",
        ] {
            assert!(OwnOrigins::of(public).include(origin), "{public} {origin}");
        }
        assert!(!OwnOrigins::of("https://id.example.com").include(origin));
        assert!(!OwnOrigins::of("http://localhost").include(origin));
    }

    #[rstest]
    #[case("")]
    #[case("null")]
    #[case("http://localhost")]
    #[case("http://localhost:3001")]
    #[case("https://localhost:3000")]
    #[case("http://localhost:3000/")]
    #[case("http://LOCALHOST:3000")]
    #[case("http://jane@localhost:3000")]
    #[case("http://localhost.evil.example:3000")]
    #[case("http://evillocalhost:3000")]
    #[case("http://192.0.2.1:3000")]
    #[case("http://[2001:db8::1]:3000")]
    #[case("http://2130706433:3000")]
    #[case("data:text/plain,x")]
    fn other_origins_are_not(#[case] origin: &str) {
        assert!(!OwnOrigins::of("http://localhost:3000").include(origin));
    }

    #[test]
    fn a_public_url_elsewhere_has_one_origin() {
        let own = OwnOrigins::of("https://id.example.com");
        assert!(own.include("https://id.example.com"));
        for origin in [
            "https://id.example.com:8443",
            "http://id.example.com",
            "https://example.com",
        ] {
            assert!(!own.include(origin), "{origin}");
        }
        assert!(!OwnOrigins::of("").include("null"));
    }
}
