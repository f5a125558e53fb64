//! Where the sign-in page may lead back to. The page's script parses the address, as browsers do, and compares its origin
//! with what is said here.

use shared::config::{OwnOrigins, Public, is_on_loopback};
use shared::domain::site::is_same_site;
use url::Url;

/// The origins that `return_to` may have beside the page's own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origins {
    /// Our own, and those of `CORS_ORIGINS` on our site, with a space between two.
    pub(crate) named: String,
    /// Our own where it is on this machine: then every name of the machine at its port is ours.
    pub(crate) loopback: Option<String>,
}

impl Origins {
    pub(crate) fn of(public: &Public) -> Self {
        let Ok(own) = Url::parse(&public.url) else {
            return Self {
                named: String::new(),
                loopback: None,
            };
        };
        let origin = own.origin().ascii_serialization();
        let ours = OwnOrigins::of(&public.url);
        let mut named = vec![origin.clone()];
        for listed in &public.cors_origins {
            let is_ours = Url::parse(listed).is_ok_and(|url| is_same_site(&own, &url));
            if is_ours && !ours.include(listed) && !named.contains(listed) {
                named.push(listed.clone());
            }
        }
        Self {
            named: named.join(" "),
            loopback: is_on_loopback(&own).then_some(origin),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use shared::config::Edge;

    use super::*;

    fn origins(url: &str, listed: &[&str]) -> Origins {
        Origins::of(&Public {
            url: url.to_owned(),
            service_name: "Acme".to_owned(),
            service_domain: "example.com".to_owned(),
            cors_origins: listed.iter().map(|&origin| origin.to_owned()).collect(),
            has_pages: true,
            edge: Edge::Off,
        })
    }

    #[rstest]
    #[case("https://id.example.com", &[], "https://id.example.com")]
    #[case(
        "https://id.example.com",
        &["https://app.example.com", "https://example.com:8443", "https://id.example.com", "https://app.example.com"],
        "https://id.example.com https://app.example.com https://example.com:8443"
    )]
    #[case(
        "https://id.example.com",
        &["https://evil.example", "http://app.example.com", "https://example.com.evil.example", "https://192.0.2.1"],
        "https://id.example.com"
    )]
    #[case("https://x.github.io", &["https://github.io", "https://y.github.io"], "https://x.github.io")]
    #[case("https://github.io", &["https://x.github.io", "https://github.io:8443"], "https://github.io https://github.io:8443")]
    #[case("https://id.xn--bcher-kva.de", &["https://xn--bcher-kva.de"], "https://id.xn--bcher-kva.de https://xn--bcher-kva.de")]
    fn return_to_names_our_origin_and_those_of_our_site(
        #[case] url: &str,
        #[case] listed: &[&str],
        #[case] named: &str,
    ) {
        let origins = origins(url, listed);
        assert_eq!(origins.named, named);
        assert_eq!(origins.loopback, None);
    }

    #[test]
    fn return_to_on_this_machine_goes_by_the_host() {
        let listed = [
            "http://localhost:5173",
            "http://127.0.0.1:5173",
            "http://127.0.0.1:3000",
        ];
        let origins = origins("http://localhost:3000", &listed);
        assert_eq!(origins.named, "http://localhost:3000 http://localhost:5173");
        assert_eq!(origins.loopback.as_deref(), Some("http://localhost:3000"));
    }
}
