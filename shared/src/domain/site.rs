//! Which hosts belong to one site, by the Public Suffix List (<https://publicsuffix.org>), its private part included.

use url::{Host, Url};

/// Whether two origins are of the same site, as the HTML standard says it: of one scheme, and of one registrable domain, or
/// of one host where a host has none, as an address or a public suffix has none. `localhost` and the names below it are no
/// suffixes of anything, so on this machine, too, the host decides.
#[must_use]
pub fn is_same_site(a: &Url, b: &Url) -> bool {
    let (Some(one), Some(other)) = (a.host(), b.host()) else {
        return false;
    };
    a.scheme() == b.scheme()
        && match (registrable_domain(&one), registrable_domain(&other)) {
            (Some(one), Some(other)) => one == other,
            (None, None) => one == other,
            _ => false,
        }
}

/// The part of a host that somebody registered: `example.co.uk` of `app.example.co.uk`. `None` for an address, for a public
/// suffix, and for a name of this machine.
fn registrable_domain<'h>(host: &Host<&'h str>) -> Option<&'h str> {
    let Host::Domain(name) = host else {
        return None;
    };
    // With a dot at its end a name is another host for a browser; the list's crate would pass over it.
    let is_rooted = name.ends_with('.');
    if is_rooted || *name == "localhost" || name.ends_with(".localhost") {
        return None;
    }
    psl::domain_str(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let url = |text| Url::parse(text).expect("a URL");
        let (a, b) = (url(a), url(b));
        assert_eq!(is_same_site(&a, &b), is_same_site(&b, &a));
        is_same_site(&a, &b)
    }

    #[rstest]
    #[case("https://id.example.com", "https://app.example.com")]
    #[case("https://id.example.com", "https://example.com:8443")]
    #[case("https://id.example.co.uk", "https://www.example.co.uk")]
    #[case("https://id.bücher.example.de", "https://xn--bcher-kva.example.de")]
    #[case("https://id.食狮.公司.cn", "https://www.食狮.公司.cn")]
    #[case("https://github.io", "https://github.io")]
    #[case("http://localhost:3000", "http://localhost:5173")]
    #[case("http://127.0.0.1:3000", "http://127.0.0.1:5173")]
    #[case("http://[::1]:3000", "http://[::1]:5173")]
    #[case("https://id.one.internal", "https://app.one.internal")]
    fn site_is_the_same(#[case] a: &str, #[case] b: &str) {
        assert!(same(a, b), "{a} {b}");
    }

    #[rstest]
    #[case("https://id.example.com", "https://example.org")]
    #[case("https://id.example.com", "http://app.example.com")]
    #[case("https://id.example.com", "https://example.com.")]
    #[case("https://id.example.com", "https://evilexample.com")]
    #[case("https://id.example.com", "https://example.com.evil.example")]
    #[case("https://one.co.uk", "https://two.co.uk")]
    #[case("https://x.github.io", "https://github.io")]
    #[case("https://x.github.io", "https://y.github.io")]
    #[case(
        "https://a1.execute-api.eu-central-1.amazonaws.com",
        "https://b2.execute-api.eu-central-1.amazonaws.com"
    )]
    #[case("https://d1.cloudfront.net", "https://d2.cloudfront.net")]
    #[case("https://www.食狮.公司.cn", "https://www.食虎.公司.cn")]
    #[case("http://localhost:3000", "http://127.0.0.1:3000")]
    #[case("http://localhost:3000", "http://app.localhost:3000")]
    #[case("http://one.localhost", "http://two.localhost")]
    #[case("http://127.0.0.1", "http://127.0.0.2")]
    #[case("http://192.0.2.1", "http://1.192.0.2")]
    #[case("https://one.internal", "https://two.internal")]
    #[case("data:text/plain,x", "data:text/plain,x")]
    fn site_is_another(#[case] a: &str, #[case] b: &str) {
        assert!(!same(a, b), "{a} {b}");
    }

    proptest! {
        #[test]
        fn site_of_a_registered_name_holds_what_is_below_it_and_nothing_else(
            name in "[a-z][a-z0-9]{2,10}",
            other in "[a-z][a-z0-9]{2,10}",
            below in "[a-z0-9]{1,8}(\\.[a-z0-9]{1,8}){0,2}",
        ) {
            let base = format!("https://{name}.com");
            let is_below = same(&base, &format!("https://{below}.{name}.com"));
            prop_assert!(is_below);
            let beside = same(&base, &format!("https://{below}.{other}.com"));
            prop_assert_eq!(beside, name == other);
            let behind = same(&base, &format!("https://{name}.com.{other}.net"));
            prop_assert!(!behind);
        }
    }
}
