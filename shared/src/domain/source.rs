//! Where a person came from: the origin of the page that asked for a code.

use url::Url;

use super::InvalidValue;

/// The most characters that a source URL may have.
pub const MAX_CHARS: usize = 2_048;

/// The most octets of a host name, and of one label of it.
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

/// The origin of a source URL (RFC 6454 section 6.2): scheme, host and a port that is not the scheme's own, in
/// lower-case ASCII, like `https://dashboard.example.com`.
///
/// Path, query and fragment are dropped at once: they may hold private data. The URL is never fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceOrigin(String);

impl SourceOrigin {
    /// Reads a URL, or an origin as [`Self::as_str`] writes it.
    ///
    /// # Errors
    /// `too_long` above 2,048 characters. `invalid_url` for anything but http or https with a host of at most 253
    /// octets, 1 to 63 a label, and without credentials.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text.chars().count() > MAX_CHARS {
            return Err(InvalidValue::new(
                "too_long",
                "Expected at most 2048 characters.",
            ));
        }
        origin(text).map(Self).ok_or_else(|| {
            InvalidValue::new(
                "invalid_url",
                "Expected an http or https URL with a host and without credentials.",
            )
        })
    }

    /// The origin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What to call it: the host, without scheme and port.
    #[must_use]
    pub fn name(&self) -> &str {
        let authority = self
            .0
            .split_once("://")
            .map_or(self.0.as_str(), |(_, rest)| rest);
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        }
    }
}

fn origin(text: &str) -> Option<String> {
    // The URL standard repairs much: it drops control characters, turns backslashes into slashes and adds missing
    // ones. A page that reports its own address needs no repairs.
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return None;
    }
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if !is_web || authority.is_empty() || authority.contains('@') {
        return None;
    }
    let mut url = Url::parse(text).ok()?;
    // A name with the root's dot is the same name (RFC 1034 section 3.1).
    if let Some(name) = url.domain().and_then(|name| name.strip_suffix('.')) {
        let name = name.to_owned();
        url.set_host(Some(&name)).ok()?;
    }
    let host = url.host_str()?;
    // RFC 1035 section 2.3.4. The origin is part of a key, which is no longer than 1,024 bytes.
    let is_label = |label: &str| (1..=MAX_LABEL).contains(&label.len());
    let is_name = host.len() <= MAX_HOST && host.split('.').all(is_label);
    is_name.then(|| url.origin().ascii_serialization().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_url_becomes_its_origin() {
        for (url, origin, name) in [
            (
                "https://dashboard.example.com/x?y#z",
                "https://dashboard.example.com",
                "dashboard.example.com",
            ),
            (
                "HTTPS://Dashboard.Example.COM:443/",
                "https://dashboard.example.com",
                "dashboard.example.com",
            ),
            (
                "http://localhost:3000",
                "http://localhost:3000",
                "localhost",
            ),
            (
                "http://example.com:80?a=b@c",
                "http://example.com",
                "example.com",
            ),
            (
                "https://bücher.example/",
                "https://xn--bcher-kva.example",
                "xn--bcher-kva.example",
            ),
            (
                "http://10.0.0.1:8080/admin",
                "http://10.0.0.1:8080",
                "10.0.0.1",
            ),
            ("http://[::1]/", "http://[::1]", "[::1]"),
            (
                "https://app.example.com.:8443/x",
                "https://app.example.com:8443",
                "app.example.com",
            ),
            (
                "http://[2001:DB8::1]:8443/",
                "http://[2001:db8::1]:8443",
                "[2001:db8::1]",
            ),
        ] {
            let source = SourceOrigin::parse(url).unwrap();
            assert_eq!((source.as_str(), source.name()), (origin, name), "{url}");
        }
    }

    /// THREATS E11.
    #[test]
    fn hostile_urls_are_no_source() {
        for url in [
            "",
            "example.com",
            "//example.com",
            "/x",
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "file:///etc/passwd",
            "ftp://example.com",
            "data:text/html,x",
            "ws://example.com",
            "about:blank",
            "blob:https://example.com/x",
            "https://",
            "https:///x",
            "https://?x",
            "http:example.com",
            "http:/example.com",
            "http:\\\\example.com",
            "https://user:secret@example.com",
            "https://user@example.com",
            "https://@example.com",
            "https://example.com\\@evil.example",
            " https://example.com",
            "https://example.com ",
            "https://exa\tmple.com",
            "https://example.com/\r\nX: y",
            "https://example.com/\0",
            "https://exa mple.com",
            "https://exa%20mple.com",
            "https://example.com:99999",
            "https://:80",
            "https://[::1",
            "https://xn--a.example",
            "http://..",
            "https://a..example",
            "https://.example.com",
            "java\nscript://a",
        ] {
            assert_eq!(
                SourceOrigin::parse(url).unwrap_err().code,
                "invalid_url",
                "{url:?}"
            );
        }
    }

    #[test]
    fn a_host_is_no_longer_than_names_are() {
        let labels = |n: usize, rest: &str| format!("https://{}{rest}", "a.".repeat(n));
        let label = |n: usize| format!("https://{}.example/", "a".repeat(n));
        for (url, taken) in [
            (labels(125, "com/"), true),
            (labels(125, "coms/"), false),
            (label(63), true),
            (label(64), false),
        ] {
            assert_eq!(SourceOrigin::parse(&url).is_ok(), taken, "{url}");
        }
    }

    #[test]
    fn at_most_2048_characters() {
        let url = |n: usize| format!("https://example.com/{}", "ü".repeat(n - 20));
        assert!(SourceOrigin::parse(&url(2_048)).is_ok());
        assert_eq!(
            SourceOrigin::parse(&url(2_049)).unwrap_err().code,
            "too_long"
        );
    }

    proptest! {
        #[test]
        fn an_origin_is_its_own_origin(
            text in prop_oneof![any::<String>(), "(http|HTTPS|ftp)://[a-zA-Z0-9.:@ä-]{0,20}[/?#]?[a-z@:]{0,9}"]
        ) {
            if let Ok(source) = SourceOrigin::parse(&text) {
                prop_assert_eq!(SourceOrigin::parse(source.as_str()), Ok(source.clone()));
                prop_assert!(source.as_str().bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()));
                prop_assert!(!source.as_str().contains('@'));
                prop_assert!(!source.name().is_empty());
            }
        }
    }
}
